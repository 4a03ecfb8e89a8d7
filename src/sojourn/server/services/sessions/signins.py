"""Sign-ins: begun, found again by their cookie, stepped up, listed and ended.

The cookie's text carries the partition and the sign-in's id beside a secret that is replaced at every sign-in and
step-up; only its digest is kept. A text that the browser held before is never upgraded.
"""

from __future__ import annotations

from contextlib import suppress
from hmac import compare_digest
from typing import Final

import msgspec
from msgspec import Struct

from sojourn.errors import Conflict, Malformed, NoSuchUser, NotLive
from sojourn.model import ids
from sojourn.model.admission import SIGN_IN, Admitted, judge
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.marks import Activity
from sojourn.model.signin import SignIn
from sojourn.model.user import User
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.tree import ATTEMPTS, Tree
from sojourn.store import records
from sojourn.store.contract import Check, Put, partition_of
from sojourn.wire import tokens

_SIZE: Final = 2 + tokens.ID + tokens.SECRET
_TOUCH: Final = 60_000
_ACTIVITY_LIFE: Final = 90 * 86_400_000


class Device(Struct, frozen=True):
    """What a request says of where it comes from: shown to people, never decided by."""

    address: str = ""
    agent: str = ""


class Started(Struct, frozen=True):
    """A sign-in and the cookie text that leads to it, which exists nowhere else."""

    signin: SignIn
    text: str

    def __repr__(self) -> str:
        return f"Started({self.signin!r})"


