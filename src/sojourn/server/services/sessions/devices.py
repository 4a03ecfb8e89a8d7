"""Devices that wait for a person (RFC 8628): begun, found by the code that the person typed, decided once, polled.

A request lies at a random partition, for it is nobody's yet. Approval takes it for one person first, then leaves a
one-time record below a new grant in that person's partition; who redeems is decided there alone, by `redemption`.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from sojourn.errors import (
    AccessDenied,
    AuthorizationPending,
    Conflict,
    DeviceWithdrawn,
    ExpiredToken,
    InvalidGrant,
    Malformed,
    PageExpired,
    ProtocolError,
    SlowDown,
    UnauthorizedClient,
)
from sojourn.model import ids
from sojourn.model.admission import Admitted
from sojourn.model.client import Client
from sojourn.model.device import APPROVED, DENIED, INTERVAL, WITHDRAWN, DeviceRequest, UserCode
from sojourn.model.grant import Grant
from sojourn.model.policy import UsageRules
from sojourn.model.token import Token
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.authorizing import Authorizing
from sojourn.server.services.sessions.grants import GrantOrder
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.signins import Device
from sojourn.server.services.sessions.tree import ATTEMPTS, Tree
from sojourn.store import records
from sojourn.store.contract import Put, Record, kind_of, partition_of
from sojourn.wire import device, tokens
from sojourn.wire.kept_in import KeptIn

KEPT: Final = 600_000
"""Ms for which a request is kept after its end, so that a device that still asks is told why it gets nothing."""


class Begun(Struct, frozen=True, kw_only=True):
    """What a device is given; the only object that holds its code. `expires_in` and `interval` are in seconds."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int

    def __repr__(self) -> str:
        return f"Begun(expires_in={self.expires_in})"


class Waiting(Struct, frozen=True):
    """A request that may still be decided, and its key."""

    key: str
    request: DeviceRequest


