"""Values to records and back: the JSON text, its shape's version, and for every kind its index entries and life.

A reader accepts the shape one release ahead; a writer never writes over it, and keeps the fields it does not know.
A new entity is one row in `KINDS` and nothing in any backend. Stands on `model` and the contract; used by `server`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from sojourn.errors import NewerRecord, StoreError
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.credential import PasswordCredential
from sojourn.model.device import DeviceRequest, UserCode
from sojourn.model.event import Event
from sojourn.model.grant import Grant
from sojourn.model.interaction import Interaction
from sojourn.model.key import PurposeKey, SigningKeyRecord
from sojourn.model.liveness import Node, Path
from sojourn.model.marks import Activity, Failures, SetupLink, Used
from sojourn.model.resource import Resource
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.user import NameClaim, User
from sojourn.model.value import SHAPE, Value
from sojourn.store.contract import Record, kind_of
from sojourn.store.generations import Generations

V = TypeVar("V", bound=Value)
Index = tuple[tuple[str, str], ...]

REMEMBERED: Final = 512
"""Values that `Decoded` keeps in each of two generations."""

_encoder: Final = msgspec.json.Encoder()
_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_SHAPE: Final = str(SHAPE).encode("ascii")


class Kind(Struct, frozen=True):
    """One kind of record: the class of its value, how to decode it, and the entries it is found by."""

    shape: type[Value]
    decoder: msgspec.json.Decoder[Any]
    index: Callable[[Any], Index]


def _kind(shape: type[V], index: Callable[[V], Index] = lambda _: ()) -> Kind:
    return Kind(shape, msgspec.json.Decoder(shape), index)


KINDS: Final[Mapping[str, Kind]] = {
    "user": _kind(User, lambda _: (("all", "1"),)),
    "name": _kind(NameClaim),
    "credential": _kind(PasswordCredential),
    "client": _kind(Client, lambda _: (("all", "1"),)),
    "resource": _kind(Resource, lambda _: (("all", "1"),)),
    "signin": _kind(SignIn, lambda v: (("user", v.user_id),)),
    "csession": _kind(ClientSession, lambda v: (("user", v.user_id),)),
    "grant": _kind(Grant, lambda v: (("session", f"{v.user_id} {v.client_id}"),)),
    "token": _kind(Token),
    "interaction": _kind(Interaction),
    "device": _kind(DeviceRequest),
    "usercode": _kind(UserCode),
    "assertion": _kind(Used),
    "proof": _kind(Used),
    "activity": _kind(Activity),
    "throttle": _kind(Failures),
    "setup": _kind(SetupLink),
    "key": _kind(PurposeKey),
    "signingkey": _kind(SigningKeyRecord, lambda _: (("all", "1"),)),
    "event": _kind(Event, lambda _: (("pending", "1"),)),
}
"""Every kind of record. Tokens are found by their grant, whose id their value does not repeat: see `token_index`."""


_FIELDS: Final = {
    kind.shape: frozenset(("v", *kind.shape.__struct_fields__)) for kind in KINDS.values()
}


def token_index(grant_id: str) -> Index:
    """The index entry of a token below a grant. A client's own tokens have none: nobody lists them."""
    return (("parent", grant_id),)


def _newer_fields(record: Record, fault: msgspec.ValidationError) -> dict[str, Raw]:
    fields = _members(record.body)
    found = msgspec.json.decode(fields.get("v", b"0"))
    if found == SHAPE:
        raise StoreError(detail=f"{record.key}: {fault}") from fault
    if found != SHAPE + 1:
        text = f"a record has shape version {found}; this release reads up to {SHAPE + 1}"
        raise NewerRecord(text, detail=record.key)
    fields["v"] = Raw(_SHAPE)
    return fields


def value_of(record: Record, shape: type[V]) -> V:
    """The value in a record, which is a `shape`.

    Raises NewerRecord for a shape two releases ahead, StoreError for text that is not such a value.
    """
    kind = KINDS[kind_of(record.key)]
    if kind.shape is not shape:
        raise StoreError(detail=f"{record.key} is no {shape.__name__}")
    value: V = _decoded(record, kind)
    return value


def _decoded(record: Record, kind: Kind) -> Any:  # noqa: ANN401 - the kind says what it is
    try:
        return kind.decoder.decode(record.body)
    except msgspec.ValidationError as error:
        fault = error
    except msgspec.DecodeError as error:
        raise StoreError(detail=f"{record.key}: {error}") from error
    try:
        return kind.decoder.decode(_encoder.encode(_newer_fields(record, fault)))
    except msgspec.DecodeError as error:
        raise StoreError(detail=f"{record.key}: {error}") from error


def nodes(records: tuple[Record | None, ...]) -> Path:
    """The path that `Store.path` answered, as nodes for `admission`; empty if there is no leaf."""
    return Decoded().path(records)


class Decoded:
    """Remembers what records hold: one that was written here, or read before, is not decoded again."""

    __slots__ = ("_nodes",)

    def __init__(self) -> None:
        self._nodes = Generations[tuple[str, Node]](REMEMBERED)

    def node(self, record: Record) -> Node:
        """A record as a node. Raises as `value_of` does."""
        key = record.key
        held = self._nodes.get(key)
        if held is not None and held[0] == record.op_id and held[1].version == record.version:
            return held[1]
        node = Node(key, record.version, _decoded(record, KINDS[kind_of(key)]))
        self._nodes.put(key, (record.op_id, node))
        return node

    def learn(self, record: Record, value: Value) -> None:
        """Remember the value that `record`, now committed, was made of."""
        node = Node(record.key, record.version, value)
        self._nodes.put(record.key, (record.op_id, node))

    def value(self, record: Record, shape: type[V]) -> V:
        """As `value_of`."""
        found = self.node(record).value
        if type(found) is not shape:
            raise StoreError(detail=f"{record.key} is no {shape.__name__}")
        return found

    def path(self, records: tuple[Record | None, ...]) -> Path:
        """The path that `Store.path` answered, as nodes for `admission`; empty if there is no leaf."""
        if not records or records[0] is None:
            return ()
        missing = records[0].path
        return tuple(
            [
                Node(missing[position - 1], 0, None) if record is None else self.node(record)
                for position, record in enumerate(records)
            ]
        )


def first(
    key: str,
    value: Value,
    *,
    op_id: str,
    path: tuple[str, ...] = (),
    expires: int = 0,
    index: Index | None = None,
) -> Record:
    """The first version of a value's record; `index` only where the kind's own entries do not do."""
    entries = KINDS[kind_of(key)].index(value) if index is None else index
    return Record(key, 1, op_id, _encoder.encode(value), path, entries, expires)


def successor(record: Record, value: Value, *, op_id: str, expires: int | None = None) -> Record:
    """The next version of `record`, holding `value` and every field of the old text that its shape does not know.

    Raises NewerRecord when the record's shape is newer than this release's.
    """
    old = _members(record.body)
    if bytes(old.get("v", b"0")) != _SHAPE:
        raise NewerRecord(detail=record.key)
    body = _encoder.encode(value)
    unknown = old.keys() - _FIELDS[type(value)]
    if unknown:
        body = _encoder.encode(_members(body) | {name: old[name] for name in unknown})
    kind = kind_of(record.key)
    return Record(
        record.key,
        record.version + 1,
        op_id,
        body,
        record.path,
        record.index if kind == "token" else KINDS[kind].index(value),
        record.expires if expires is None else expires,
    )
