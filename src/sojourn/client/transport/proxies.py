"""Which proxy a URL goes through: the one given, else the environment's, `NO_PROXY` heeded. The
transports stand above it and keep one pool for each answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final

from sojourn.client.url import Origin, origin
from sojourn.errors import ConfigurationError, Malformed

# Elsewhere the system's own settings count too.
_ENVIRONMENT_ALONE: Final = sys.platform not in {"darwin", "win32"}
_PLAIN: Final = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_SECURE: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_SCHEMES = ("http://", "https://", "socks5://", "socks5h://")


class Proxies:
    """`proxy` is one URL for everything or a mapping of scheme to URL; without it, and with
    `trust_env`, the environment as it was at the first request."""

    def __init__(self, proxy: str | Mapping[str, str] | None, *, trust_env: bool) -> None:
        chosen = {"http": proxy, "https": proxy} if isinstance(proxy, str) else proxy
        if chosen is not None and not all(url.startswith(_SCHEMES) for url in chosen.values()):
            message = (
                "proxy= must be a URL that starts with http://, https://, socks5:// or socks5h://."
            )
            raise ConfigurationError(message)
        self._chosen = chosen
        self._trust_env = trust_env
        self._named: tuple[bool, bool] | None = None

    def through(self, url: str) -> str | None:
        """Return the proxy's URL for a request to `url`, or None to go straight there."""
        if self._chosen is not None:
            return self._chosen.get(origin(url).scheme)
        if not self._trust_env:
            return None
        if self._named is None:
            self._named = (_any_of(_PLAIN), _any_of(_SECURE))
        if not self._named[url[:6].lower() == "https:"]:
            return None
        return _of_environment(origin(url))


def _any_of(names: tuple[str, ...]) -> bool:
    """Tell whether the environment may name a proxy: reading all of it, which the library does, takes
    longer than the rest of a request."""
    return not _ENVIRONMENT_ALONE or any(name in os.environ for name in names)


def _of_environment(target: Origin) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    known = getproxies()
    if not known or proxy_bypass(f"{target.host}:{target.port}"):
        return None
    found = known.get(target.scheme) or known.get("all")
    if found is None:
        return None
    url = found if "://" in found else f"http://{found}"
    if not url.startswith(_SCHEMES):
        raise Malformed(f"The environment's proxy for {target.scheme} is not a usable URL.")
    return url
