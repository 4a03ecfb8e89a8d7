"""What the Toolkit keeps on this machine, taken over into the sealed store: sites, logins and session tokens of its
`authentication.yml` files. They are only ever read. The command line stands above it; below it are the accounts, the
plugins and the recent hosts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sojourn.client import recent
from sojourn.client.accounts import Accounts
from sojourn.client.dialects.shotgrid import rpc
from sojourn.client.dialects.shotgrid.plugin import same
from sojourn.client.dialects.shotgrid.plugins import Password
from sojourn.client.env.wall_clock import wall_clock
from sojourn.errors import ConfigurationError, IncompleteCredentials, Malformed, StoreError
from sojourn.wire import shotgrid

if TYPE_CHECKING:
    from sojourn.client.account import Account
    from sojourn.client.cache.store import CredentialStore

NAME: Final = "authentication.yml"
HOSTED: Final = ".shotgunstudio.com"
"""What the Toolkit leaves out of a folder's name."""
_LARGEST: Final = 1_048_576


class Kept(NamedTuple):
    """One person of one site; `token` is None where only the login is known."""

    login: str
    token: str | None = None
    session_metadata: str | None = None

    def __repr__(self) -> str:
        return f"<Kept {self.login}>"


class Site(NamedTuple):
    """One site: who is the current user, who was before, and whose sessions are kept."""

    host: str
    current: str | None
    recent: tuple[str, ...]
    users: tuple[Kept, ...]


class Settings(NamedTuple):
    """All that was found; `problems` says of each file or entry that could not be used what is wrong with it."""

    current_host: str | None
    recent_hosts: tuple[str, ...]
    sites: tuple[Site, ...]
    problems: tuple[str, ...]


class Taken(NamedTuple):
    """What came of it: accounts that are new here, and the names of those that were here already and stay."""

    accounts: tuple[Account, ...]
    known: tuple[str, ...]
    problems: tuple[str, ...]


def folder(environ: Mapping[str, str]) -> Path:
    """Return where the Toolkit keeps its settings on this system."""
    if sys.platform == "darwin":
        return Path("~/Library/Caches/Shotgun").expanduser()
    if sys.platform == "win32":
        return Path(environ.get("APPDATA", "."), "Shotgun")
    return Path("~/.shotgun").expanduser()


def read(root: Path) -> Settings:
    """Return the settings below `root`. A file that is damaged is a problem of its own and hides no other.

    Raises ConfigurationError where there is nothing of the Toolkit's.
    """
    files = sorted(path for path in root.glob(f"*/{NAME}") if path.is_file())
    if not files and not (root / NAME).is_file():
        raise ConfigurationError(f"{root} holds no settings of the Toolkit: there is no {NAME}.")
    problems: list[str] = []
    whole = _loaded(root / NAME, problems)
    hosts = _hosts(whole, problems)
    sites = [_site(path, hosts, problems) for path in files]
    current = _host(whole.get("current_host"), problems)
    return Settings(current, hosts, tuple(site for site in sites if site), tuple(problems))


def take(settings: Settings, store: CredentialStore) -> Taken:
    """Keep what `settings` say in `store`. Who is signed in here already stays as they are, and so does who is the
    current user here; no site is asked."""
    accounts = Accounts(store)
    taken: list[Account] = []
    known: list[str] = []
    problems = [*settings.problems]
    for site in settings.sites:
        for user in site.users:
            if user.token is None:
                continue
            try:
                account = _taken(accounts, site.host, user, user.token)
            except StoreError as error:
                problems.append(f"{user.login} at {site.host}: {error}")
                continue
            if account is None:
                known.append(f"{user.login} at {site.host}")
            else:
                taken.append(account)
        _remember_logins(store, site)
    _remember_hosts(store, settings)
    return Taken(tuple(taken), tuple(known), tuple(problems))