class SignIns:
    """All that is done to sign-ins."""

    __slots__ = ("_context", "_tree")

    def __init__(self, context: Context, tree: Tree) -> None:
        self._context = context
        self._tree = tree

    def _text(self, part: int, sid: str) -> str:
        context = self._context
        secret = tokens.digits(tokens.SECRET, context.random)
        return tokens.encode("s", tokens.masked(part, sid + secret, context.purposes.mask))

    def key_of(self, user_id: str, sid: str) -> str:
        return self._context.keys.signin(ids.partition("user", user_id), sid)

    async def start(
        self,
        event: AuthenticationEvent,
        device: Device = Device(),  # noqa: B008 - immutable
        *,
        epoch: int | None = None,
    ) -> Started:
        """Begin a sign-in for the user of `event`.

        epoch  the user's when the proof began: a password that was changed while it was being hashed proves nothing

        Raises NoSuchUser, or NotLive for a user who may not or whose epoch is another by now.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self._started(event, device, epoch)
            except Conflict:  # the user's record changed meanwhile: judged anew
                continue
        raise Conflict

    async def _started(
        self, event: AuthenticationEvent, device: Device, epoch: int | None
    ) -> Started:
        context = self._context
        user_key = context.keys.user(event.uid)
        record = await context.store.get(user_key)
        if record is None:
            raise NoSuchUser
        user = records.value_of(record, User)
        if user.refusal():
            raise NotLive(node="user", why=user.refusal())
        if epoch is not None and epoch != user.epoch:
            raise NotLive(node="user", why="others_ended")
        part, sid = partition_of(user_key), tokens.digits(tokens.ID, context.random)
        text = self._text(part, sid)
        signin = SignIn(
            id=sid,
            user_id=user.id,
            created=context.now(),
            end=context.now() + context.lifetimes.signin_absolute,
            secret=tokens.digest(text),
            event=event,
            epoch=user.epoch,
            address=device.address,
            agent=device.agent[:300],
        )
        where = context.keys.signin(part, signin.id)
        fresh = records.first(
            where, signin, op_id=context.op_id(), path=(user_key,), expires=signin.end
        )
        happened = self._tree.events(where, "signin.started", actor=user.id, subject=user.id)
        await self._tree.commit(part, (Check(user_key, record.version), Put(fresh), *happened))
        return Started(signin, text)

    async def find(self, text: str) -> Admitted | None:
        """The live sign-in that a cookie text leads to, judged; None for any other text."""
        context = self._context
        try:
            kind, body = tokens.decode(text)
            part = tokens.partition_of(body, context.purposes.mask)
        except Malformed:
            return None
        if kind != "s" or len(body) != _SIZE:
            return None
        sid = body[2 : 2 + tokens.ID]
        path = await self._tree.path(context.keys.signin(part, sid))
        if not path or not isinstance(signin := path[0].value, SignIn):
            return None
        if not compare_digest(signin.secret, tokens.digest(text)):
            return None
        try:
            return judge(SIGN_IN, path, client=None, now=context.now())
        except NotLive:
            return None

    async def by_id(self, user_id: str, sid: str) -> Admitted | None:
        """The live sign-in `sid` of a user, judged; None if there is none."""
        path = await self._tree.path(self.key_of(user_id, sid))
        if not path or not isinstance(path[0].value, SignIn):
            return None
        try:
            return judge(SIGN_IN, path, client=None, now=self._context.now())
        except NotLive:
            return None

    async def renew(self, admitted: Admitted, event: AuthenticationEvent | None = None) -> Started:
        """Give a sign-in a new cookie text (and event, after a step-up); the old text is dead from here on."""
        old = admitted.leaf.value
        assert isinstance(old, SignIn)  # noqa: S101 - what SIGN_IN admits
        if event is not None and event.uid != old.user_id:
            raise NotLive(node="sign-in", why="of another user")
        part = partition_of(admitted.leaf.key)
        text = self._text(part, old.id)
        secret = tokens.digest(text)

        def alter(signin: SignIn) -> SignIn | None:
            if signin.ended is not msgspec.UNSET or signin.secret != old.secret:
                raise NotLive(node="sign-in", why="replaced")
            return msgspec.structs.replace(signin, secret=secret, event=event or signin.event)

        fresh = await self._tree.change(admitted.leaf.key, SignIn, alter)
        if fresh is None:
            raise NotLive(node="sign-in", why="missing")
        return Started(fresh, text)

    async def idle(self, signin: SignIn) -> bool:
        """Whether it lay unused for too long to authorize anything new."""
        used = await self.last_use(self.key_of(signin.user_id, signin.id))
        last = max(signin.event.authn_time, used)
        return self._context.now() >= last + self._context.lifetimes.signin_idle

    async def touch(self, node_key: str, address: str = "") -> None:
        """Note that a node was used, at most once a minute; who loses the race does not mind."""
        context = self._context
        where = context.keys.activity(node_key)
        now = context.now()
        record = await context.store.get(where)
        fresh = Activity(at=now, address=address)
        if record is None:
            step = records.first(where, fresh, op_id=context.op_id(), expires=now + _ACTIVITY_LIFE)
        elif self._tree.decoded.value(record, Activity).at > now - _TOUCH:
            return
        else:
            until = now + _ACTIVITY_LIFE
            step = records.successor(record, fresh, op_id=context.op_id(), expires=until)
        with suppress(Conflict):
            await self._tree.commit(partition_of(where), (Put(step),))

    async def last_use(self, node_key: str) -> int:
        """UTC ms of a node's last noted use; 0: none."""
        record = await self._context.store.get(self._context.keys.activity(node_key))
        return 0 if record is None else self._tree.decoded.value(record, Activity).at

    async def of_user(self, user_id: str) -> tuple[SignIn, ...]:
        """Every sign-in of a user that is kept, live or ended, newest first."""
        found: list[SignIn] = []
        after: str | None = None
        part = ids.partition("user", user_id)
        while True:
            page = await self._context.store.find(
                "signin", "user", user_id, partition=part, after=after
            )
            found += [records.value_of(record, SignIn) for record in page.records]
            after = page.after
            if after is None:
                return tuple(sorted(found, key=lambda one: one.created, reverse=True))

    async def end(self, user_id: str, sid: str, why: str, *, by: str = "") -> bool:
        """End one sign-in of a user, and every token that came from it but the offline ones. True if it was live."""
        key = self.key_of(user_id, ids.escaped(sid))
        record = await self._context.store.get(key)
        if record is None or records.value_of(record, SignIn).user_id != user_id:
            return False
        return await self._tree.end(key, SignIn, why, by=by, subject=user_id)

    async def end_all(self, user_id: str, why: str, *, but: str = "", by: str = "") -> None:
        """End all that a user has, in one write to the user, but the sign-in `but` and what came from it.

        Raises NoSuchUser, or NotLive when `but` names a sign-in that has ended: nothing is kept that way, nor revived.
        """
        key = self._context.keys.user(user_id)
        kept = await self._standing(user_id, but) if but else None
        event = self._tree.events(key, "user.sessions_ended", actor=by, subject=user_id, reason=why)

        def alter(user: User) -> User:
            if kept is not None and not user.keeps(kept.epoch, kept.id):
                raise NotLive(node="sign-in", why="the user ended it")
            return user.cut(self._context.now(), why, but=but, by=by)

        changed = await self._tree.change(key, User, alter, event=event)
        if changed is None:
            raise NoSuchUser

    async def _standing(self, user_id: str, sid: str) -> SignIn:
        admitted = await self.by_id(user_id, sid)
        if admitted is None or not isinstance(signin := admitted.leaf.value, SignIn):
            raise NotLive(node="sign-in", why="ended")
        if signin.user_id != user_id:
            raise NotLive(node="sign-in", why="of another user")
        return signin
