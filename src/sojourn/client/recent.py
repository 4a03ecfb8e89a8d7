"""The hosts and logins that a person used last, at most eight each, and which of them are the current ones, for each
dialect. The defaults of the authenticator stand above it; below it is the profile. Nothing secret is in it, and a
person may edit it: what has no sense there counts as absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sojourn.client import profile
from sojourn.client.cache.paths import Paths
from sojourn.client.user_dialect import same_login

KEPT: Final = 8

_RECENT: Final = "recent"

Made = Callable[[dict[str, Any]], dict[str, Any]]


def hosts(paths: Paths, kind: str) -> tuple[str, ...]:
    """Return the hosts, the last one first."""
    return _texts(_of(profile.load(paths), kind).get("hosts"))


def host(paths: Paths, kind: str) -> str | None:
    """Return the current host."""
    return _text(_of(profile.load(paths), kind).get("host"))


def logins(paths: Paths, kind: str, host: str) -> tuple[str, ...]:
    """Return the logins at `host`, the last one first."""
    return _texts(_mapping(_of(profile.load(paths), kind).get("logins")).get(host))


def login(paths: Paths, kind: str, host: str) -> str | None:
    """Return the current login at `host`."""
    return _text(_mapping(_of(profile.load(paths), kind).get("login")).get(host))


def use_host(paths: Paths, kind: str, host: str) -> None:
    """Make `host` the current one."""

    def made(found: dict[str, Any]) -> dict[str, Any]:
        known = [one for one in _texts(found.get("hosts")) if not same_login(one, host)]
        return {**found, "host": host, "hosts": [host, *known][:KEPT]}

    _change(paths, kind, made)


def use_login(paths: Paths, kind: str, host: str, login: str) -> None:
    """Make `login` the current one at `host`."""
    login = login.strip()

    def made(found: dict[str, Any]) -> dict[str, Any]:
        logins, current = _mapping(found.get("logins")), _mapping(found.get("login"))
        known = [one for one in _texts(logins.get(host)) if not same_login(one, login)]
        return {
            **found,
            "login": {**current, host: login},
            "logins": {**logins, host: [login, *known][:KEPT]},
        }

    _change(paths, kind, made)


def forget_login(paths: Paths, kind: str, host: str) -> None:
    """Make nobody the current one at `host`; who was there last is still known."""

    def made(found: dict[str, Any]) -> dict[str, Any]:
        current = _mapping(found.get("login"))
        return {**found, "login": {name: one for name, one in current.items() if name != host}}

    _change(paths, kind, made)


def _change(paths: Paths, kind: str, made: Made) -> None:
    profile.change(
        paths,
        lambda found: {
            **found,
            _RECENT: {**_mapping(found.get(_RECENT)), kind: made(dict(_of(found, kind)))},
        },
    )


def _of(found: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return _mapping(_mapping(found.get(_RECENT)).get(kind))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else []
    return tuple(one for one in values if isinstance(one, str))[:KEPT]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
