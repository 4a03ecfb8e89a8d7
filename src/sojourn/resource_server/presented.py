"""How a token may come with a request: in one Authorization header, as a bearer token, and in no other way (RFC 6750
§2.1, RFC 9700 §4.3.2). The verifier and the middlewares stand above it; below it is `wire`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.errors import InvalidRequest, TokenMissing
from sojourn.wire import forms, oauth


def authorization_of(fields: Sequence[str], *, query: str) -> str | None:
    """Return the request's one Authorization value, None where it has none.

    Two of them, or a token in the query (where logs and histories keep it), raise InvalidRequest.
    """
    if any(_name(part) == "access_token" for part in query.split("&")):
        raise InvalidRequest("An access token in the query is not accepted.")
    if len(fields) > 1:
        raise InvalidRequest("The request has more than one Authorization header.")
    return fields[0] if fields else None


def token_of(authorization: str | None) -> str:
    """Return the bearer token in `authorization`.

    Nothing, or another scheme, raises TokenMissing (RFC 6750 §3.1: no error is told then); several raise
    InvalidRequest; a broken one InvalidToken.
    """
    if authorization is None or authorization.partition(" ")[0].lower() != "bearer":
        raise TokenMissing
    # Servers that follow RFC 3875 §4.1.18 join repeated headers by a comma, which no token holds.
    if "," in authorization:
        raise InvalidRequest("The request has more than one Authorization header.")
    return oauth.bearer_token(authorization)


def _name(part: str) -> str:
    try:
        return forms.unescape(part.partition("=")[0])
    except InvalidRequest:  # not ours to judge: the application reads its own query
        return ""
