"""Configuration: from flags, `SOJOURN_*` variables and `sojourn.toml` to one immutable `Settings`.

A flag overrules a variable, a variable the file, the file the default. What is not in the option table is refused, with
the nearest name; a value that cannot be is refused with the place it came from. The command line and `serving` stand
above it, the table in `options` below.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from msgspec import Struct

from sojourn.errors import ConfigurationError
from sojourn.model.policy import DEFAULT_RULES, Lifetimes, RuleTable, UsageRules
from sojourn.server.services.options import OPTIONS, Option

FILE_NAME: Final = "sojourn.toml"
FILE_VARIABLE: Final = "SOJOURN_CONFIG"
OTHERS: Final = frozenset({FILE_VARIABLE, "SOJOURN_ACCOUNT", "SOJOURN_HOME", "SOJOURN_JOB_KEY"})
"""Variables that begin alike and are not the server's options."""

_PREFIX: Final = "SOJOURN_"
_is_origin_text = re.compile(r"[\x21-\x7e]+").fullmatch


class Settings(Struct, frozen=True, kw_only=True):
    """What the server was told; the option table says what each field means. Spans are seconds.

    store, issuer   never empty: `load` fills in what follows from other options
    root_key        empty: the file `root_key_file` holds it
    """

    data: Path
    store: str
    realm: str
    host: str
    port: int
    issuer: str
    trusted_proxies: tuple[str, ...]
    root_key: str
    access_token_life: int
    code_life: int
    id_token_life: int
    refresh_token_life: int
    signin_idle: int
    signin_absolute: int
    offline_life: int
    refresh_retry_window: int
    password_workers: int
    password_queue: int
    max_body: int
    dpop_nonce: str
    drain_seconds: int
    log_level: str
    log_format: str

    @property
    def root_key_file(self) -> Path:
        """Where the root key lies when it was not given."""
        return self.data / "root.key"

    def lifetimes(self) -> Lifetimes:
        """The spans of sign-ins and grants, in ms."""
        return Lifetimes(
            signin_idle=self.signin_idle * 1000,
            signin_absolute=self.signin_absolute * 1000,
            grant=self.signin_absolute * 1000,
            offline=self.offline_life * 1000,
        )

    def rules(self) -> RuleTable:
        """The usage rules with the configured lives, in ms."""
        lives = {
            "authorization_code": self.code_life,
            "access_token": self.access_token_life,
            "refresh_token": self.refresh_token_life,
            "id_token": self.id_token_life,
        }
        return {name: _living(DEFAULT_RULES[name], life) for name, life in lives.items()}

    def __repr__(self) -> str:
        return f"Settings(data={str(self.data)!r}, issuer={self.issuer!r})"


class _Given(Struct, frozen=True):
    """A value as somebody gave it, and where: a flag, a variable, or a key of the file."""

    value: object
    source: str


def _living(rules: UsageRules, seconds: int) -> UsageRules:
    return UsageRules(seconds * 1000, rules.max_usage, rules.supports_minting)


def load(
    flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None = None
) -> Settings:
    """Read the configuration. `flags` holds what was given, by option name; None there means not given.

    Raises ConfigurationError that names the flag, the variable or the key of the file, and what it should be.
    """
    given = _from_file(file) | _from_environ(environ) | _from_flags(flags)
    return _completed({option.name: _value(option, given.get(option.name)) for option in OPTIONS})


