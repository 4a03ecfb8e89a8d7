"""CubicWeb's outside shapes: the signed request of its cube `signedrequest`, its sign-in form, and how an
answer says that nobody is signed in. The dialect stands above it; below it are `forms` and `errors`.

What is written here was read off CubicWeb 5.0, its cube web 1.6, and signedrequest 3.3.
"""

from __future__ import annotations

import json
import re
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha512
from hmac import digest
from html.parser import HTMLParser
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import forms

SIGN_IN: Final = "/login"
SIGN_OUT: Final = "/logout"
API: Final = "/api/v1"
"""Where the cube api answers, which instances without pages sign in with."""

CSRF: Final = "csrf_token"
"""The name of the cookie and of the form's field."""

CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that need no CSRF token."""

SCHEME: Final = "Cubicweb"
MAX_SKEW: Final = 300_000
"""Milliseconds that a signed request's date may be off the server's clock."""

MAX_PAGE: Final = 262_144
"""Bytes of a page that are read to find its form."""

_PATH_SAFE: Final = "/~!$&'()*+,;=:@"
_PORTS: Final = {"http": 80, "https": 443}
_is_token_id = re.compile(r"[\x21-\x39\x3b-\x7e]{1,128}").fullmatch
_is_csrf = re.compile(r"[A-Za-z0-9._~+/=-]{1,256}").fullmatch


# The signed request ------------------------------------------------------------------------------


class SigningToken(Struct, frozen=True):
    """An AuthToken of the server: its `id`, which is no secret, and its secret text."""

    id: str
    secret: str

    def __post_init__(self) -> None:
        if not _is_token_id(self.id):
            raise Malformed("The id of a token is ASCII without spaces and colons.")
        if not self.secret or self.secret != self.secret.strip():
            raise Malformed("The secret of a token is empty or has spaces around it.")

    def __repr__(self) -> str:
        return f"<SigningToken {self.id}>"


def signed(
    token: SigningToken,
    method: str,
    url: str,
    *,
    body: bytes,
    content_type: str,
    now: int,
) -> tuple[tuple[str, str], ...]:
    """Return the header fields that sign a request at `now` (UTC milliseconds).

    `content_type` is what the request says, empty where it says nothing. The date is sent under both
    names: what stands on the way may set Date anew, and the server looks at X-Cubicweb-Date first.
    """
    date = http_date(now)
    checksum = sha512(body).hexdigest()
    text = string_to_sign(
        method, seen_url(url), checksum=checksum, content_type=content_type, date=date
    )
    signature = digest(token.secret.encode(), text, "sha512").hex()
    return (
        ("Content-SHA512", checksum),
        ("Date", date),
        ("X-Cubicweb-Date", date),
        ("Authorization", f"{SCHEME} {token.id}:{signature}"),
    )


def string_to_sign(method: str, url: str, *, checksum: str, content_type: str, date: str) -> bytes:
    """Return the text that is signed: nothing separates its parts."""
    return f"{method}{url}{checksum}{content_type}{date}".encode()


def seen_url(url: str) -> str:
    """Return an absolute `url` as the server writes it when it checks a signature: without fragment,
    standard port and empty query, its path decoded and escaped anew, its query as it is.

    Any other URL raises Malformed.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Malformed("Only a request to an absolute URL can be signed.")
    host = parts.hostname
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _PORTS[parts.scheme]:
        host = f"{host}:{parts.port}"
    path = quote(unquote_to_bytes(parts.path or "/"), safe=_PATH_SAFE)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{host}{path}{query}"


def http_date(now: int) -> str:
    """Return UTC milliseconds as an HTTP date (RFC 9110 §5.6.7)."""
    return formatdate(now // 1000, usegmt=True)


def moment_of(date: str | None) -> int | None:
    """Return an HTTP date in UTC milliseconds; None where there is none or it cannot be read."""
    try:
        found = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return None
    return int(found.timestamp() * 1000) if found.tzinfo else None


# Signing in --------------------------------------------------------------------------------------


class SignInForm(Struct, frozen=True):
    """The page's form: a user's name, a password, and the token that must come back with the cookie."""

    csrf_token: str

    def __repr__(self) -> str:
        return "<SignInForm>"

    @classmethod
    def parse(cls, page: bytes) -> SignInForm:
        """Read the sign-in page; one without the form, or with another, raises Malformed."""
        if len(page) > MAX_PAGE:
            raise Malformed("The page is too large to look for a sign-in form.")
        reader = _Inputs()
        reader.feed(page.decode("utf-8", "replace"))
        reader.close()
        for inputs in reader.forms:
            if {"__login", "__password"} <= inputs.keys():
                return cls(_csrf_token(inputs))
        raise Malformed("The page has no sign-in form.")

    def filled(self, login: str, password: str, *, then: str) -> bytes:
        """Return the body that signs in; `then` is the path that the server sends on to, which must be
        one of its own."""
        fields = {
            "__login": login,
            "__password": password,
            CSRF: self.csrf_token,
            "postlogin_path": then,
        }
        return forms.encode(fields).encode("ascii")


def api_sign_in(login: str, password: str) -> bytes:
    """Return the body that signs in at the cube api."""
    return json.dumps({"login": login, "password": password}).encode("ascii")


def _csrf_token(inputs: dict[str, list[str]]) -> str:
    found = inputs.get(CSRF, [])
    if len(found) != 1 or not _is_csrf(found[0]):
        raise Malformed("The sign-in form has no usable CSRF token.")
    return found[0]


class _Inputs(HTMLParser):
    """The names and values of the inputs of each form of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[dict[str, list[str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            self.forms.append({})
            self._inside = True
        elif tag == "input" and self._inside:
            said = dict(attrs)
            self.forms[-1].setdefault(said.get("name") or "", []).append(said.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


# What an answer says -----------------------------------------------------------------------------


def is_sign_in_place(location: str) -> bool:
    """Tell whether a Location, absolute or not, is the sign-in page."""
    try:
        path = urlsplit(location).path
    except ValueError:
        return False
    return path.rstrip("/").endswith(SIGN_IN)


def asks_to_sign_in(status: int, *, location: str | None, kind: str, content: bytes) -> bool:
    """Tell whether an answer means that nobody is signed in, or no more; `kind` is its Content-Type.

    CubicWeb says it by 401 (its JSON API), by a redirect to its sign-in page, and by a page that offers
    the sign-in form: with 200, as guests get it where a site lets them in, or with 403.
    """
    if status == 401:
        return True
    if 300 <= status < 400:
        return is_sign_in_place(location or "")
    return "html" in kind and b'name="__login"' in content and b'name="__password"' in content
