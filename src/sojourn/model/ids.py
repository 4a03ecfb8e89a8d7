"""How things are named in the store: owners, their partitions, and the keys of every kind of record.

An owner (a user, a client, a login name, ...) hashes to one of 1,024 partitions; all its records lie there, so that
what must change together can (design decision 4). Keys read `realm/partition/kind/id`. docs/store.md has the table
of kinds.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

PARTITIONS: Final = 1024
CLIENT_SPREAD: Final = 64
"""Trees owned by a client spread over this many partitions, chosen by token."""
_OF_JWT: Final = 23
"""Letters of the name of a JWT: `j` and its `jti`. Digests are longer, and families begin with `r`."""


_REMEMBERED: Final = 255
"""Letters of a name up to which it is remembered: no id here is longer, and strangers' names fill no memory."""


def partition(owner_kind: str, owner: str) -> int:
    """The partition (0 to 1023) of an owner, from its type tag and its length-prefixed UTF-8 name."""
    if len(owner) > _REMEMBERED:
        return _partition.__wrapped__(owner_kind, owner)
    return _partition(owner_kind, owner)


@lru_cache(maxsize=16_384)
def _partition(owner_kind: str, owner: str) -> int:
    raw = owner.encode()
    tag = f"{owner_kind}:{len(raw)}:".encode()
    return int.from_bytes(blake2b(tag + raw, digest_size=2).digest(), "big") % PARTITIONS


def escaped(text: str) -> str:
    """`text` as ASCII without `/`, reversibly."""
    return _escaped.__wrapped__(text) if len(text) > _REMEMBERED else _escaped(text)


@lru_cache(maxsize=16_384)
def _escaped(text: str) -> str:
    return text if text.isalnum() and text.isascii() else quote(text, safe="")


def is_of_jwt(key: str) -> bool:
    """Whether a key is that of a JWT access token, of which nothing is there as long as it is simply live."""
    head, _, name = key.rpartition("/")
    return len(name) == _OF_JWT and name[0] == "j" and head.endswith("/token")


class Keys:
    """The keys of one realm."""

    __slots__ = ("_prefix", "realm")

    def __init__(self, realm: str = "default") -> None:
        self.realm = realm
        self._prefix = f"{escaped(realm)}/"

    def key(self, part: int, kind: str, name: str) -> str:
        """`realm/partition/kind/id`; `name` must be escaped already."""
        return f"{self._prefix}{part:03x}/{kind}/{name}"

    def user(self, user_id: str) -> str:
        return self.key(partition("user", user_id), "user", escaped(user_id))

    def name(self, login: str) -> str:
        """The claim on a normalised login name."""
        return self.key(partition("name", login), "name", escaped(login))

    def credential(self, user_id: str, kind: str) -> str:
        return self.key(partition("user", user_id), "credential", f"{escaped(user_id)}:{kind}")

    def client(self, client_id: str) -> str:
        return self.key(partition("client", client_id), "client", escaped(client_id))

    def resource(self, identifier: str) -> str:
        return self.key(partition("resource", identifier), "resource", escaped(identifier))

    def signin(self, part: int, sid: str) -> str:
        return self.key(part, "signin", sid)

    def client_session(self, user_id: str, client_id: str) -> str:
        name = f"{escaped(user_id)}:{escaped(client_id)}"
        return self.key(partition("user", user_id), "csession", name)

    def grant(self, part: int, grant_id: str) -> str:
        return self.key(part, "grant", grant_id)

    def token(self, part: int, digest: str) -> str:
        return self.key(part, "token", digest)

    def jwt(self, part: int, jti: str) -> str:
        """What is kept of a JWT access token: nothing, until it is revoked or exchanged (see `is_of_jwt`)."""
        return self.token(part, f"j{jti}")

    def interaction(self, part: int, digest: str) -> str:
        return self.key(part, "interaction", digest)

    def device(self, part: int, digest: str) -> str:
        """A device's request; `part` is that of its user code."""
        return self.key(part, "device", digest)

    def user_code(self, code: str, digest: str) -> str:
        """What a user code leads by. A code is drawn at random, and so is its partition."""
        return self.key(partition("usercode", code), "usercode", digest)

    def assertion(self, client_id: str, jti_digest: str) -> str:
        """A client assertion that was used (RFC 7523 §3, rule 7)."""
        return self.key(partition("client", client_id), "assertion", jti_digest)

    def proof(self, thumbprint: str, digest: str) -> str:
        """A DPoP proof of a key that was used (RFC 9449 §11.1); `digest` is of its `jti`."""
        return self.key(partition("proof", digest), "proof", f"{thumbprint}:{digest}")

    def throttle(self, subject: str) -> str:
        """The failures counted against an account or an address."""
        return self.key(partition("throttle", subject), "throttle", escaped(subject))

    def activity(self, node_key: str) -> str:
        """The relaxed record of a node's last use, beside the node."""
        head, _, rest = node_key.partition("/")
        part, kind, name = rest.split("/", 2)
        return f"{head}/{part}/activity/{kind}:{name}"

    def purpose_key(self, purpose: str) -> str:
        return self.key(0, "key", purpose)

    def signing_key(self, kid: str) -> str:
        return self.key(0, "signingkey", kid)

    def event(self, part: int, event_id: str) -> str:
        return self.key(part, "event", event_id)

    def setup(self) -> str:
        """The one set-up link."""
        return self.key(0, "setup", "link")
