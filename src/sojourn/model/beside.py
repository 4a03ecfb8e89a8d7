"""What is judged beside a path: with a token that was exchanged (RFC 8693) each client that acts, the client that the
grant was given to, and the tree of each token by which an actor was shown. `admission` asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, Struct

from sojourn.model.client import Client
from sojourn.model.delegation import Actor, Delegation
from sojourn.model.grant import Grant
from sojourn.model.liveness import (
    Lineage,
    Node,
    Path,
    Verdict,
    leaf_why,
    lineage,
    shape_fault,
    why_of,
)
from sojourn.model.token import Token


class Beside(Struct, frozen=True):
    """What is judged beside the path of a token that was exchanged: see `needed_beside`.

    clients  their records by id; None: there is none
    paths    the paths read from the keys of actors' tokens; empty: nothing was there
    """

    clients: Mapping[str, Client | None] = {}
    paths: Mapping[str, Path] = {}


ALONE: Final = Beside()


def needed_beside(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """What must be judged beside a path: ids of clients but the leaf's own, and keys of paths to be read."""
    told = _delegation(path)
    if told is None:
        return frozenset(), frozenset()
    clients = {actor.client_id for actor in told.actors}
    clients |= {node.value.client_id for node in path if isinstance(node.value, Token | Grant)}
    keys = {key for actor in told.actors for key in (actor.proof, actor.mark) if key}
    return frozenset(clients - {getattr(path[0].value, "client_id", "")}), frozenset(keys)


def _delegation(path: Path) -> Delegation | None:
    leaf = path[0].value if path else None
    return leaf.delegation if type(leaf) is Token and leaf.delegation is not UNSET else None


def _actor_why(actor: Actor, beside: Beside, now: int) -> str:
    """Why the token by which an actor was shown is dead; empty when it is live, or when there was none."""
    if not actor.proof:
        return ""
    path = beside.paths.get(actor.proof, ())
    line = lineage(path)
    shape = shape_fault(path, line)
    mark = beside.paths.get(actor.mark, ())[:1] if actor.mark else ()
    # Of a JWT, what it stands on was read: like any node above a leaf, a code there may be used up.
    rule = why_of if actor.mark else _actor_leaf_why
    whys = [rule(node, now, line) for node in path[:1]]
    whys += [_actor_leaf_why(node, now, line) for node in mark]
    whys += [why_of(node, now, line) for node in path[1:]]
    return next(filter(None, whys), shape)


def _actor_leaf_why(node: Node, now: int, line: Lineage) -> str:
    return leaf_why(node, now, line, spent=False)


def beside_verdicts(path: Path, beside: Beside, *, now: int) -> tuple[Verdict, ...]:
    """What is to be said of whatever must be judged beside a path, the newest actor first."""
    told = _delegation(path)
    if told is None:
        return ()
    found = [
        Verdict("actor", actor.sub, _actor_why(actor, beside, now))
        for actor in told.actors
        if actor.proof
    ]
    for client_id in sorted(needed_beside(path)[0]):
        client = beside.clients.get(client_id)
        found.append(
            Verdict("client", client_id, "missing" if client is None else client.refusal())
        )
    return tuple(found)