def _taken(accounts: Accounts, host: str, user: Kept, token: str) -> Account | None:
    plugin = Password(host, user.login)
    account = accounts.store.account_id(plugin.kind, *plugin.identity())
    if accounts.store.read(account) is not None:
        return None
    plugin.adopt(plugin.made(token, None, wall_clock())._replace(issued_at=0))
    named = dict.fromkeys(("subject", "username", "login"), user.login)
    record: dict[str, Any] = {**plugin.record(), **named, "host": host}
    if user.session_metadata is not None:
        record["session_metadata"] = user.session_metadata
    return accounts.keep(plugin, record)


def _remember_logins(store: CredentialStore, site: Site) -> None:
    paths, kind = store.paths, Password.kind
    here = recent.login(paths, kind, site.host)
    mine = recent.logins(paths, kind, site.host)
    for login in [*reversed(site.recent), site.current, *reversed(mine), here]:
        if login:
            recent.use_login(paths, kind, site.host, login)


def _remember_hosts(store: CredentialStore, settings: Settings) -> None:
    paths, kind = store.paths, Password.kind
    here = recent.host(paths, kind)
    mine = recent.hosts(paths, kind)
    for host in [*reversed(settings.recent_hosts), settings.current_host, *reversed(mine), here]:
        if host:
            recent.use_host(paths, kind, host)


def _site(path: Path, hosts: tuple[str, ...], problems: list[str]) -> Site | None:
    host = _host_of(path.parent.name, hosts, problems)
    found = _loaded(path, problems)
    if host is None or not found:
        return None
    entries = found.get("users")
    users: dict[str, Kept] = {}
    for entry in entries if isinstance(entries, list) else []:
        try:
            user = _kept(entry)
        except Malformed as error:
            problems.append(f"{path}: {error}")
        else:
            users[same(user.login)] = user
    return Site(
        host,
        _text(found.get("current_user")),
        tuple(filter(None, map(_text, _list(found.get("recent_users"))))),
        tuple(users.values()),
    )


def _kept(entry: object) -> Kept:
    members = entry if isinstance(entry, dict) else {}
    login, token = _text(members.get("login")), members.get("session_token")
    if login is None:
        raise Malformed("an entry of users has no login.")
    if token is None:
        return Kept(login)
    try:
        good = shotgrid.session_token(token)
    except Malformed:
        raise Malformed(f"the session token of {login} is damaged.") from None
    return Kept(login, good, _text(members.get("session_metadata")))


def _hosts(found: Mapping[str, Any], problems: list[str]) -> tuple[str, ...]:
    named = [found.get("current_host"), *_list(found.get("recent_hosts"))]
    hosts = (_host(one, problems) for one in named)
    return tuple(dict.fromkeys(host for host in hosts if host))[: recent.KEPT]


def _host(value: object, problems: list[str]) -> str | None:
    text = _text(value)
    if text is None:
        return None
    try:
        return rpc.site_of(text)
    except IncompleteCredentials as error:
        if str(error) not in problems:
            problems.append(str(error))
        return None


def _host_of(name: str, hosts: tuple[str, ...], problems: list[str]) -> str | None:
    """Return the site of a folder, whose name is the host without its port, and without what hosted sites share."""
    for host in hosts:
        bare = host.partition("://")[2].partition(":")[0]
        if name in (bare, bare.removesuffix(HOSTED)):
            return host
    return _host(name if "." in name or name == "localhost" else f"{name}{HOSTED}", problems)


def _loaded(path: Path, problems: list[str]) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        import yaml
    except ModuleNotFoundError as cause:
        raise ConfigurationError(
            "Settings of the Toolkit are read with PyYAML: pip install 'sojourn[shotgrid]'."
        ) from cause
    try:
        if path.stat().st_size > _LARGEST:
            raise Malformed("it is too large.")
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        problems.append(f"{path} was left out and left as it is: {_why(error)}")
        return {}
    if not isinstance(found, dict):
        problems.append(f"{path} was left out and left as it is: it holds no settings.")
        return {}
    return found


def _why(error: Exception) -> str:
    if isinstance(error, Malformed):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or 'it cannot be read'}."
    mark = getattr(error, "problem_mark", None)  # YAML's own words would quote what stands there
    return f"it is no YAML (line {mark.line + 1})." if mark else "it is no YAML."


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
