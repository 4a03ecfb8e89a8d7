"""Who a user is, as values: a person by host and login, a program by name and key. Users, their askers and the search
of the store stand above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Who(NamedTuple):
    """Of a user what is no secret but the proxy, which may have a password in it. `login` is None for a script, which
    has a name in `script`; `subject` is the service's own id of a person."""

    kind: str
    host: str
    login: str | None
    subject: str | None = None
    script: str | None = None
    http_proxy: str | None = None

    def __repr__(self) -> str:
        return f"<Who {self.login or self.script} @ {self.host}>"


class Script(NamedTuple):
    """A program's name and key, and what else its dialect was told."""

    name: str
    key: str
    options: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Script {self.name}>"


def who_of(record: Mapping[str, Any]) -> Who:
    """Return whose record it is. Accounts that signed in without an authenticator have no `host` and `login` of their
    own."""
    login = record.get("login") or record.get("username") or record.get("subject")
    host = record.get("host") or record["state"]["issuer"]
    return Who(record["kind"], host, login, record.get("subject"))
