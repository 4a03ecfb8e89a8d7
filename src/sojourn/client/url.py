"""What the client must know of a URL: its origin, whether it may be asked at all, and how to show
it without its secrets. The engine and the transports stand above it; below it are only the standard
library, `wire.masking` and `errors`."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from sojourn.errors import Malformed

MASK: Final = "***"

_PORTS: Final = {"http": 80, "https": 443}
# Parsers disagree about these letters, and what two parsers read differently is how a request lands
# at the wrong host.
_disputed = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]").search
# A URL of these letters alone holds nothing but scheme, host, port and path: there is no `#?@\`.
_LETTERS: Final = r'!"$->A-\[\]-~'
_to_hide = re.compile(f"[^{_LETTERS}]").search
# Whole, with an origin, and nothing in it to escape: what most URLs are.
is_plain = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
    rf"(?::(?:6[0-4][0-9]{{3}}|[1-5][0-9]{{4}}|[1-9][0-9]{{0,3}}))?(?:/[{_LETTERS}]*)?",
).fullmatch


class Origin(NamedTuple):
    """Scheme, host and port (RFC 6454 §4); credentials never leave theirs."""

    scheme: str
    host: str
    port: int


def origin(url: str) -> Origin:
    """Return the origin of an absolute `http` or `https` URL; anything else raises Malformed."""
    if _disputed(url):
        raise _disputed_letter()
    return _origin(url.partition("#")[0].partition("?")[0])


@lru_cache(maxsize=512)
def _origin(url: str) -> Origin:
    """The origin of a URL without its query, which is where secrets are: this one is remembered."""
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host:
        raise Malformed("The URL must be absolute and start with http:// or https://.")
    if "@" in parts.netloc:
        raise Malformed(
            "A URL with a user name or password in it is not accepted; use auth= instead."
        )
    return Origin(parts.scheme, host, _port(parts) or _PORTS[parts.scheme])


def join(base: str, reference: str) -> str:
    """Return the URL that `reference`, relative or absolute, means at `base` (RFC 3986 §5); its
    fragment is dropped."""
    _split(reference)
    return urlunsplit(_split(urljoin(base, reference))._replace(fragment=""))


def masked(url: str) -> str:
    """Return `url` fit to be shown: query values, user information and fragment hidden, names kept."""
    if not _to_hide(url):
        return _shown(url) if "sj_" in url or "eyJ" in url else url
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    query = "&".join(f"{pair.partition('=')[0]}={MASK}" for pair in parts.query.split("&") if pair)
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, _shown(parts.path), query, ""))


def _shown(path: str) -> str:
    """Return `path` without the tokens that some services put into it; most hold none."""
    if "sj_" not in path and "eyJ" not in path:
        return path
    from sojourn.wire.masking import masked as without_secrets

    return without_secrets(path)


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine by its name or address; nothing is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _disputed_letter() -> Malformed:
    return Malformed(
        "The URL holds a space, a control character, a backslash or a letter outside ASCII."
    )


def _split(url: str) -> SplitResult:
    if _disputed(url):
        raise _disputed_letter()
    try:
        return urlsplit(url)
    except ValueError:
        pass
    raise Malformed("The URL cannot be read.")


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        pass
    raise Malformed("The URL has an unusable port.")
