"""ID tokens that come back as hints: ours, for which clients, about whom (OpenID Connect Core §3.1.2.1, Logout §2).

Their signature and issuer must be ours; that they have expired does not matter. A hint proves no sign-in.
"""

from __future__ import annotations

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.server.services.context import Context
from sojourn.wire import json_text


class Hint(Struct, frozen=True):
    """What an ID token of ours said."""

    sub: str
    sid: str
    audience: tuple[str, ...]


def hinted(context: Context, text: str) -> Hint | None:
    """The hint in an ID token's text; None unless this server signed it."""
    try:
        claims = context.signing.published.verify(
            text, algs=("ES256", "RS256", "EdDSA"), typ=None
        ).claims
        if claims.get("iss") != context.issuer:
            return None
        return Hint(
            json_text.text(claims, "sub"),
            json_text.optional_text(claims, "sid") or "",
            json_text.texts(claims, "aud"),
        )
    except Malformed:
        return None
