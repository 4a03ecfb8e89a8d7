"""The proof in a request (RFC 9449 §4.1), for the token endpoint and for this server's own resources."""

from __future__ import annotations

from starlette.requests import Request

from sojourn.server.pages.site import Site


async def shown(site: Site, request: Request, *, token: str | None = None) -> str:
    """Return the thumbprint of the key that a request proves; '' where it proves none.

    token  the access token that came with it

    Raises DpopError.
    """
    texts = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"dpop"]
    if not texts:
        return ""
    url = f"{site.origin}{request.scope['path']}"
    return await site.proofs.check(texts, method=request.method, url=url, token=token)
