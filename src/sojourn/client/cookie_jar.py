"""The cookies of one origin, for a plugin that signs in with them (RFC 6265 §5.3, §5.4): a session itself
keeps none. Dialects stand above it; below it are `url` and `wire.cookies`."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

from sojourn.client.transport.contract import Fields
from sojourn.client.url import origin
from sojourn.errors import Malformed
from sojourn.wire.cookies import SetCookie, parse_set_cookie

MOST: Final = 50
"""Cookies that are kept; no more are taken from a server."""


class Cookie(NamedTuple):
    """One that is kept. It goes back to the very origin that it came from, whatever Domain it asked for."""

    name: str
    value: str
    path: str

    def __repr__(self) -> str:
        return f"<Cookie {self.name}>"


class Jar(NamedTuple):
    """The cookies of the origin of `url`, as a value."""

    url: str
    cookies: tuple[Cookie, ...] = ()

    def __repr__(self) -> str:
        return f"<Jar of {len(self.cookies)} cookies for {self.url}>"

    def taken(self, fields: Fields, url: str, *, now: int) -> Self:
        """Return the jar after an answer of `url` with the header `fields`.

        A cookie that is malformed, of another host's Domain, or beyond the fiftieth is passed over.
        """
        kept = {(one.name, one.path): one for one in self.cookies}
        for name, value in fields:
            if name.lower() != "set-cookie":
                continue
            with suppress(Malformed):
                self._take(kept, parse_set_cookie(value, now=now), url)
        return self._replace(cookies=tuple(kept.values()))

    def _take(self, kept: dict[tuple[str, str], Cookie], said: SetCookie, url: str) -> None:
        here = origin(url)
        if here != origin(self.url) or not _covers(said.domain, here.host):
            return
        if said.secure and here.scheme != "https":
            return  # RFC 6265bis §5.7: an insecure origin can neither set it nor get it
        key = (said.name, said.path or _folder(url))
        if said.max_age is not None and said.max_age <= 0:
            kept.pop(key, None)
        elif key in kept or len(kept) < MOST:
            kept[key] = Cookie(said.name, said.value, key[1])

    def header(self, url: str) -> str | None:
        """Return the Cookie header of a request to `url`, longest path first; None where there is none to send."""
        if origin(url) != origin(self.url):
            return None
        path = urlsplit(url).path or "/"
        fitting = [one for one in self.cookies if within(path, one.path)]
        fitting.sort(key=lambda one: -len(one.path))
        return "; ".join(f"{one.name}={one.value}" for one in fitting) or None


def _covers(domain: str | None, host: str) -> bool:
    return domain is None or host == domain or host.endswith(f".{domain}")


def _folder(url: str) -> str:
    """The default path (RFC 6265 §5.1.4)."""
    return (urlsplit(url).path or "/").rpartition("/")[0] or "/"


def within(path: str, folder: str) -> bool:
    """Tell whether `path` is `folder` or below it, as cookies' paths match (RFC 6265 §5.1.4)."""
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")
