"""The token endpoint (RFC 6749 §3.2): client, grant type, issue. The grant types are in `grants`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import (
    InvalidDpopProof,
    InvalidRequest,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from sojourn.server.endpoints import proofs, rendering
from sojourn.server.endpoints.client_authentication import authenticated
from sojourn.server.grants.contract import GrantType, TokenRequest
from sojourn.server.grants.registry import REGISTRY
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.server.services.sessions.redemption import Issued, Taken
from sojourn.wire import oauth
from sojourn.wire.dpop import Proof

_LONGEST_KEY = 200


async def post(site: Site, request: Request) -> Response:
    """Issue tokens. Raises a ProtocolError."""
    parameters = await http.form(request, site.max_body, many=oauth.REPEATABLE_FOR_TOKENS)
    # First: who is asked for a nonce comes again, and an assertion that is good once must not be spent by then.
    proof = proofs.shown(site, request)
    client = await authenticated(site, request, parameters)
    name = parameters.get("grant_type", "")
    if not name:
        message = "The grant_type parameter is missing."
        raise InvalidRequest(message)
    grant = REGISTRY.get(name)
    if grant is None:
        raise UnsupportedGrantType
    if name not in client.grant_types or (client.public and not grant.public):
        raise UnauthorizedClient
    retry = http.single(request, b"idempotency-key")
    if len(retry) > _LONGEST_KEY:
        message = "The Idempotency-Key header is too long."
        raise InvalidRequest(message)
    if client.dpop_bound_access_tokens and proof is None:
        message = "This client proves a key with each request: the DPoP header is missing."
        raise InvalidDpopProof(message)
    asked = TokenRequest(
        client=client,
        parameters=parameters,
        sessions=site.sessions,
        clients=site.clients,
        retry=retry,
        jkt="" if proof is None else proof.thumbprint,
    )
    issued = await site.sessions.redemption.issue(_taking(site, grant, asked, proof))
    response = _answer(issued)
    return Handover(response, issued.code_key) if issued.code_key else response


def _taking(
    site: Site, grant: GrantType, asked: TokenRequest, proof: Proof | None
) -> Callable[[], Awaitable[Taken]]:
    """What takes the request in, any number of times; the proof is spent with the first that is found good."""
    unspent = proof

    async def take() -> Taken:
        nonlocal unspent
        taken = await grant.take(asked)
        if unspent is not None:
            await site.proofs.spend(unspent)
            unspent = None
        return taken

    return take


class Handover(Response):
    """The answer to a code: once it is sent, the code is spent; if it cannot be, the same client may repeat."""

    def __init__(self, answer: Response, code_key: str) -> None:
        super().__init__(answer.body, answer.status_code)
        self.raw_headers = answer.raw_headers
        self.code_key = code_key


def _answer(issued: Issued) -> Response:
    """RFC 6749 §5.1, OpenID Connect Core §3.1.3.3, RFC 9449 §5."""
    access = issued.access
    members: dict[str, object] = {
        "access_token": access.value,
        "token_type": "DPoP" if access.jkt else "Bearer",
        "expires_in": (access.expires_at - access.issued_at) // 1000,
        "scope": " ".join(access.scope),
    }
    if issued.issued_type:
        members["issued_token_type"] = issued.issued_type
        # Whoever named a key (`dpop_jkt`) learns that it was heeded.
        members |= {"cnf": {"jkt": access.jkt}} if access.jkt else {}
    if issued.refresh:
        members["refresh_token"] = issued.refresh
    if issued.id_token:
        members["id_token"] = issued.id_token
    return rendering.answer(members)
