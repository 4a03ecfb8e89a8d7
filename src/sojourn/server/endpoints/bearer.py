"""Access tokens presented to this server's own resources (RFC 6750 §2), with the proof of a key where they are bound to
one (RFC 9449 §7)."""

from __future__ import annotations

from msgspec import Struct
from starlette.requests import Request

from sojourn.errors import InsufficientScope, InvalidDpopProof, InvalidRequest, InvalidToken
from sojourn.model.admission import USERINFO, Operation
from sojourn.server.endpoints import proofs
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.server.services.sessions.acceptance import Accepted
from sojourn.wire import dpop, oauth
from sojourn.wire.dpop import Proof


class Shown(Struct, frozen=True):
    """The token a request shows, '' if none, and the proof of a key that came with it, None for a bearer."""

    text: str
    proof: Proof | None = None

    def __repr__(self) -> str:
        return f"Shown(proof={self.proof!r})"


async def shown(site: Site, request: Request, *, form: bool = False) -> Shown:
    """What a request shows, in the header or, where `form` allows, in the body.

    A proof counts with the DPoP scheme alone: a bound token shown as a bearer's is judged without (RFC 9449 §7.2).
    Raises DpopError, InvalidRequest for both or for one in the query, InvalidToken for a header of broken grammar.
    """
    if b"access_token" in request.scope["query_string"] and "access_token" in http.query(request):
        message = "The access token must not be in the query."
        raise InvalidRequest(message)
    header = http.single(request, b"authorization")
    in_body = ""
    if form and request.headers.get("content-type"):
        in_body = (await http.form(request, site.max_body)).get("access_token", "")
    if header and in_body:
        message = "The access token was sent twice."
        raise InvalidRequest(message)
    if not header:
        return Shown(in_body)
    token = dpop.token_of(header)
    if token is None:
        return Shown(oauth.bearer_token(header))
    proof = proofs.shown(site, request, token=token)
    if proof is None:
        message = "The DPoP header with the proof is missing."
        raise InvalidDpopProof(message)
    return Shown(token, proof)


async def judged(site: Site, found: Shown, operation: Operation) -> Accepted:
    """The token that was shown, judged with the key that was proved; the proof is spent.

    Raises InvalidToken or DpopError.
    """
    proof = found.proof
    key = "" if proof is None else proof.thumbprint
    token = await site.sessions.acceptance.accept(found.text, operation, key=key)
    if proof is not None:
        await site.proofs.spend(proof)
    return token


async def accepted(site: Site, found: Shown, *, scope: str = "", audience: str = "") -> Accepted:
    """The token that was shown, judged, with the scope and for the audience that are needed.

    audience  '' means this server's user information: tokens that name no resource

    Raises InvalidToken or InsufficientScope.
    """
    token = await judged(site, found, USERINFO)
    if audience not in token.audience and (token.audience or audience):
        raise InvalidToken(detail="the token is for another resource")
    if scope and scope not in token.scope:
        raise InsufficientScope(scope=scope)
    return token