def find_file(flag: str | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the one named by a flag or `SOJOURN_CONFIG`, else `sojourn.toml` here if there is one."""
    named = flag or environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    here = Path(FILE_NAME)
    return here if here.is_file() else None


def _from_flags(flags: Mapping[str, object]) -> dict[str, _Given]:
    set_ones = {name: value for name, value in flags.items() if value is not None}
    by_name = {option.name: option for option in OPTIONS}
    _refuse_unknown(set_ones, by_name, "There is no option")
    return {name: _Given(value, by_name[name].flag) for name, value in set_ones.items()}


def _from_environ(environ: Mapping[str, str]) -> dict[str, _Given]:
    ours = {k: v for k, v in environ.items() if k.startswith(_PREFIX) and k not in OTHERS}
    by_variable = {option.variable: option for option in OPTIONS}
    _refuse_unknown(ours, by_variable, "The environment sets an unknown variable:")
    return {by_variable[k].name: _Given(v, k) for k, v in ours.items()}


def _from_file(file: Path | None) -> dict[str, _Given]:
    if file is None:
        return {}
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise ConfigurationError(message) from error
    except ValueError as error:
        message = f"{file} is not TOML: {error}"
        raise ConfigurationError(message) from error
    _refuse_unknown(found, [option.name for option in OPTIONS], f"{file} sets an unknown key:")
    if found.get("root_key") and file.stat().st_mode & 0o077:
        message = f"{file} holds the root key and others may read it: run chmod 600 {file}"
        raise ConfigurationError(message)
    return {name: _Given(value, f"{file}:{name}") for name, value in found.items()}


def _refuse_unknown(given: Iterable[str], known: Iterable[str], text: str) -> None:
    names = list(known)
    for name in given:
        if name in names:
            continue
        near = get_close_matches(name.replace("-", "_"), names, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise ConfigurationError(f"{text} {name}.{meant}")


def _value(option: Option, given: _Given | None) -> object:
    if given is None:
        if option.default is None:
            message = f"Say {option.name}: with {option.flag} {option.metavar}, {option.variable} or in {FILE_NAME}."
            raise ConfigurationError(message)
        return option.default
    try:
        return option.read(given.value)
    except ValueError as error:
        shown = "" if option.secret else f", not {given.value!r}"
        raise ConfigurationError(f"{given.source} must be {error}{shown}.") from error


def _completed(values: dict[str, Any]) -> Settings:
    values["store"] = values["store"] or store_in(values["data"])
    host, port = values["host"], values["port"]
    issuer = values["issuer"]
    if not issuer and not is_loopback(host):
        message = (
            f"The server would listen at {host}, which others can reach: "
            "say --issuer with its public https address."
        )
        raise ConfigurationError(message)
    values["issuer"] = _checked_issuer(issuer) if issuer else f"http://{_in_url(host)}:{port}"
    return Settings(**values)


def store_in(data: Path) -> str:
    """The URL of the default store in a data folder."""
    return f"sqlite:///{quote(str(data.absolute() / 'sojourn.db'))}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _checked_issuer(issuer: str) -> str:
    """RFC 8414 §2: https, no query, no fragment; one spelling, so no trailing slash. http on loopback only."""
    try:
        parts = urlsplit(issuer)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        host = ""
    if not host or not _is_origin_text(issuer) or "?" in issuer or "#" in issuer or "@" in issuer:
        message = f"issuer must be an address like https://id.example.org, not {issuer!r}."
        raise ConfigurationError(message)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        message = f"issuer must begin with https:// (http is for loopback alone), not {issuer!r}."
        raise ConfigurationError(message)
    return issuer.rstrip("/")


def _default_of(option: Option) -> str:
    if option.default is None:
        return "must be given"
    if option.shown:
        return option.shown
    if isinstance(option.default, tuple):
        return ", ".join(option.default) or "none"
    return str(option.default)


def help_of(option: Option) -> str:
    """The sentence of `--help`, with default and variable."""
    return f"{option.help} [{option.variable}; {_default_of(option)}]"


def options_markdown() -> str:
    """The options page of the docs."""
    lines = [
        "# Options of the server",
        "",
        f"Every option can be a flag of `sojourn serve`, a variable, or a key of `{FILE_NAME}`; a flag overrules",
        "a variable, a variable the file, the file the default. The file is the one that `--config` or",
        f"`{FILE_VARIABLE}` names, else `{FILE_NAME}` in the working directory. Spans are seconds. An unknown",
        "option, variable or key is refused.",
    ]
    for group, options in groupby(OPTIONS, key=lambda option: option.group):
        lines += ["", f"## {group}", "", "| key | flag | variable | default | what it is |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        lines += [_row(option) for option in options]
    lines += ["", "## A file", "", "```toml", *_example(), "```", ""]
    return "\n".join(lines)


def _row(option: Option) -> str:
    flag = "none" if option.secret else f"`{option.flag} {option.metavar}`"
    cells = (f"`{option.name}`", flag, f"`{option.variable}`", _default_of(option), option.help)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _example() -> list[str]:
    names = ("data", "issuer", "host", "port", "trusted_proxies", "log_format")
    shown = {option.name: option for option in OPTIONS}
    return [f"{name} = {_toml(shown[name])}" for name in names]


def _toml(option: Option) -> str:
    if isinstance(option.default, tuple):
        return f'["{option.example}"]'
    return option.example if isinstance(option.default, int) else f'"{option.example}"'
