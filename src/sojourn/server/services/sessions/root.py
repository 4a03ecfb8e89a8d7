"""What a token is minted from: the judged path, and where on it the token is to hang. `minting` stands above."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from sojourn.errors import MintingNotAllowed
from sojourn.model import ids
from sojourn.model.admission import Admitted
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.liveness import Path
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.store.contract import partition_of


class Root(Struct, frozen=True):
    """What a token hangs from: a token, a grant or a client's record.

    grant         None below a client, whose own tree it then is
    partition     where the token will lie
    path          store keys of its ancestors, nearest first
    parent        the token it is based on, if any; `based_on` is that token's id
    bound         UTC ms of the earliest end of all that stands above the parent; 0: never
    limit         the same, the parent included
    """

    admitted: Admitted
    client: Client
    partition: int
    path: tuple[str, ...]
    grant: Grant | None = None
    parent: Token | None = None
    based_on: str = ""
    bound: int = 0
    limit: int = 0


def least(*ends: int) -> int:
    """The earliest of some ends, of which 0 says never."""
    return min([end for end in ends if end], default=0)


def root_of(admitted: Admitted, *, parent: str = "", random: Callable[[int], bytes]) -> Root:
    """The root that an admitted path gives; `parent` is the key of the token to be based on, empty for the grant.

    Raises MintingNotAllowed when what it needs was not judged.
    """
    path = admitted.path
    at, grant = _grant_of(path)
    if grant is None:
        return _own(admitted, random)
    client = admitted.client
    if client is None:
        raise MintingNotAllowed(detail="no client was judged")
    bound = grant.end
    signin = path[-1].value
    if type(signin) is SignIn and not grant.offline:
        bound = least(bound, signin.end)
    key = path[at].key
    if not parent:
        keys = tuple([node.key for node in path[at:]])
        return Root(admitted, client, partition_of(key), keys, grant, bound=bound, limit=bound)
    first, token = _parent(path[:at], parent)
    bound = least(bound, *[_end(one.value) for one in path[first + 1 : at]])
    return Root(
        admitted,
        client,
        partition_of(key),
        tuple([node.key for node in path[first:]]),
        grant,
        token,
        parent.rsplit("/", 1)[1],
        bound,
        least(bound, _end(token)),
    )


def handed_on(admitted: Admitted, client: Client, *, until: int) -> Root:
    """The root of a token that `client` is given in exchange for the one that was judged: below it, in its owner's
    tree, and living no longer than anything on the path, nor than `until` (UTC ms; 0: never).
    """
    path = admitted.path
    leaf = path[0]
    if type(leaf.value) is not Token:
        raise MintingNotAllowed(detail="no token was judged")
    grant = _grant_of(path)[1]
    signin = path[-1].value
    ends = [until, *[_end(node.value) for node in path]]
    if grant is not None:
        ends.append(grant.end)
        ends.append(signin.end if type(signin) is SignIn and not grant.offline else 0)
    limit = least(*ends)
    keys = tuple([node.key for node in path])
    name = leaf.key.rsplit("/", 1)[1]
    return Root(
        admitted, client, partition_of(leaf.key), keys, grant, leaf.value, name, limit, limit
    )


def owner_of(path: Path) -> str:
    """Whose tree a path is of: the subject of its grant, or the client at its root."""
    grant = _grant_of(path)[1]
    root = path[-1].value if path else None
    return grant.sub if grant else root.client_id if type(root) is Client else ""


def _grant_of(path: Path) -> tuple[int, Grant | None]:
    for at, node in enumerate(path):
        if type(node.value) is Grant:
            return at, node.value
    return 0, None


def _own(admitted: Admitted, random: Callable[[int], bytes]) -> Root:
    """The root of a client that acts for itself: its trees spread over partitions (design decision 4)."""
    leaf = admitted.leaf
    client = leaf.value
    if not isinstance(client, Client):
        raise MintingNotAllowed(detail="no grant was judged")
    spread = random(1)[0] % ids.CLIENT_SPREAD
    part = (ids.partition("client", client.client_id) + spread * 16) % ids.PARTITIONS
    return Root(admitted, client, part, (leaf.key,))


def _parent(tokens: Path, key: str) -> tuple[int, Token]:
    for first, node in enumerate(tokens):
        if node.key == key and type(node.value) is Token:
            return first, node.value
    raise MintingNotAllowed(detail="the parent was not judged")


def _end(parent: object) -> int:
    """How long what is based on a token may live. A code only hands its grant over: it does not bound."""
    if isinstance(parent, Token) and not parent.is_code:
        return parent.expires_at
    return 0
