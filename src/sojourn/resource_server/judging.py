"""The rules by which claims become an accepted token: those of a signed access token (RFC 9068 §4) and those of an
introspection answer (RFC 7662 §2.2). Pure: the time is an argument. The verifier stands above it; below it is `wire`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sojourn.errors import InvalidScope, InvalidToken, Malformed
from sojourn.resource_server.access_token import AccessToken
from sojourn.wire import jose, json_text, oauth


def signed(claims: Mapping[str, Any], *, issuer: str, audience: str, now: int) -> AccessToken:
    """Return the token of `claims`, whose signature is already verified; `now` is in UTC milliseconds.

    A broken rule raises InvalidToken. Ten seconds of skew are forgiven either way.
    """
    try:
        if json_text.text(claims, "iss") != issuer:
            raise Malformed("The token is from another issuer.")
        _check_common(claims, audience)
        jose.check_times(claims, now=now)
        return AccessToken(
            issuer=issuer,
            subject=json_text.text(claims, "sub"),
            client_id=json_text.text(claims, "client_id"),
            scope=_scope(claims),
            audience=json_text.texts(claims, "aud"),
            expires_at=json_text.moment(claims, "exp"),
            kind="jwt",
            acr=json_text.optional_text(claims, "acr"),
            auth_time=json_text.optional_moment(claims, "auth_time"),
            judged_at=now,
            claims=MappingProxyType(dict(claims)),
            jkt=_key(claims),
        )
    except Malformed as cause:
        raise InvalidToken(cause.public) from cause


def introspected(claims: Mapping[str, Any], *, issuer: str, audience: str, now: int) -> AccessToken:
    """Return the token that the issuer's answer `claims` describes, or raise InvalidToken.

    Most members are optional (RFC 7662 §2.2). Two are not: `token_type`, which tells an access token from a refresh
    token, and `aud`, for a token for everyone is for no one here.
    An answer without `active` raises Malformed, for it says nothing about the token.
    """
    active = json_text.optional_flag(claims, "active")
    if active is None:
        raise Malformed("The answer has no member active.")
    if not active:
        raise InvalidToken("The access token is unknown, expired, revoked or not for this service.")
    try:
        return _active(claims, issuer=issuer, audience=audience, now=now)
    except Malformed as cause:
        raise InvalidToken(cause.public) from cause


def _active(claims: Mapping[str, Any], *, issuer: str, audience: str, now: int) -> AccessToken:
    if json_text.optional_text(claims, "iss") not in (None, issuer):
        raise Malformed("The token is from another issuer.")
    # Servers leave the type out of what they say about a refresh token, which must never pass for an access token.
    kind, jkt = (json_text.optional_text(claims, "token_type") or "").lower(), _key(claims)
    if kind not in (("bearer", "dpop") if jkt else ("bearer",)):
        raise Malformed("The token is not a bearer access token.")
    _check_common(claims, audience)
    expires_at = json_text.optional_moment(claims, "exp")
    jose.check_times(
        claims if expires_at is not None else {**claims, "exp": now // 1000 + 1}, now=now
    )
    client_id = json_text.optional_text(claims, "client_id") or ""
    return AccessToken(
        issuer=issuer,
        subject=json_text.optional_text(claims, "sub") or json_text.text(claims, "client_id"),
        client_id=client_id,
        scope=_scope(claims),
        audience=json_text.texts(claims, "aud"),
        expires_at=expires_at,
        kind="opaque",
        acr=json_text.optional_text(claims, "acr"),
        auth_time=json_text.optional_moment(claims, "auth_time"),
        judged_at=now,
        claims=MappingProxyType(dict(claims)),
        jkt=jkt,
    )


def _check_common(claims: Mapping[str, Any], audience: str) -> None:
    if audience not in json_text.texts(claims, "aud"):
        raise Malformed("The token is for another audience.")


def _key(claims: Mapping[str, Any]) -> str:
    """The thumbprint of the key that the token is bound to (RFC 9449 §6), '' for a bearer token.

    A binding of another kind cannot be checked here, and a token is worth nothing without the check.
    """
    bound = claims.get("cnf")
    if bound is None:
        return ""
    if not isinstance(bound, dict) or bound.keys() != {"jkt"}:
        raise Malformed("The token is bound in a way that this service cannot check.")
    return json_text.text(bound, "jkt")


def _scope(claims: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        return oauth.scope_list(json_text.optional_text(claims, "scope") or "")
    except InvalidScope as cause:
        raise Malformed("The token's scope is malformed.") from cause
