"""The whole tree driven at random beside the naive oracle; after every step both must say the same of every token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sojourn.driver import drive
from sojourn.errors import (
    InvalidGrant,
    InvalidToken,
    MintingNotAllowed,
    NoSuchGrant,
    NotLive,
    SessionError,
)
from sojourn.model.admission import ACCEPT, INTROSPECT
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.policy import DEFAULT_RULES, UsageRules
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.server import AsyncSessionManager
from sojourn.server.services.sessions.grants import GrantOrder
from sojourn.server.services.sessions.minting import Minted, Order
from sojourn.server.services.sessions.redemption import Issued, Taken, Wanted
from sojourn.store import records
from sojourn.testing.clock import Clock, Randomness
from tests.model import oracle

T = TypeVar("T")
RULES = {
    **DEFAULT_RULES,
    "access_token": UsageRules(
        expires_in=20 * oracle.MINUTE, supports_minting=("authorization_code", "access_token")
    ),
    "refresh_token": UsageRules(
        expires_in=90 * oracle.MINUTE, supports_minting=("access_token", "refresh_token")
    ),
}
MINTED = ("authorization_code", "access_token", "refresh_token")
WANTED = Wanted(access=Order(type="access_token"), refresh=True)
WANTED_JWT = Wanted(access=Order(type="access_token", jwt=True))
pick = st.integers(min_value=0, max_value=10_000)
VERIFIER = "v" * 43


def wants(wanted: Wanted) -> Callable[[Grant, Token], Awaitable[Wanted]]:
    async def answer(_grant: Grant, _token: Token) -> Wanted:
        return wanted

    return answer


class TreeMachine(RuleBasedStateMachine):
    """Rules are what people, programs and administrators do."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.oracle = oracle.Oracle()
        self.manager = drive(
            AsyncSessionManager.open(
                "memory:",
                usage_rules=RULES,
                now=self.clock.now,
                random=Randomness(7).bytes,
                issuer="https://op.example",
            )
        )
        self.context = self.manager.context

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return drive(coroutine)

    @property
    def now(self) -> int:
        return self.clock.now()

    @initialize()
    def two_users_and_two_clients(self) -> None:
        # One id is the other's beginning: what is joined without care would collide.
        for name in ("ab", "a"):
            user = User(id=name, created=self.now)
            key = self.context.keys.user(name)
            self.run(self.context.store.put(records.first(key, user, op_id="0" * 16)))
            self.oracle.users.append(oracle.User(name))
        for name in ("c", "bc"):
            client = Client(client_id=name, created=self.now)
            key = self.context.keys.client(name)
            self.run(self.context.store.put(records.first(key, client, op_id="0" * 16)))
            self.oracle.clients.append(oracle.Client(name))
        self.sign_in(0)
        self.sign_in(1)

    # growing

    @rule(which=pick)
    def sign_in(self, which: int) -> None:
        user = self.oracle.users[which % 2]
        event = create_authn_event(user.id, now=self.now)
        try:
            started = self.run(self.manager.signins.start(event))
        except NotLive:
            assert user.disabled
            return
        assert not user.disabled
        signin = oracle.SignIn(started.signin.id, started.text, user, started.signin.end)
        self.oracle.signins.append(signin)

    @rule(which=pick, client=pick, offline=st.booleans(), life=st.sampled_from([0, 0, 50]))
    def grant_from_a_sign_in(self, which: int, client: int, offline: bool, life: int) -> None:
        signin = self.oracle.signins[which % len(self.oracle.signins)]
        end = self.now + life * oracle.MINUTE if life else 0
        self._grant(signin.user, signin, client, offline=offline, end=end)

    @rule(which=pick, client=pick)
    def grant_without_a_sign_in(self, which: int, client: int) -> None:
        self._grant(self.oracle.users[which % 2], None, client, offline=False, end=0)

    def _grant(
        self,
        user: oracle.User,
        signin: oracle.SignIn | None,
        client: int,
        *,
        offline: bool,
        end: int,
    ) -> None:
        of = self.oracle.clients[client % 2]
        order = GrantOrder(
            user_id=user.id,
            client_id=of.id,
            signin=signin.id if signin else "",
            offline=offline,
            end=end,
        )
        allowed = not user.disabled and (signin is None or signin.live(self.now))
        allowed = allowed and not of.disabled
        try:
            prepared = self.run(self.manager.grants_.create(order))
        except NotLive:
            assert not allowed
            return
        assert allowed
        session = self.oracle.session(user, of)
        self.oracle.grants.append(oracle.Grant(prepared.grant.id, session, signin, offline, end))

    def _bound(self, grant: oracle.Grant) -> Grant:
        where = self.manager.grants_.session_id(grant.session.user.id, grant.id)
        return self.run(self.manager.get_grant(where)).value

    @precondition(lambda self: self.oracle.grants)
    @rule(which=pick, type=st.sampled_from(MINTED), jwt=st.booleans())
    def mint_from_a_grant(self, which: int, type: str, jwt: bool) -> None:
        grant = self.oracle.grants[which % len(self.oracle.grants)]
        self._mint(grant, None, type, jwt=jwt and type == "access_token")

    @precondition(lambda self: self.oracle.tokens)
    @rule(which=pick, type=st.sampled_from(MINTED), jwt=st.booleans())
    def mint_from_a_token(self, which: int, type: str, jwt: bool) -> None:
        parent = self.oracle.tokens[which % len(self.oracle.tokens)]
        if not parent.jwt:
            self._mint(parent.grant, parent, type, jwt=jwt and type == "access_token")

    def _mint(
        self, grant: oracle.Grant, parent: oracle.Token | None, type: str, *, jwt: bool
    ) -> None:
        allowed = grant.live(self.now)
        if parent is not None:
            allowed = parent.live(self.now) and type in parent.mints
        text = parent.texts[-1] if parent else ""
        try:
            bound = self._bound(grant)
            minted = self.run(self.manager.mint(bound, type, based_on=text, jwt=jwt))
        except (SessionError, NotLive, MintingNotAllowed):
            assert not allowed
            return
        assert allowed
        self._minted(grant, parent, minted, jwt=jwt)

    def _minted(
        self, grant: oracle.Grant, parent: oracle.Token | None, minted: Minted, *, jwt: bool
    ) -> oracle.Token:
        rules = RULES[minted.type]
        end = self.oracle.life(grant, parent, rules.expires_in, self.now)
        if jwt:
            end = oracle.earliest(end, self.now + oracle.JWT_LIFE)
        assert minted.expires_at == end
        if jwt:
            end -= end % 1000
        mints = () if jwt else rules.supports_minting
        token = oracle.Token(minted.type, [minted.value], grant, parent, end, jwt, mints)
        self.oracle.tokens.append(token)
        return token

    # redeeming

    @precondition(lambda self: self._of_type("authorization_code"))
    @rule(
        which=pick, jwt=st.booleans(), sent=st.booleans(), verifier=st.sampled_from(["", VERIFIER])
    )
    def redeem(self, which: int, jwt: bool, sent: bool, verifier: str) -> None:
        codes = self._of_type("authorization_code")
        code = codes[which % len(codes)]
        wanted = WANTED_JWT if jwt else WANTED
        client = self._client(code.grant)

        async def take() -> Taken:
            return await self.manager.redemption.code(
                code.texts[0],
                client,
                redirect_uri="",
                verifier=verifier,
                wanted=wants(wanted),
            )

        fresh = not code.used
        unused_live = fresh and code.live(self.now)
        again_live = not fresh and not code.sent and self._code_stands(code)
        allowed = not verifier and (unused_live or again_live)
        try:
            issued = self.run(self.manager.redemption.issue(take))
        except InvalidGrant:
            assert not allowed
            if code.used and (code.sent or verifier):
                code.grant.ended = True
            return
        assert allowed
        code.used = True
        if sent:
            code.sent = True
            self.run(self.manager.redemption.sent(issued.code_key))
        else:
            self.run_unsent(issued)
        self._issued(code, issued, jwt=jwt)

    def run_unsent(self, issued: Issued) -> None:
        self.manager.redemption.unsent(issued.code_key)

    def _code_stands(self, code: oracle.Token) -> bool:
        in_time = not code.expires_at or self.now < code.expires_at
        return not code.ended and in_time and code.lineage_live(self.now)

    def _issued(self, parent: oracle.Token, issued: Issued, *, jwt: bool) -> None:
        self._minted(parent.grant, parent, issued.access, jwt=jwt)
        if issued.refresh and parent.type == "authorization_code":
            rule = RULES["refresh_token"]
            end = self.oracle.life(parent.grant, parent, rule.expires_in, self.now)
            family = oracle.Token(
                "refresh_token",
                [issued.refresh],
                parent.grant,
                parent,
                end,
                mints=rule.supports_minting,
            )
            self.oracle.tokens.append(family)

    @precondition(lambda self: self._of_type("refresh_token"))
    @rule(
        which=pick,
        age=st.sampled_from([0, 0, 0, 1, 1, 2]),
        key=st.sampled_from(["", "", "k1", "k2"]),
        jwt=st.booleans(),
        rotate=st.sampled_from([True, True, True, False]),
    )
    def refresh(self, which: int, age: int, key: str, jwt: bool, rotate: bool) -> None:
        families = self._of_type("refresh_token")
        family = families[which % len(families)]
        age = min(age, len(family.texts) - 1)
        wanted = WANTED_JWT if jwt else WANTED
        client = self._client(family.grant)

        async def take() -> Taken:
            return await self.manager.redemption.refresh(
                family.texts[-1 - age],
                client,
                retry=key,
                rotate=rotate,
                wanted=wants(wanted),
            )

        alive = family.live(self.now)
        in_window = not family.retry and self.now < family.rotated + oracle.RETRY
        again = age == 1 and (family.retry == key if family.retry else in_window)
        try:
            issued = self.run(self.manager.redemption.issue(take))
        except InvalidGrant:
            assert not (alive and (age == 0 or again))
            if alive:
                family.grant.ended = True
            return
        assert alive
        assert age == 0 or again
        if age == 0 and rotate:
            family.texts.append(issued.refresh)
            family.rotated, family.retry = self.now, key
        assert issued.refresh == family.texts[-1]
        self._issued(family, issued, jwt=jwt)

    def _of_type(self, type: str) -> list[oracle.Token]:
        return [token for token in self.oracle.tokens if token.type == type]

    def _client(self, grant: oracle.Grant) -> Client:
        found = self.run(self.manager.tree.client(grant.session.client.id))
        assert found is not None
        return found

    # ending

    @precondition(lambda self: self.oracle.tokens)
    @rule(which=pick, recursive=st.booleans(), by_session=st.booleans(), old=st.booleans())
    def revoke_a_token(self, which: int, recursive: bool, by_session: bool, old: bool) -> None:
        token = self.oracle.tokens[which % len(self.oracle.tokens)]
        text = token.texts[0 if old else -1]
        try:
            if by_session:
                user = token.grant.session.user.id
                where = self.manager.grants_.session_id(user, token.grant.id)
                self.run(self.manager.revoke_token(where, text, recursive))
            else:
                self.run(self.manager.revoke(text, recursive=recursive))
        except SessionError:
            assert not token.live(self.now)
            if not token.ended_with_children:
                assert not any(
                    self._stands_on(t, token) for t in self.oracle.tokens if t.live(self.now)
                )
            return
        token.end(with_children=recursive)

    @staticmethod
    def _stands_on(token: oracle.Token, root: oracle.Token) -> bool:
        above = token.parent
        while above is not None:
            if above is root:
                return True
            above = above.parent
        return False

    @precondition(lambda self: self.oracle.grants)
    @rule(which=pick)
    def revoke_a_grant(self, which: int) -> None:
        grant = self.oracle.grants[which % len(self.oracle.grants)]
        where = self.manager.grants_.session_id(grant.session.user.id, grant.id)
        try:
            self.run(self.manager.revoke_grant(where))
        except SessionError:
            assert not grant.live(self.now)
        grant.ended = True

    @precondition(lambda self: self.oracle.sessions)
    @rule(which=pick)
    def end_a_client_session(self, which: int) -> None:
        session = self.oracle.sessions[which % len(self.oracle.sessions)]
        self.run(self.manager.grants_.end_session(session.user.id, session.client.id, "withdrawn"))
        for one in self.oracle.sessions:
            if one.user is session.user and one.client is session.client:
                one.ended = True

    @rule(which=pick)
    def sign_out(self, which: int) -> None:
        signin = self.oracle.signins[which % len(self.oracle.signins)]
        self.run(self.manager.signins.end(signin.user.id, signin.id, "signed_out"))
        signin.ended = True

    @rule(which=pick)
    def end_all(self, which: int) -> None:
        user = self.oracle.users[which % 2]
        self.run(self.manager.signins.end_all(user.id, "password_changed"))
        self.oracle.end_all(user, None)

    @rule(which=pick)
    def end_all_others(self, which: int) -> None:
        signin = self.oracle.signins[which % len(self.oracle.signins)]
        try:
            self.run(self.manager.signins.end_all(signin.user.id, "asked", but=signin.id))
        except NotLive:
            assert not signin.live(self.now)
            return
        assert signin.live(self.now)
        self.oracle.end_all(signin.user, signin)

    @rule(which=pick, off=st.booleans())
    def disable_or_enable_a_user(self, which: int, off: bool) -> None:
        user = self.oracle.users[which % 2]
        status = "disabled" if off else "active"
        self.run(
            self.manager.tree.change(
                self.context.keys.user(user.id),
                User,
                lambda value: msgspec.structs.replace(value, status=status),
            )
        )
        user.disabled = off

    @rule(which=pick, off=st.booleans())
    def disable_or_enable_a_client(self, which: int, off: bool) -> None:
        client = self.oracle.clients[which % 2]
        status = "disabled" if off else "active"
        self.run(
            self.manager.tree.change(
                self.context.keys.client(client.id),
                Client,
                lambda value: msgspec.structs.replace(value, status=status),
            )
        )
        client.disabled = off

    # time

    @rule(
        ms=st.sampled_from(
            [1, 700, 59_999, 60_000, 299_500, 20 * oracle.MINUTE, 6 * 60 * oracle.MINUTE]
        )
    )
    def advance(self, ms: int) -> None:
        self.clock.advance(ms)

    @rule(limit=st.sampled_from([1, 1000]))
    def sweep(self, limit: int) -> None:
        self.run(self.context.store.sweep(self.now, limit))

    # what must hold

    @invariant()
    def every_token_is_as_live_as_the_oracle_says(self) -> None:
        for token in self.oracle.tokens:
            for text in token.texts[-3:]:
                expected = token.text_live(text, self.now)
                story = self.run(self.manager.explain(text))
                assert story.live is expected, (token, story)
                assert expected or not story.steps or any(step.why for step in story.steps)
                accepted = self._accepts(text)
                assert accepted is (expected and token.type != "authorization_code"), (token, story)

    def _accepts(self, text: str) -> bool:
        answers = []
        for operation in (ACCEPT, INTROSPECT):
            try:
                answers.append(self.run(self.manager.acceptance.accept(text, operation)).type)
            except InvalidToken:
                answers.append("")
        if answers[1] == "access_token":
            assert answers[0] == "access_token"
        else:
            assert not answers[0]
        return bool(answers[1])

    @invariant()
    def every_sign_in_is_as_live_as_the_oracle_says(self) -> None:
        for signin in self.oracle.signins:
            found = self.run(self.manager.signins.find(signin.text))
            assert (found is not None) is signin.live(self.now)

    @invariant()
    def what_would_end_with_a_grant_is_what_is_live_below_it(self) -> None:
        for grant in self.oracle.grants:
            where = self.manager.grants_.session_id(grant.session.user.id, grant.id)
            below = [
                token
                for token in self.oracle.tokens
                if token.grant is grant and not token.jwt and token.live(self.now)
            ]
            try:
                steps = self.run(self.manager.what_if_revoked(where))
            except NoSuchGrant:  # swept
                steps = ()
            assert len(steps) == len(below)

    def teardown(self) -> None:
        self.run(self.manager.close())


__all__ = ["Token", "TreeMachine"]
