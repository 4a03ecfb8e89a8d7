"""Users: made, found by login, changed, disabled, and their passwords. Names are claims, so that two never share one.

A name is claimed for an owner first (pending, with a deadline), then the owner is made, then the claim is confirmed. A
pending claim past its deadline may be taken over; a look-up believes a claim only when its owner says so too (design
decision 4). Names are RFC 8265 UsernameCaseMapped; an e-mail address used as a login is casefolded.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import UNSET, Struct
from precis_i18n import get_profile

from sojourn.errors import Conflict, InvalidRequest, NoSuchUser, NotLive
from sojourn.model.credential import PasswordCredential
from sojourn.model.signin import SignIn
from sojourn.model.user import STATUSES, NameClaim, User
from sojourn.model.value import Ending
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.tree import ATTEMPTS, Tree
from sojourn.store import records
from sojourn.store.contract import Check, Drop, Page, Put, Step, partition_of
from sojourn.wire import base64url

CLAIM_LIFE: Final = 30_000
MAX_LOGIN: Final = 128

_profile: Final = get_profile("UsernameCaseMapped")


def normalised(login: str) -> str:
    """The one spelling of a login name (RFC 8265 §3.3). Raises InvalidRequest for text that cannot be one."""
    text = unicodedata.normalize("NFC", login.strip())
    if not text or len(text) > MAX_LOGIN:
        message = f"A user name has 1 to {MAX_LOGIN} characters."
        raise InvalidRequest(message)
    try:
        name: str = _profile.enforce(text)
    except UnicodeEncodeError as error:
        message = "The user name has characters that a user name cannot have."
        raise InvalidRequest(message) from error
    return name


class UserPage(Struct, frozen=True):
    """Some users, and the cursor to go on with."""

    users: tuple[User, ...]
    after: str | None


class Users:
    """All that is done to users."""

    __slots__ = ("_context", "_tree")

    def __init__(self, context: Context, tree: Tree) -> None:
        self._context = context
        self._tree = tree

    async def get(self, user_id: str) -> User | None:
        """The user with this id."""
        record = await self._context.store.get(self._context.keys.user(user_id))
        return None if record is None else records.value_of(record, User)

    async def by_login(self, login: str) -> User | None:
        """The user who signs in with this name; the claim and its owner must agree."""
        try:
            name = normalised(login)
        except InvalidRequest:
            return None
        record = await self._context.store.get(self._context.keys.name(name))
        if record is None:
            return None
        user = await self.get(records.value_of(record, NameClaim).user_id)
        return user if user is not None and user.login == name else None

    async def create(
        self,
        login: str,
        *,
        claims: Mapping[str, object] | None = None,
        roles: tuple[str, ...] = (),
        password_hash: str = "",
        actor: str = "",
    ) -> User:
        """Make a user. Raises InvalidRequest for a name that is taken or cannot be one."""
        context = self._context
        name = normalised(login)
        user = User(
            id=base64url.encode(context.random(16)),
            created=context.now(),
            login=name,
            claims=claims or {},
            roles=roles,
        )
        await self._claim(name, user.id)
        key = context.keys.user(user.id)
        steps: list[Step] = [Put(records.first(key, user, op_id=context.op_id()))]
        if password_hash:
            steps.append(self._password_step(user.id, password_hash))
        steps += self._tree.events(key, "user.created", actor=actor, subject=user.id)
        await self._tree.commit(partition_of(key), tuple(steps))
        await self._tree.change(
            context.keys.name(name),
            NameClaim,
            lambda claim: msgspec.structs.replace(claim, deadline=0),
        )
        return user

    async def _claim(self, name: str, user_id: str) -> None:
        context = self._context
        key = context.keys.name(name)
        claim = NameClaim(user_id=user_id, deadline=context.now() + CLAIM_LIFE)
        record = await context.store.get(key)
        taken = InvalidRequest("This user name is taken.")
        if record is None:
            fresh = records.first(key, claim, op_id=context.op_id())
        else:
            old = records.value_of(record, NameClaim)
            owner = await self.get(old.user_id)
            if (owner is not None and owner.login == name) or context.now() < old.deadline:
                raise taken
            fresh = records.successor(record, claim, op_id=context.op_id())
        try:
            await self._tree.commit(partition_of(key), (Put(fresh),))
        except Conflict as error:
            raise taken from error

    def _password_step(self, user_id: str, password_hash: str) -> Put:
        context = self._context
        key = context.keys.credential(user_id, "password")
        value = PasswordCredential(hash=password_hash, changed=context.now())
        path = (context.keys.user(user_id),)
        return Put(records.first(key, value, op_id=context.op_id(), path=path))

    async def password(self, user_id: str) -> PasswordCredential | None:
        """The user's password hash, if they have a password."""
        key = self._context.keys.credential(user_id, "password")
        record = await self._context.store.get(key)
        return None if record is None else records.value_of(record, PasswordCredential)

    async def set_password(
        self, user_id: str, password_hash: str, *, keep: str = "", actor: str = ""
    ) -> None:
        """Replace the password and end all that the user has but the sign-in `keep`, in one batch.

        Raises NoSuchUser, or NotLive when `keep` has ended: nothing is revived that way.
        """
        user_key = self._context.keys.user(user_id)
        by = actor or user_id
        event = self._tree.events(user_key, "user.password_changed", actor=by, subject=user_id)
        for _ in range(ATTEMPTS):
            ending = await self._all_ended(user_id, keep, by=by)
            step = await self._new_password(user_id, password_hash)
            with suppress(Conflict):
                await self._tree.commit(partition_of(user_key), (step, *ending, *event))
                return
        raise Conflict

    async def _new_password(self, user_id: str, password_hash: str) -> Step:
        context = self._context
        old = await context.store.get(context.keys.credential(user_id, "password"))
        if old is None:
            return self._password_step(user_id, password_hash)
        value = PasswordCredential(hash=password_hash, changed=context.now())
        return Put(records.successor(old, value, op_id=context.op_id()))

    async def _all_ended(self, user_id: str, keep: str, *, by: str) -> tuple[Step, ...]:
        """The steps that end all but the sign-in `keep`, and hold that one still."""
        context = self._context
        record = await context.store.get(context.keys.user(user_id))
        if record is None:
            raise NoSuchUser
        user = records.value_of(record, User)
        why = "password_changed" if by == user_id else "administrator"
        ended = user.cut(context.now(), why, but=keep, by=by)
        put = Put(records.successor(record, ended, op_id=context.op_id()))
        if not keep:
            return (put,)
        kept = await context.store.get(context.keys.signin(partition_of(record.key), keep))
        signin = records.value_of(kept, SignIn) if kept is not None else None
        if kept is None or signin is None or signin.ended is not UNSET:
            raise NotLive(node="sign-in", why="ended")
        if not user.keeps(signin.epoch, signin.id):
            raise NotLive(node="sign-in", why="the user ended it")
        return (put, Check(kept.key, kept.version))

    async def rehash(self, user_id: str, old: PasswordCredential, password_hash: str) -> None:
        """Keep the same password under newer parameters; a concurrent change wins."""
        key = self._context.keys.credential(user_id, "password")
        await self._tree.change(
            key,
            PasswordCredential,
            lambda found: (
                msgspec.structs.replace(found, hash=password_hash)
                if found.hash == old.hash
                else None
            ),
        )

    async def change(
        self, user_id: str, alter: Callable[[User], User], *, event: str, actor: str = ""
    ) -> User:
        """Alter a user. Raises NoSuchUser."""
        key = self._context.keys.user(user_id)
        happened = self._tree.events(key, event, actor=actor, subject=user_id)
        changed = await self._tree.change(key, User, alter, event=happened)
        if changed is None:
            raise NoSuchUser
        return changed

    async def set_status(self, user_id: str, status: str, *, actor: str = "") -> User:
        """Activate, lock or disable a user. What a user who is not active has is dead at once."""
        if status not in STATUSES:
            message = f"A user's status is one of {', '.join(STATUSES)}."
            raise InvalidRequest(message)
        return await self.change(
            user_id,
            lambda user: msgspec.structs.replace(user, status=status),
            event=f"user.{status}",
            actor=actor,
        )

    async def delete(self, user_id: str, *, actor: str = "") -> None:
        """End a user for good. The id is never used again; the name is free."""
        ending = Ending(self._context.now(), "deleted", by=actor)

        def alter(user: User) -> User:
            return msgspec.structs.replace(
                user,
                ended=ending if user.ended is UNSET else user.ended,
                login="",
                claims={},
                roles=(),
            )

        user = await self.get(user_id)
        await self.change(user_id, alter, event="user.deleted", actor=actor)
        await self._context.store.drop(self._context.keys.credential(user_id, "password"))
        if user is not None and user.login:
            await self._free(user.login, user_id)

    async def _free(self, name: str, user_id: str) -> None:
        """Take a claim out, unless the name has another owner by now: a deleted user's may be claimed at once."""
        record = await self._context.store.get(self._context.keys.name(name))
        if record is None or records.value_of(record, NameClaim).user_id != user_id:
            return
        with suppress(Conflict):
            await self._tree.commit(partition_of(record.key), (Drop(record.key, record.version),))

    async def page(self, *, after: str | None, limit: int) -> UserPage:
        """Some users that are not deleted, in no order."""
        found: Page = await self._context.store.find("user", "all", "1", after=after, limit=limit)
        users = tuple(records.value_of(record, User) for record in found.records)
        return UserPage(tuple(user for user in users if user.ended is UNSET), found.after)

    async def has_administrator(self) -> bool:
        """Whether there is a user who may administer (the set-up link is for when there is none)."""
        after: str | None = None
        while True:
            found = await self.page(after=after, limit=100)
            if any("administrator" in user.roles for user in found.users):
                return True
            after = found.after
            if after is None:
                return False
