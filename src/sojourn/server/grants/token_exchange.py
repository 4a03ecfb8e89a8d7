"""Token exchange (RFC 8693): a client trades a token for a narrower one with which it acts, or lets somebody act, for
the token's subject. Impersonation is not offered: whoever acts is always named in `act` (§1.1).
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from sojourn.errors import InvalidRequest, InvalidScope, InvalidTarget
from sojourn.server.grants.contract import Target, TokenRequest, asked_scopes, narrowed, target
from sojourn.server.services.administration.roles import ACCOUNT_SCOPE, ADMIN_SCOPES
from sojourn.server.services.sessions.acceptance import Accepted
from sojourn.server.services.sessions.delegating import Shown
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.redemption import Taken, Wanted
from sojourn.wire import dpop, exchange, oauth

_ISSUED: Final = (exchange.ACCESS_TOKEN, exchange.JWT)
_BY_NAME: Final = frozenset({ACCOUNT_SCOPE, *ADMIN_SCOPES})


class TokenExchange:
    """Takes a subject's token, and perhaps an actor's; issues one below the subject's."""

    name = exchange.GRANT
    public = True

    def scopes(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        """Never more than the subject's token has, nor a way to stay on without the subject; to look after accounts and
        the server is handed on only by name.
        """
        may = tuple(name for name in granted if name != "offline_access")
        return narrowed(asked, may) if asked else tuple(n for n in may if n not in _BY_NAME)

    async def take(self, request: TokenRequest) -> Taken:
        said, client, delegating = request.parameters, request.client, request.sessions.delegating
        kind = said.get("requested_token_type", exchange.ACCESS_TOKEN)
        if kind not in _ISSUED:
            message = f"requested_token_type is one of {', '.join(_ISSUED)}."
            raise InvalidRequest(message)
        subject = await delegating.subject(
            _shown(request, "subject_token"), client, request.clients.resource, key=request.jkt
        )
        acting = await delegating.acting(_shown(request, "actor_token"), client, key=request.jkt)
        scope = self._scope(request, subject)
        aim = await _aim(request, subject, jwt=kind == exchange.JWT)
        job = exchange.job_name(said.get(exchange.JOB, ""))
        order = Order(
            type="access_token",
            scope=scope,
            resources=aim.resources,
            jwt=aim.jwt,
            jkt=_key(request),
            delegation=delegating.delegation(subject, acting, job),
            life=exchange.seconds(said.get(exchange.LIFE, "")) * 1000,
        )
        return Taken(
            root=delegating.root(subject, acting, client),
            wanted=Wanted(access=order, issued_type=kind),
            steps=delegating.told(subject, acting),
        )

    def _scope(self, request: TokenRequest, subject: Accepted) -> tuple[str, ...]:
        """What both the subject's token and the client may have."""
        both = tuple(name for name in subject.scope if name in request.client.scope)
        scope = self.scopes(asked_scopes(request), both)
        if not scope and (subject.token.scope or (subject.grant and subject.grant.scope)):
            # An empty scope would be read as the grant's.
            raise InvalidScope(detail="nothing is left that both may have")
        return scope


def _shown(request: TokenRequest, name: str) -> Shown:
    """A token and its type, which come together (RFC 8693 §2.1). Without a subject there is no exchange."""
    text = request.parameters.get(name, "")
    kind = request.parameters.get(f"{name}_type", "")
    if bool(text) != bool(kind) or (not text and name == "subject_token"):
        message = f"{name} and {name}_type come together."
        raise InvalidRequest(message)
    return Shown(name, text, kind)


def _key(request: TokenRequest) -> str:
    """The key that the new token is bound to: the one that is named, which may be another's who shall use it, else the
    one that was proved (RFC 9449 §5).
    """
    named = request.parameters.get(exchange.KEY, "")
    if named and not dpop.is_thumbprint(named):
        message = f"{exchange.KEY} is not the SHA-256 thumbprint of a key."
        raise InvalidRequest(message)
    return named or request.jkt


async def _aim(request: TokenRequest, subject: Accepted, *, jwt: bool) -> Target:
    """Where the new token is for: of a client's own token, no more than that was for; of another's, what the client
    may ask for itself (RFC 8707 §2.2). `audience` names resources by the same identifiers.
    """
    said = request.parameters
    asked = (
        *oauth.resource_list(said.get("resource", "")),
        *oauth.resource_list(said.get("audience", "")),
    )
    own = subject.client_id == request.client.client_id
    granted = subject.audience if own else request.client.resources
    if not own and not granted:
        raise InvalidTarget(detail="the client may ask for no resource")
    named = {**said, "resource": " ".join(dict.fromkeys(asked))}
    aim = await target(structs.replace(request, parameters=named), granted)
    if jwt and len(aim.resources) > 1:
        message = "A JWT is for one resource: name it."
        raise InvalidTarget(message)
    return Target(aim.resources, aim.jwt or jwt)
