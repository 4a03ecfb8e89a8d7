"""What clients may no longer do since a token was given: a client that lost a resource, its offline access or token
exchange takes that from tokens that are out already. Acceptance refuses by it and `explain` tells of it; the rules of
what is live are in `liveness` and `beside`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import UNSET

from sojourn.model.beside import Beside
from sojourn.model.client import Client
from sojourn.model.delegation import Delegation
from sojourn.model.grant import Grant
from sojourn.model.liveness import Path, Verdict
from sojourn.model.token import Token

Clients = Mapping[str, Client | None]


def losses(
    path: Path, client: Client, beside: Beside, *, grant: Grant | None, exchange: str
) -> tuple[Verdict, ...]:
    """What the token at the beginning of `path` has lost; nothing where it is as good as when it was given.

    client    the record of the client it was issued to
    grant     the grant on the path, None for what a client got for itself
    exchange  the grant type of token exchange, which each client that acts must still have
    """
    token = path[0].value if path else None
    if type(token) is not Token:
        return ()
    found = []
    if not _may_reach(client, token, grant):
        found.append(Verdict("client", client.client_id, "lost the resource since"))
    if token.delegation is not UNSET:
        clients = {**beside.clients, client.client_id: client}
        found += _of_actors(token.delegation, clients, exchange)
        found += _of_parents(path, clients, grant)
    return tuple(found)


def _may_reach(client: Client, token: Token, grant: Grant | None) -> bool:
    audience = token.resources or (grant.resources if grant else ())
    return not audience or set(audience) <= set(client.resources)


def _of_actors(told: Delegation, clients: Clients, exchange: str) -> Iterator[Verdict]:
    """Who acts must still be allowed to: such a token may live as long as a refresh token."""
    for actor in told.actors:
        client = clients.get(actor.client_id)
        if client is None or exchange not in client.grant_types:
            yield Verdict("actor", actor.sub, "its client lost token exchange since")


def _of_parents(path: Path, clients: Clients, grant: Grant | None) -> Iterator[Verdict]:
    """What a token was exchanged for must still be what its own client may have."""
    for node in path[1:]:
        parent = node.value
        client = clients.get(parent.client_id) if type(parent) is Token else None
        if client is None or type(parent) is not Token:
            continue
        if parent.type == "refresh_token":
            if grant and grant.offline and "offline_access" not in client.scope:
                yield Verdict("client", client.client_id, "lost its offline access since")
        elif parent.type == "access_token" and not _may_reach(client, parent, grant):
            yield Verdict("client", client.client_id, "lost the resource since")
