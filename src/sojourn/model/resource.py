"""A resource: a service that receives tokens, named by an absolute URI (RFC 8707 §2)."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from sojourn.model.value import Ending, Value

ADMIN = "urn:sojourn:admin"
ACCOUNT = "urn:sojourn:account"


class Resource(Value, frozen=True, kw_only=True):
    """One protected resource.

    scopes        that it understands
    token_format  opaque | jwt (RFC 9068; 300 s at most)
    client_id     the client with which it introspects; empty: none
    """

    identifier: str
    name: str = ""
    scopes: tuple[str, ...] = ()
    token_format: str = "opaque"
    client_id: str = ""
    ended: Ending | UnsetType = UNSET
