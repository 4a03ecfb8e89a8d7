"""Cookies (RFC 6265, with the `__Host-` prefix of its successor): both headers read strictly, and
Set-Cookie written with every attribute said. Endpoints, pages and the client's jar stand above it.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from sojourn.errors import Malformed

SameSite = Literal["Lax", "Strict", "None"]

MAX_HEADER: Final = 16384
_is_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_is_value = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*").fullmatch
_is_path = re.compile(r"/[\x21-\x3a\x3c-\x7e]*").fullmatch
_is_seconds = re.compile(r"-?[0-9]{1,12}").fullmatch
_is_word = re.compile(r"[a-z0-9][a-z0-9-]{0,63}").fullmatch


def parse(header: str) -> dict[str, str]:
    """Return the cookies of a Cookie header.

    A pair out of grammar is passed over, and so is a name that appears with two values: one of them
    was planted, and nothing tells which. A header over 16 KiB raises Malformed.
    """
    if len(header) > MAX_HEADER:
        raise Malformed("The Cookie header is too large.")
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    for pair in header.split(";"):
        name, equals, value = pair.strip(" \t").partition("=")
        good = bool(equals and _is_name(name) and _is_value(value))
        if not good or found.setdefault(name, value) != value:
            doubtful.add(name)
    return {name: value for name, value in found.items() if name not in doubtful}


class SetCookie(NamedTuple):
    """What one Set-Cookie header asks for. `domain` and `path` are None where it does not say;
    `max_age` is in seconds, below 1 for a cookie to be forgotten, None for one of the session."""

    name: str
    value: str
    domain: str | None = None
    path: str | None = None
    secure: bool = False
    max_age: int | None = None

    def __repr__(self) -> str:
        return f"<SetCookie {self.name}>"


def parse_set_cookie(header: str, *, now: int) -> SetCookie:
    """Return what a Set-Cookie header says at `now` (UTC milliseconds), where Expires is counted from.

    A name or value out of grammar, and a header over 16 KiB, raise Malformed; an attribute that is
    not understood is passed over (RFC 6265 §5.2).
    """
    if len(header) > MAX_HEADER:
        raise Malformed("The Set-Cookie header is too large.")
    pair, *others = header.split(";")
    name, equals, value = pair.strip(" \t").partition("=")
    if not equals or not _is_name(name) or not _is_value(value):
        raise Malformed("A Set-Cookie header breaks its grammar.")
    said: dict[str, str] = {}
    for other in others:
        word, _, text = other.strip(" \t").partition("=")
        said[word.lower()] = text
    path = said.get("path", "")
    return SetCookie(
        name,
        value,
        domain=said.get("domain", "").removeprefix(".").lower() or None,
        path=path if _is_path(path) else None,
        secure="secure" in said,
        max_age=_max_age(said, now),
    )


def _max_age(said: dict[str, str], now: int) -> int | None:
    """Max-Age has precedence over Expires (RFC 6265 §5.3)."""
    if _is_seconds(said.get("max-age", "")):
        return int(said["max-age"])
    # Netscape's format, which many servers still write, has hyphens in its date.
    text = said.get("expires", "").replace("-", " ")
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return int(until.timestamp()) - now // 1000 if until.tzinfo else None


def render(
    name: str,
    value: str,
    *,
    secure: bool,
    max_age: int | None,
    path: str = "/",
    same_site: SameSite = "Lax",
    http_only: bool = True,
) -> str:
    """Return a Set-Cookie value; `max_age` is in seconds, None for a cookie of the browser session.

    What the browser would refuse or misread raises Malformed.
    """
    if not _is_name(name) or not _is_value(value) or not _is_path(path):
        raise Malformed("The cookie's name, value or path breaks its grammar.")
    if name.startswith("__Host-") and not (secure and path == "/"):
        raise Malformed("A __Host- cookie is secure and has the path /.")
    if name.startswith("__Secure-") and not secure:
        raise Malformed("A __Secure- cookie is secure.")
    if same_site == "None" and not secure:
        raise Malformed("A cookie for other sites is secure.")
    age = "" if max_age is None else f"; Max-Age={max_age}"
    flags = ("; HttpOnly" if http_only else "") + ("; Secure" if secure else "")
    return f"{name}={value}{age}; Path={path}; SameSite={same_site}{flags}"


def delete(name: str, *, secure: bool, path: str = "/", same_site: SameSite = "Lax") -> str:
    """Return the Set-Cookie value that removes the cookie `name`."""
    return render(name, "", secure=secure, max_age=0, path=path, same_site=same_site)


@lru_cache(maxsize=256)
def name_for(realm: str, purpose: str, *, issuer: str) -> str:
    """Return the name of a realm's cookie: locked to the host, save on loopback http.

    There a digest of the issuer stands in the name: ports do not keep cookies apart (RFC 6265
    §8.5), and several servers may run on one loopback address.
    """
    if not _is_word(realm) or not _is_word(purpose):
        raise Malformed("A realm or a purpose has lowercase letters, digits and hyphens.")
    if issuer.startswith("https://"):
        return f"__Host-sojourn_{realm}_{purpose}"
    return f"sojourn_dev_{sha256(issuer.encode()).hexdigest()[:8]}_{realm}_{purpose}"
