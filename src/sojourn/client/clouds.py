"""A plugin and its session's settings as OpenStack's tools find them: a cloud of clouds.yaml and
secure.yaml, or the OS_ variables of the environment. People's programs stand above it; below it is
`loading`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from sojourn.client.auth import AuthPlugin
from sojourn.client.loading import Loader, loader
from sojourn.errors import ConfigurationError

DEFAULT_TYPE: Final = "password"

_FOLDERS: Final = (".", "~/.config/openstack", "/etc/openstack")
_SUFFIXES: Final = ("yaml", "yml", "json")


class Described(NamedTuple):
    """A cloud as it is written down: its plugin's loader and options, which may be incomplete, and what
    else is said of it."""

    loader: Loader
    auth: Mapping[str, Any]
    whole: Mapping[str, Any]
    source: str
    """Where it was found, for people."""


class Cloud(NamedTuple):
    """What was found: `Session(cloud.auth, **cloud.session)`, and
    `Adapter(session, **cloud.adapter, service_type=...)`."""

    name: str
    auth: AuthPlugin
    session: Mapping[str, Any]
    adapter: Mapping[str, Any]
    source: str
    """Where it was found, for people."""


def cloud(
    name: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folders: Iterable[str | os.PathLike[str]] = _FOLDERS,
) -> Cloud:
    """Return the cloud called `name`, or OS_CLOUD; without either, what the OS_ variables say.

    The file is OS_CLIENT_CONFIG_FILE, else the first clouds.yaml (.yml, .json) of `folders`; a
    secure.yaml beside it is laid over it. Raises ConfigurationError and IncompleteCredentials.
    """
    env = os.environ if environ is None else environ
    wanted = name or env.get("OS_CLOUD")
    if wanted is None:
        return from_environment(env)
    return _made(wanted, described(wanted, environ=env, folders=folders))


def described(
    name: str,
    *,
    environ: Mapping[str, str] | None = None,
    folders: Iterable[str | os.PathLike[str]] = _FOLDERS,
) -> Described:
    """Return what the files say of the cloud called `name`; see `cloud`."""
    path = _file(os.environ if environ is None else environ, folders)
    whole = _described(path, name)
    auth = whole.get("auth") or {}
    if not isinstance(auth, dict):
        raise ConfigurationError(f"The cloud {name!r} of {path} has an auth that is no mapping.")
    plugin = loader(str(whole.get("auth_type") or DEFAULT_TYPE))
    return Described(plugin, auth, whole, f"the cloud {name!r} of {path}")


def from_environment(environ: Mapping[str, str] | None = None) -> Cloud:
    """Return what the OS_ variables say: OS_AUTH_TYPE (password without it) and its options."""
    env = os.environ if environ is None else environ
    said = {key[3:].lower(): value for key, value in env.items() if key.startswith("OS_") and value}
    plugin = loader(said.get("auth_type", DEFAULT_TYPE))
    named = {name for option in plugin.options for name in option.names}
    auth = {key: value for key, value in said.items() if key in named}
    if "endpoint_type" in said:
        said.setdefault("interface", said["endpoint_type"].removesuffix("URL"))
    if "insecure" in said:
        said["verify"] = "false" if _truth(said["insecure"]) else "true"
    return _made("environment", Described(plugin, auth, said, "the environment"))


def _made(name: str, found: Described) -> Cloud:
    plugin = found.loader.load(**found.auth)
    whole = found.whole
    adapter = {key: whole[key] for key in ("region_name", "interface") if whole.get(key)}
    return Cloud(name, plugin, session_options(whole), adapter, found.source)


def session_options(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a session that the whole description of a cloud asks for."""
    found: dict[str, Any] = {}
    if not _truth(whole.get("verify", True)):
        found["verify"] = False
    elif whole.get("cacert"):
        found["verify"] = os.path.expanduser(whole["cacert"])  # noqa: PTH111
    cert, key = whole.get("cert"), whole.get("key")
    if cert:
        found["cert"] = (cert, key) if key else cert
    if whole.get("api_timeout"):
        found["timeout"] = float(whole["api_timeout"])
    return found


def _truth(value: object) -> bool:
    return str(value).strip().lower() not in {"false", "0", "no", "off", ""}


def _file(env: Mapping[str, str], folders: Iterable[str | os.PathLike[str]]) -> Path:
    if named := env.get("OS_CLIENT_CONFIG_FILE"):
        return Path(named)
    places = [Path(folder).expanduser() for folder in folders]
    for place in places:
        for suffix in _SUFFIXES:
            if (path := place / f"clouds.{suffix}").is_file():
                return path
    looked = ", ".join(str(place) for place in places)
    raise ConfigurationError(f"There is no clouds.yaml in {looked}.")


def _described(path: Path, name: str) -> dict[str, Any]:
    clouds = _read(path).get("clouds") or {}
    if not isinstance(clouds, dict) or not isinstance(clouds.get(name), dict):
        known = ", ".join(sorted(clouds)) if isinstance(clouds, dict) else ""
        raise ConfigurationError(f"{path} has no cloud {name!r}. It has: {known or 'none'}.")
    described: dict[str, Any] = clouds[name]
    if "profile" in described:
        raise ConfigurationError(
            f"The cloud {name!r} of {path} builds on a vendor's profile, which is not read: write "
            "out its options."
        )
    secret = path.with_name(path.name.replace("clouds", "secure", 1))
    if secret.is_file() and secret != path:
        described = _laid_over(described, (_read(secret).get("clouds") or {}).get(name) or {})
    return described


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, dict) and isinstance(under, dict):
            merged[key] = _laid_over(under, value)
        else:
            merged[key] = value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_text(encoding="utf-8")
    except OSError as cause:
        raise ConfigurationError(f"{path} cannot be read.", detail=str(cause)) from cause
    try:
        found = json.loads(raw) if path.suffix == ".json" else _yaml(raw, path)
    except ValueError as cause:
        raise ConfigurationError(f"{path} cannot be understood.", detail=str(cause)) from cause
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} is not a mapping.")
    return found


def _yaml(raw: str, path: Path) -> object:
    try:
        import yaml
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{path} is YAML, which needs PyYAML: pip install 'sojourn[clouds]', or write clouds.json."
        ) from None
    try:
        found: object = yaml.safe_load(raw)
    except yaml.YAMLError as cause:
        raise ConfigurationError(f"{path} is not YAML.", detail=str(cause)) from cause
    return found
