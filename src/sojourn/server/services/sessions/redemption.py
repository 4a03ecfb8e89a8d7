"""Redemption: codes and refresh tokens taken in, judged, and spent in the batch that mints what they give.

A consumed code presented again ends its grant. One exception: a code whose tokens were never sent, because the process
died on the way, may be repeated by the same client with the same verifier (design decision 9).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from sojourn.errors import Conflict, InvalidGrant, Malformed, MintingNotAllowed, NotLive
from sojourn.model.admission import (
    CODE,
    CODE_AGAIN,
    DEVICE_CODE,
    DEVICE_CODE_AGAIN,
    REFRESH,
    Admitted,
    Operation,
    judge,
)
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.server.services.context import Context
from sojourn.server.services.sessions import rotation
from sojourn.server.services.sessions.minting import Mint, Minted, Order
from sojourn.server.services.sessions.root import Root
from sojourn.server.services.sessions.tree import ATTEMPTS, Tree, checks
from sojourn.store import records
from sojourn.store.contract import Put, Record, Step, kind_of, partition_of
from sojourn.wire import proof, tokens

_OF_CODES: Final = (CODE, CODE_AGAIN, DEVICE_CODE, DEVICE_CODE_AGAIN)
_SENT: Final = object()
"""Stands for a redemption whose tokens went out, until the store knows it too."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What a grant type wants issued: any of an access token, a refresh token, an ID token.

    refresh_jkt  thumbprint of the key that the refresh token is bound to; empty: none
    issued_type  what the answer is to call the access token, where it must (RFC 8693 §2.2.1)
    """

    access: Order
    refresh: bool = False
    refresh_jkt: str = ""
    id_token: Order | None = None
    issued_type: str = ""


class Taken(Struct, frozen=True, kw_only=True):
    """Something presented and found good.

    root      what new tokens hang from: its judged path, and the token they are based on
    parent    key of that token
    steps     that spend it
    refresh   the refresh token to answer with, where it is not a new family
    """

    root: Root
    wanted: Wanted
    parent: str = ""
    steps: tuple[Step, ...] = ()
    refresh: str = ""

    def __repr__(self) -> str:
        return f"Taken({self.root.admitted.operation.name})"


class Issued(Struct, frozen=True, kw_only=True):
    """What a token request gave. `code_key` is set when a code was spent and must be marked as sent."""

    access: Minted
    grant: Grant | None = None
    refresh: str = ""
    id_token: str = ""
    code_key: str = ""
    issued_type: str = ""

    def __repr__(self) -> str:
        return f"Issued({self.access!r})"


class Redemption:
    """Takes codes and refresh tokens, and issues what they give."""

    __slots__ = ("_context", "_mint", "_noted", "_redeeming", "_spent", "_tree")

    def __init__(self, context: Context, tree: Tree, mint: Mint) -> None:
        self._context = context
        self._tree = tree
        self._mint = mint
        self._redeeming: Final[dict[str, object]] = {}
        self._noted: Final[dict[str, None]] = {}
        self._spent: Final[dict[str, Put]] = {}

    async def _leaf(self, key: str) -> tuple[Record, Token, tuple[Record | None, ...]]:
        raw = await self._context.store.path(key)
        record = raw[0] if raw else None
        if record is None:
            raise InvalidGrant
        return record, self._tree.decoded.value(record, Token), raw

    def _judge(
        self, operation: Operation, raw: tuple[Record | None, ...], client: Client, key: str
    ) -> Admitted:
        path, now = self._tree.decoded.path(raw), self._context.now()
        try:
            return judge(operation, path, client=client, now=now, key=key)
        except NotLive as error:
            raise InvalidGrant(detail=error.detail) from error

    async def _theft(self, raw: tuple[Record | None, ...], why: str) -> None:
        """End the grant above a token that came back when it should not; one that is gone is dead already."""
        grant = next((r for r in raw if r is not None and kind_of(r.key) == "grant"), None)
        if grant is None:
            return
        value = records.value_of(grant, Grant)
        await self._tree.end(grant.key, Grant, why, subject=value.user_id)

    async def code(
        self,
        text: str,
        client: Client,
        *,
        redirect_uri: str,
        verifier: str,
        jkt: str = "",
        wanted: Callable[[Grant, Token], Awaitable[Wanted]],
    ) -> Taken:
        """Take an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6). Raises InvalidGrant.

        jkt  thumbprint of the key that was proved (RFC 9449): the one that the code's request named, if it named one
        """
        context = self._context
        try:
            kind, body = tokens.decode(text)
            part = tokens.partition_of(body, context.purposes.mask)
        except Malformed as error:
            raise InvalidGrant from error
        if kind != "c" or len(body) != tokens.LOCATED:
            raise InvalidGrant
        key = context.keys.token(part, tokens.digest(text))
        record, token, raw = await self._leaf(key)
        if token.client_id != client.client_id:
            raise InvalidGrant(detail="the code was issued to another client")
        again = bool(token.used)
        if again:
            await self._check_again(key, token, raw, verifier)
        if redirect_uri != token.redirect_uri:
            raise InvalidGrant(detail="redirect_uri differs from the authorization request's")
        _check_verifier(token, verifier)
        admitted = self._judge(CODE_AGAIN if again else CODE, raw, client, jkt)
        return self._spend(
            record, token, admitted, verifier, await wanted(_grant_of(admitted), token)
        )

    async def approved(
        self,
        key: str,
        client: Client,
        *,
        jkt: str = "",
        wanted: Callable[[Grant, Token], Awaitable[Wanted]],
    ) -> Taken:
        """Take the one-time record that a person's approval left at `key` for a device (RFC 8628 §3.5), under the
        rules of a code; `jkt` as there. Raises InvalidGrant.
        """
        record, token, raw = await self._leaf(key)
        again = bool(token.used)
        if again:
            await self._check_again(key, token, raw, "")
        admitted = self._judge(DEVICE_CODE_AGAIN if again else DEVICE_CODE, raw, client, jkt)
        return self._spend(record, token, admitted, "", await wanted(_grant_of(admitted), token))

    def _spend(
        self, record: Record, token: Token, admitted: Admitted, verifier: str, wanted: Wanted
    ) -> Taken:
        spent = msgspec.structs.replace(token, used=1, verifier=tokens.digest(verifier))
        step = Put(records.successor(record, spent, op_id=self._context.op_id()), spent)
        root = self._mint.root(admitted, record.key)
        return Taken(root=root, parent=record.key, steps=(step,), wanted=wanted)

    async def _check_again(
        self, key: str, token: Token, raw: tuple[Record | None, ...], verifier: str
    ) -> None:
        held = self._redeeming.get(key)
        if held is not None and held is not _SENT:
            raise InvalidGrant(detail="the code is being redeemed")
        if held is _SENT or token.sent or token.verifier != tokens.digest(verifier):
            await self._theft(raw, "the code was presented again")
            raise InvalidGrant(detail="the code was presented again")

    async def refresh(
        self,
        text: str,
        client: Client,
        *,
        retry: str,
        rotate: bool,
        jkt: str = "",
        wanted: Callable[[Grant, Token], Awaitable[Wanted]],
    ) -> Taken:
        """Take a refresh token (RFC 6749 §6). Raises InvalidGrant.

        retry   the Idempotency-Key header, or empty
        rotate  whether it is replaced by a new one; one that is bound to a key never is, for a copy is of no use
        jkt     thumbprint of the key that was proved (RFC 9449), which must be the token's, if it is bound to one
        """
        context = self._context
        shown = rotation.parse(context, text)
        if shown is None:
            raise InvalidGrant
        key = context.keys.token(shown.partition, shown.name)
        record, token, raw = await self._leaf(key)
        if token.client_id != client.client_id or token.family is UNSET:
            raise InvalidGrant(detail="the refresh token was issued to another client")
        admitted = self._judge(REFRESH, raw, client, jkt)
        once = tokens.digest(retry) if retry else ""
        now = admitted.now
        seed = rotation.seed_of(context, shown, token.family)
        verdict = rotation.judge(context, shown, token.family, seed, retry=once, now=now)
        if verdict is rotation.Verdict.FORGED:
            raise InvalidGrant(detail="the refresh token's MAC is wrong")
        if verdict is rotation.Verdict.THEFT:
            await self._theft(raw, "a refresh token was presented again")
            raise InvalidGrant(detail="the refresh token was presented again")
        root = self._mint.root(admitted, key)
        family, end = token.family, self._mint.family_end(root)
        fresh = None
        if verdict is rotation.Verdict.NEWEST and rotate and not token.jkt:
            fresh, family = rotation.rotated(token, family, retry=once, now=now, end=end)
        elif verdict is rotation.Verdict.NEWEST:
            fresh = rotation.prolonged(token, now=now, end=end)
        steps: tuple[Step, ...] = ()
        if fresh is not None:
            later = records.successor(record, fresh, op_id=context.op_id(), expires=end)
            steps = (Put(later, fresh),)
        return Taken(
            root=root,
            parent=key,
            steps=steps,
            refresh=rotation.newest_text(context, shown, family, seed),
            wanted=await wanted(_grant_of(admitted), token),
        )

    async def issue(self, take: Callable[[], Awaitable[Taken]]) -> Issued:
        """Take and mint in one batch, again from the start when another writer was first."""
        for _ in range(ATTEMPTS):
            taken = await take()
            admitted = taken.root.admitted
            code_key = taken.parent if admitted.operation in _OF_CODES else ""
            issued, steps = self._all(taken, code_key)
            self._hold(code_key)
            try:
                part = issued.access.partition
                held = checks(admitted, part, but=_spent_key(taken))
                await self._tree.commit(part, (*held, *taken.steps, *steps))
            except Conflict:
                self.unsent(code_key)
                continue
            except BaseException:
                self.unsent(code_key)
                raise
            if isinstance(spending := next(iter(taken.steps), None), Put) and code_key:
                self._spent[code_key] = spending
            return issued
        raise Conflict

    def _all(self, taken: Taken, code_key: str) -> tuple[Issued, tuple[Step, ...]]:
        wanted, root, prepare = taken.wanted, taken.root, self._mint.prepare
        try:
            access = prepare(root, wanted.access)
            steps = access.steps
            refresh = taken.refresh
            if wanted.refresh and not refresh:
                family = prepare(root, Order(type="refresh_token", jkt=wanted.refresh_jkt))
                refresh, steps = family.value, (*steps, *family.steps)
            id_token = ""
            if wanted.id_token is not None:
                id_token = prepare(root, wanted.id_token, access=access.value).value
        except MintingNotAllowed as error:
            raise InvalidGrant(detail=error.detail) from error
        issued = Issued(
            access=access,
            grant=root.grant,
            refresh=refresh,
            id_token=id_token,
            code_key=code_key,
            issued_type=wanted.issued_type,
        )
        return issued, steps

    def _hold(self, code_key: str) -> None:
        """Let one redemption of a code run at a time in this process, be it shared by tasks or by threads."""
        mine = object()
        if code_key and self._redeeming.setdefault(code_key, mine) is not mine:
            raise InvalidGrant(detail="the code is being redeemed")

    def note_sent(self, code_key: str) -> None:
        """Say that the tokens of a code went out: from now on presenting it again is theft, here at once and, when
        `sent` has written it, after a restart too. Until then a restart lets the same client and verifier repeat.
        """
        self._redeeming[code_key] = _SENT
        self._noted[code_key] = None

    def noted(self) -> tuple[str, ...]:
        """The codes whose marks are not written yet, for `sent` to write."""
        return tuple(self._noted)

    async def sent(self, code_key: str) -> None:
        """Write that the tokens of a code went out; presenting it again is theft even while this is being written, and
        when it cannot be.
        """
        spent = self._spent.get(code_key)
        self._redeeming[code_key] = _SENT
        if spent is None or not await self._write_sent(spent):
            await self._tree.change(code_key, Token, _as_sent)
        self._noted.pop(code_key, None)
        self.unsent(code_key)

    async def _write_sent(self, spent: Put) -> bool:
        """Write it over the record as it was spent, without reading that again; False if another write came between."""
        if not isinstance(spent.value, Token):
            return False
        token = msgspec.structs.replace(spent.value, sent=True)
        fresh = records.successor(spent.record, token, op_id=self._context.op_id())
        try:
            await self._tree.commit(partition_of(fresh.key), (Put(fresh, token),))
        except Conflict:
            return False
        return True

    def unsent(self, code_key: str) -> None:
        """Say that the tokens of a code could not be sent: the same client may repeat."""
        self._redeeming.pop(code_key, None)
        self._spent.pop(code_key, None)


def _as_sent(token: Token) -> Token | None:
    return None if token.sent else msgspec.structs.replace(token, sent=True)


def _spent_key(taken: Taken) -> str:
    return taken.parent if taken.steps else ""


def _grant_of(admitted: Admitted) -> Grant:
    grant = admitted.value(Grant)
    if not isinstance(grant, Grant):
        raise InvalidGrant(detail="no grant above the token")
    return grant


def _check_verifier(token: Token, verifier: str) -> None:
    """RFC 7636 §4.6; a verifier without a challenge is a downgrade and refused (RFC 9700 §2.1.1)."""
    if bool(token.challenge) != bool(verifier):
        raise InvalidGrant(detail="code_verifier and code_challenge must come together")
    if token.challenge and not proof.check(verifier, token.challenge):
        raise InvalidGrant(detail="code_verifier does not match code_challenge")
