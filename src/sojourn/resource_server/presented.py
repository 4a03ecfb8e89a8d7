"""How a token may come with a request: in one Authorization header, as a bearer token or with the proof of its key in
one DPoP header, and in no other way (RFC 6750 §2.1, RFC 9449 §7.1, RFC 9700 §4.3.2). The verifier and the middlewares
stand above it; below it is `wire`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from sojourn.errors import InvalidDpopProof, InvalidRequest, TokenMissing
from sojourn.wire import forms, oauth


class Presented(Struct, frozen=True):
    """The token in an Authorization header, and whether its scheme promises a proof."""

    text: str
    with_proof: bool

    def __repr__(self) -> str:
        return f"Presented(with_proof={self.with_proof})"


def authorization_of(fields: Sequence[str], *, query: str) -> str | None:
    """Return the request's one Authorization value, None where it has none.

    Two of them, or a token in the query (where logs and histories keep it), raise InvalidRequest.
    """
    if any(_name(part) == "access_token" for part in query.split("&")):
        raise InvalidRequest("An access token in the query is not accepted.")
    if len(fields) > 1:
        raise InvalidRequest("The request has more than one Authorization header.")
    return fields[0] if fields else None


def proof_of(fields: Sequence[str]) -> str | None:
    """Return the request's one DPoP header, None where it has none; several raise InvalidDpopProof (RFC 9449 §4.3)."""
    if len(fields) > 1 or (fields and "," in fields[0]):
        raise InvalidDpopProof("The request has more than one DPoP header.")
    return fields[0] if fields else None


def token_of(authorization: str | None, *, dpop: bool) -> Presented:
    """Return the token in `authorization`; with `dpop` the scheme may be DPoP, too.

    Nothing, or another scheme, raises TokenMissing (RFC 6750 §3.1: no error is told then); several raise
    InvalidRequest; a broken one InvalidToken.
    """
    scheme = "" if authorization is None else authorization.partition(" ")[0].lower()
    if authorization is None or scheme not in (("bearer", "dpop") if dpop else ("bearer",)):
        raise TokenMissing
    # Servers that follow RFC 3875 §4.1.18 join repeated headers by a comma, which no token holds.
    if "," in authorization:
        raise InvalidRequest("The request has more than one Authorization header.")
    if scheme == "bearer":
        return Presented(oauth.bearer_token(authorization), with_proof=False)
    return Presented(oauth.token_under("DPoP", authorization) or "", with_proof=True)


def _name(part: str) -> str:
    try:
        return forms.unescape(part.partition("=")[0])
    except InvalidRequest:  # not ours to judge: the application reads its own query
        return ""
