"""The shapes of OAuth 2.0 (RFC 6749, 6750, 9207): credentials in headers, scopes, redirect URIs,
error answers, token and authorization responses. Endpoints, dialects and resource servers stand
above it; below it are `forms` and `json_text`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hmac import compare_digest
from typing import Final, Self

import msgspec

from sojourn import errors
from sojourn.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    Malformed,
    ProtocolError,
)
from sojourn.wire import forms, json_text

MAX_HEADER: Final = 16384
MAX_LIFE: Final = 10 * 366 * 86400

MAX_REDIRECT: Final = 2048

REPEATABLE: Final = frozenset({"resource"})
"""The one parameter of authorization requests that may be repeated (RFC 8707 §2)."""

REPEATABLE_FOR_TOKENS: Final = REPEATABLE | {"audience"}
"""Those of token requests (RFC 8693 §2.1)."""

_is_vschar = re.compile(r"[\x20-\x7e]+").fullmatch
_is_token68 = re.compile(r"[^ ]+ +([A-Za-z0-9\-._~+/]+=*) *").fullmatch
_is_basic = re.compile(r"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]+={0,2}) *").fullmatch
_is_scope = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*").fullmatch
_unquotable = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PORT = (
    r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"
    r"|6553[0-5]))?"
)
_ESCAPE = r"%(?!5[Cc]|[01]|7[Ff])[0-9A-Fa-f]{2}"
_SEGMENTS = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|{_ESCAPE})*"
_QUERY = rf"(?:\?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]|{_ESCAPE})*)?"
_TAIL = rf"(?P<path>(?:/{_SEGMENTS})?){_QUERY}"
_LOOPBACK = r"http://(?:127\.0\.0\.1|\[::1\])"

_is_https = re.compile(
    rf"https://(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\]){_PORT}{_TAIL}"
).fullmatch
_is_loopback = re.compile(rf"{_LOOPBACK}{_PORT}{_TAIL}").fullmatch
_is_private_use = re.compile(
    rf"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:(?=/)(?://{_LABEL}(?:\.{_LABEL})*)?"
    rf"(?P<path>(?:/(?!/){_SEGMENTS})?){_QUERY}"
).fullmatch
_dots = re.compile(r"(?:\.|%2[Ee]){2}").search
_split_loopback = re.compile(rf"({_LOOPBACK}){_PORT}((?:[/?].*)?)").fullmatch

BY_CODE: Final[dict[str, type[ProtocolError]]] = {
    leaf.code: leaf
    for leaf in (
        errors.InvalidRequest,
        errors.InvalidClient,
        errors.InvalidGrant,
        errors.UnauthorizedClient,
        errors.UnsupportedGrantType,
        errors.UnsupportedResponseType,
        errors.InvalidScope,
        errors.InvalidTarget,
        errors.AccessDenied,
        errors.AuthorizationPending,
        errors.SlowDown,
        errors.ExpiredToken,
        errors.LoginRequired,
        errors.ConsentRequired,
        errors.AccountSelectionRequired,
        errors.InteractionNeeded,
        errors.UnmetAuthenticationRequirements,
        errors.RequestNotSupported,
        errors.RequestUriNotSupported,
        errors.ServerBusy,
        errors.InvalidToken,
        errors.InsufficientScope,
        errors.InsufficientUserAuthentication,
        errors.InvalidDpopProof,
        errors.UseDpopNonce,
    )
}


def basic_credentials(header: str) -> tuple[str, str]:
    """Return client id and secret of an Authorization header (RFC 6749 §2.3.1, RFC 7617).

    Both halves are form-decoded printable ASCII; anything else raises InvalidClient.
    """
    found = _is_basic(header) if len(header) <= MAX_HEADER else None
    client_id = secret = ""
    with suppress(ValueError, errors.InvalidRequest):
        first, _, second = _from_base64(found[1] if found else "").partition(":")
        client_id, secret = forms.unescape(first), forms.unescape(second)
    if not _is_vschar(client_id) or not _is_vschar(secret):
        raise errors.InvalidClient("The Authorization header is not proper Basic credentials.")
    return client_id, secret


def basic_header(client_id: str, secret: str) -> str:
    """Return the Authorization header that `basic_credentials` reads."""
    pair = f"{forms.escape(client_id)}:{forms.escape(secret)}".encode("ascii")
    return "Basic " + b64encode(pair).decode("ascii")


def bearer_token(header: str) -> str:
    """Return the token of an Authorization header (RFC 6750 §2.1), or raise InvalidToken."""
    found = token_under("Bearer", header)
    if found is None:
        raise errors.InvalidToken("The Authorization header holds no proper Bearer token.")
    return found


def token_under(scheme: str, header: str) -> str | None:
    """Return the token of an Authorization header with `scheme`; None for another scheme.

    Raises InvalidToken where the scheme is this one and no proper token follows.
    """
    if header.partition(" ")[0].lower() != scheme.lower():
        return None
    found = _is_token68(header) if len(header) <= MAX_HEADER else None
    if found is None:
        raise errors.InvalidToken(f"The Authorization header holds no proper {scheme} token.")
    return found[1]


def www_authenticate(error: ProtocolError | None, *, realm: str, scheme: str = "") -> str:
    """Return the WWW-Authenticate value (RFC 6750 §3, RFC 9470 §3); None: no token came, so no error is told.

    scheme  what it begins with, where that is not the realm of the Bearer scheme
    """
    parts = [scheme or f'Bearer realm="{quotable(realm)}"']
    if error is not None:
        parts.append(f'error="{error.code}"')
        parts.append(f'error_description="{quotable(error.public)}"')
    if isinstance(error, InsufficientScope) and error.scope:
        parts.append(f'scope="{quotable(error.scope)}"')
    if isinstance(error, InsufficientUserAuthentication):
        if error.acr_values:
            parts.append(f'acr_values="{quotable(" ".join(error.acr_values))}"')
        if error.max_age is not None:
            parts.append(f'max_age="{error.max_age}"')
    return ", ".join(parts)


def scope_list(text: str) -> tuple[str, ...]:
    """Return the scopes of `text`, in order, each once (RFC 6749 §3.3); empty text has none."""
    if not text:
        return ()
    if not _is_scope(text):
        raise errors.InvalidScope("The scope is malformed.")
    return tuple(dict.fromkeys(text.split(" ")))


def scope_text(scopes: Iterable[str]) -> str:
    """Return the scopes as one text."""
    return " ".join(scopes)


def resource_list(text: str) -> tuple[str, ...]:
    """Return the resources in what `forms.parse` made of the `resource` parameters, each once."""
    return tuple(dict.fromkeys(text.split(" "))) if text else ()


def quotable(text: str) -> str:
    """Return `text` with what no `error_description` may hold replaced by `?` (RFC 6749 §5.2)."""
    return _unquotable.sub("?", text)


def error_body(error: ProtocolError) -> bytes:
    """Return the JSON body of an error answer (RFC 6749 §5.2): its code and its public text."""
    return msgspec.json.encode({"error": error.code, "error_description": quotable(error.public)})


def error_for(code: str, description: str | None = None) -> ProtocolError:
    """Return the error that another server named; its description is cleaned and shortened."""
    text = quotable(description)[:300] if description else None
    leaf = BY_CODE.get(code)
    if leaf is not None:
        return leaf(text, detail=f"answered {code}")
    return ProtocolError(text or f"The server answered {quotable(code)[:60]}.")


def check_redirect_uri(uri: str) -> None:
    """Raise Malformed unless `uri` may be registered (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700).

    That is: absolute, no fragment, no user information, no `..`, no backslash or control character
    plain or escaped; `https`, `http` on 127.0.0.1 or [::1] (never the name `localhost`, which
    others may answer for), or a private-use scheme with a dot in it.
    """
    if len(uri) > MAX_REDIRECT:
        raise Malformed("A redirect URI has at most 2048 characters.")
    found = _is_https(uri) or _is_loopback(uri) or _is_private_use(uri)
    if found is None:
        raise Malformed(
            "A redirect URI is https, http on 127.0.0.1 or [::1], or has a scheme with a dot, "
            "and has neither fragment nor user information."
        )
    if _dots(found["path"]):
        raise Malformed("A redirect URI has no '..' in its path.")


def matches_redirect(registered: str, presented: str) -> bool:
    """Tell whether `presented` is `registered`: the same text (RFC 9700 §4.1.3).

    Only for http on a loopback IP literal may the port differ, be added or left out (RFC 8252
    §7.3). No URL parser has a say, so none can be made to disagree with another.
    """
    if registered == presented:
        return True
    if not registered.startswith("http://") or len(presented) > MAX_REDIRECT:
        return False
    left, right = _split_loopback(registered), _split_loopback(presented)
    return left is not None and right is not None and left.groups() == right.groups()


class TokenResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a token endpoint (RFC 6749 §5.1); `expires_in` is in seconds, `jkt` the thumbprint of the key that
    the access token is bound to, where the answer says it (`cnf`, RFC 7800 §3.1)."""

    access_token: str
    token_type: str
    expires_in: int | None = None
    refresh_token: str | None = None
    scope: str | None = None
    id_token: str | None = None
    jkt: str | None = None

    def __repr__(self) -> str:
        return f"TokenResponse(token_type={self.token_type!r}, scope={self.scope!r})"

    @classmethod
    def parse(cls, body: bytes, *, status: int) -> Self:
        """Return the tokens of a 200 answer.

        An error answer raises the ProtocolError of its code, anything else Malformed.
        """
        members = json_text.parse_object(body)
        if status != 200 or "error" in members:
            raise error_for(
                json_text.text(members, "error"),
                json_text.optional_text(members, "error_description"),
            )
        return cls(
            access_token=json_text.text(members, "access_token"),
            token_type=json_text.text(members, "token_type"),
            expires_in=_life(members.get("expires_in")),
            refresh_token=json_text.optional_text(members, "refresh_token"),
            scope=json_text.optional_text(members, "scope"),
            id_token=json_text.optional_text(members, "id_token"),
            jkt=_bound_to(members.get("cnf")),
        )