class Devices:
    """All that is done to the requests of devices."""

    __slots__ = ("_authorizing", "_context", "_tree")

    def __init__(self, context: Context, tree: Tree, authorizing: Authorizing) -> None:
        self._context = context
        self._tree = tree
        self._authorizing = authorizing

    async def begin(
        self,
        client: Client,
        *,
        scope: tuple[str, ...],
        resources: tuple[str, ...],
        max_age: int | None = None,
        source: Device,
        store: KeptIn | None = None,
    ) -> Begun:
        """Write a request of a client, under a user code that no other one has (RFC 8628 §3.2)."""
        context = self._context
        for _ in range(ATTEMPTS):
            code, now = device.draw_user_code(context.random), context.now()
            pointer = context.keys.user_code(code, tokens.digest(code))
            part = partition_of(pointer)
            text = tokens.random_token(
                "d", part, random=context.random, mask_key=context.purposes.mask
            )
            request = DeviceRequest(
                client_id=client.client_id,
                user_code=code,
                created=now,
                expires_at=now + context.lifetimes.device,
                scope=scope,
                resources=resources,
                max_age=max_age,
                address=source.address,
                agent=source.agent[:300],
                store=store.params() if store else {},
            )
            try:
                await self._write(context.keys.device(part, tokens.digest(text)), pointer, request)
            except Conflict:
                continue
            return Begun(
                device_code=text,
                user_code=device.grouped(code),
                expires_in=context.lifetimes.device // 1000,
                interval=INTERVAL,
            )
        raise Conflict

    async def _write(self, key: str, pointer: str, request: DeviceRequest) -> None:
        op_id, end = self._context.op_id(), request.expires_at
        steps = (
            Put(records.first(key, request, op_id=op_id, expires=end + KEPT), request),
            Put(records.first(pointer, UserCode(device=key), op_id=op_id, expires=end)),
            *self._tree.events(key, "device.requested", actor=request.client_id),
        )
        await self._tree.commit(partition_of(key), steps)

    async def find(self, text: str) -> Waiting | None:
        """The request whose code a person typed; None for any text that leads to none that can be decided. Raises
        DeviceWithdrawn."""
        try:
            code = device.typed(text)
        except Malformed:
            return None
        keys = self._context.keys
        record = await self._context.store.get(keys.user_code(code, tokens.digest(code)))
        return None if record is None else await self.at(records.value_of(record, UserCode).device)

    async def at(self, key: str) -> Waiting | None:
        """The request at a key, while it can be decided: a claim whose one-time record was never written still can.
        Raises DeviceWithdrawn."""
        record = await self._context.store.get(key)
        if record is None:
            return None
        request = records.value_of(record, DeviceRequest)
        if self._context.now() >= request.expires_at or request.decision == DENIED:
            return None
        if request.decision == WITHDRAWN:
            raise DeviceWithdrawn
        if request.decision == APPROVED and await self._left(key, request) is not None:
            return None
        return Waiting(key, request)

    def _left_key(self, key: str, user_id: str) -> str:
        """Where approval by a user leaves the one-time record of the request at `key`."""
        return self._context.keys.token(ids.partition("user", user_id), _digest(key))

    async def _left(self, key: str, request: DeviceRequest) -> Record | None:
        return await self._context.store.get(self._left_key(key, request.user_id))

    async def approve(
        self, waiting: Waiting, signin: Admitted, order: GrantOrder, *, client: Client
    ) -> None:
        """Let the device have what `order` says, below a live sign-in.

        Raises PageExpired when it was decided before or its time is over, DeviceWithdrawn when it asks no longer,
        NotLive when the sign-in or something above it has ended.
        """
        await self._decide(waiting.key, APPROVED, order.user_id)
        rules = UsageRules(
            expires_in=max(1, waiting.request.expires_at - self._context.now()),
            max_usage=1,
            supports_minting=("access_token", "refresh_token", "id_token"),
        )
        code = Order(type="device_code", id=_digest(waiting.key), rules=rules)
        try:
            await self._authorizing.authorize(
                signin, order, code, client=client, event="device.approved"
            )
        except Conflict as error:
            raise PageExpired(detail="the device was approved already") from error
        record = await self._context.store.get(waiting.key)
        if record and records.value_of(record, DeviceRequest).decision == WITHDRAWN:
            await self._end_approved(waiting.key, order.user_id, client)
            raise DeviceWithdrawn

    async def deny(self, waiting: Waiting, user_id: str) -> None:
        """Tell the device no. Raises PageExpired when it was decided before or its time is over."""
        await self._decide(waiting.key, DENIED, user_id)

    async def _decide(self, key: str, decision: str, user_id: str) -> None:
        now = self._context.now()

        def alter(request: DeviceRequest) -> DeviceRequest | None:
            if now >= request.expires_at:
                raise PageExpired
            if (request.decision, request.user_id) == (decision, user_id):
                return None
            if request.decision:
                raise PageExpired(detail="the device was decided already")
            return msgspec.structs.replace(request, decision=decision, user_id=user_id)

        event = (
            self._tree.events(key, "device.denied", actor=user_id, subject=user_id)
            if decision == DENIED
            else ()
        )
        if await self._tree.change(key, DeviceRequest, alter, event=event) is None:
            raise PageExpired

    async def withdraw(self, text: str, client: Client) -> None:
        """End a request at the wish of the device that made it, with what came of it: the grant, if a person approved.

        Nothing for a text that leads to no request. Raises UnauthorizedClient for a code of another client.
        """
        try:
            key = self._key_of(text)
        except InvalidGrant:
            return
        record = await self._context.store.get(key)
        if record is None:
            return
        request = records.value_of(record, DeviceRequest)
        if request.client_id != client.client_id:
            raise UnauthorizedClient("The device code was not issued to this client.")

        def alter(request: DeviceRequest) -> DeviceRequest | None:
            if request.decision == WITHDRAWN:
                return None
            return msgspec.structs.replace(request, decision=WITHDRAWN)

        event = self._tree.events(key, "device.withdrawn", actor=client.client_id)
        withdrawn = await self._tree.change(key, DeviceRequest, alter, event=event)
        if withdrawn is not None and withdrawn.user_id:
            await self._end_approved(key, withdrawn.user_id, client)

    async def _end_approved(self, key: str, user_id: str, client: Client) -> None:
        path = await self._context.store.path(self._left_key(key, user_id))
        grant = next((r for r in path if r is not None and kind_of(r.key) == "grant"), None)
        if grant is not None:
            value = records.value_of(grant, Grant)
            why = "withdrawn by the device"
            await self._tree.end(grant.key, Grant, why, by=client.client_id, subject=value.user_id)

    async def poll(self, text: str, client: Client) -> str:
        """The key of the one-time record that a device code leads to, once a person approved (RFC 8628 §3.4).

        Raises AuthorizationPending, SlowDown, AccessDenied, ExpiredToken, or InvalidGrant for a code that is not this
        client's.
        """
        key = self._key_of(text)
        for _ in range(ATTEMPTS):
            record = await self._context.store.get(key)
            if record is None:
                raise InvalidGrant
            request = records.value_of(record, DeviceRequest)
            if request.client_id != client.client_id:
                raise InvalidGrant(detail="the device code was issued to another client")
            if request.decision == WITHDRAWN:
                raise InvalidGrant(detail="the device withdrew its request")
            if request.decision == DENIED:
                raise AccessDenied("The person did not agree.")
            if request.decision == APPROVED and await self._redeemable(key, request):
                return self._left_key(key, request.user_id)
            try:
                raise await self._still_waiting(record, request)
            except Conflict:
                continue
        raise Conflict

    def _key_of(self, text: str) -> str:
        context = self._context
        try:
            kind, body = tokens.decode(text)
            part = tokens.partition_of(body, context.purposes.mask)
        except Malformed as error:
            raise InvalidGrant from error
        if kind != "d" or len(body) != tokens.LOCATED:
            raise InvalidGrant
        return context.keys.device(part, tokens.digest(text))

    async def _redeemable(self, key: str, request: DeviceRequest) -> bool:
        """Whether approval has left its record. A used one counts after its time too: to show it again is theft."""
        record = await self._left(key, request)
        if record is None:
            return False
        used = bool(records.value_of(record, Token).used)
        if not used and self._context.now() >= request.expires_at:
            raise ExpiredToken
        return True

    async def _still_waiting(self, record: Record, request: DeviceRequest) -> ProtocolError:
        """Note a poll; the answer to it. Raises Conflict when another poll or a decision came between."""
        now = self._context.now()
        if now >= request.expires_at:
            return ExpiredToken()
        early = request.too_early(now)
        interval = request.interval + INTERVAL if early else request.interval
        noted = msgspec.structs.replace(request, polled=now, interval=interval)
        fresh = records.successor(record, noted, op_id=self._context.op_id())
        await self._tree.commit(partition_of(record.key), (Put(fresh, noted),))
        return SlowDown() if early else AuthorizationPending()


def _digest(key: str) -> str:
    return key.rsplit("/", 1)[1]
