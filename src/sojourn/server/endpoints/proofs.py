"""The proof in a request (RFC 9449 §4.1), for the token endpoint and for this server's own resources."""

from __future__ import annotations

from starlette.requests import Request

from sojourn.server.pages.site import Site
from sojourn.wire.dpop import Proof


def shown(site: Site, request: Request, *, token: str | None = None) -> Proof | None:
    """Return the proof that a request shows, good but not spent; None where it shows none.

    token  the access token that came with it

    Raises DpopError.
    """
    texts = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"dpop"]
    if not texts:
        return None
    url = f"{site.origin}{request.scope['path']}"
    return site.proofs.check(texts, method=request.method, url=url, token=token)