def _bound_to(cnf: object) -> str | None:
    """Return the thumbprint in a `cnf`; one of another kind of key counts as none."""
    jkt = cnf.get("jkt") if isinstance(cnf, dict) else None
    return jkt if isinstance(jkt, str) else None


class AuthorizationResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What came back to the redirect URI, already judged (RFC 6749 §4.1.2, RFC 9207)."""

    code: str
    state: str
    iss: str | None = None

    def __repr__(self) -> str:
        return f"AuthorizationResponse(iss={self.iss!r})"

    @classmethod
    def parse(
        cls, params: Mapping[str, str], *, state: str, issuer: str, iss_required: bool
    ) -> Self:
        """Return the response to the request that carried `state`.

        Another state, another issuer, or none where the provider promises one raises Malformed
        before anything else is believed; an error answer raises the ProtocolError of its code.
        """
        found = params.get("state", "").encode("utf-8", "surrogatepass")
        if not state or not compare_digest(found, state.encode("utf-8", "surrogatepass")):
            raise Malformed("The response does not belong to this request.")
        iss = params.get("iss")
        if iss != issuer and (iss is not None or iss_required):
            raise Malformed("The response is from another issuer.")
        if "error" in params:
            raise error_for(params["error"], params.get("error_description"))
        return cls(code=json_text.text(params, "code"), state=state, iss=iss)


def _from_base64(text: str) -> str:
    raw = a2b_base64(text)
    if b2a_base64(raw, newline=False).decode("ascii") != text:
        raise Malformed("The text is not canonical base64.")
    return raw.decode("utf-8")


def _life(value: object) -> int | None:
    """Return a lifetime in seconds; some servers send it as text."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_LIFE:
        raise Malformed("The member expires_in is not a number of seconds.")
    return int(value)


def origin_of(uri: str) -> str:
    """Return where a checked redirect URI leads: `https://host:port`, or `scheme:` for a private-use one."""
    scheme, slashes, rest = uri.partition("://")
    if scheme in ("http", "https") and slashes:
        return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0]}"
    return f"{uri.partition(':')[0]}:"
