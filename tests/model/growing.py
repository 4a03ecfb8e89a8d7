"""Grows a tree at random, and the oracle's beside it. `redeeming` and `tree_machine` stand above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sojourn.driver import drive
from sojourn.errors import (
    MintingNotAllowed,
    NotLive,
    SessionError,
)
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.policy import DEFAULT_RULES, UsageRules
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.server import AsyncSessionManager
from sojourn.server.services.sessions.grants import GrantOrder
from sojourn.server.services.sessions.minting import Minted, Order
from sojourn.server.services.sessions.redemption import Wanted
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


N = TypeVar("N", oracle.Grant, oracle.Token, oracle.SignIn)


def choose(nodes: list[N], which: int, now: int) -> N:
    """One of the nodes: three times in four a live one, if there is any."""
    live = [node for node in nodes if node.live(now)]
    among = live if live and which % 4 else nodes
    return among[which // 4 % len(among)]


def wants(wanted: Wanted) -> Callable[[Grant, Token], Awaitable[Wanted]]:
    async def answer(_grant: Grant, _token: Token) -> Wanted:
        return wanted

    return answer


class Growing(RuleBasedStateMachine):
    """The rules that make sign-ins, grants and tokens."""

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
        for which in (0, 1):
            self.sign_in(which)
            self.grant_from_a_sign_in(which, which, bool(which), 0)
            self.grow_a_branch(which, False)

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
        signin = choose(self.oracle.signins, which, self.now)
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
        grant = choose(self.oracle.grants, which, self.now)
        self._mint(grant, None, type, jwt=jwt and type == "access_token")

    @precondition(lambda self: self.oracle.tokens)
    @rule(which=pick, type=st.sampled_from(MINTED), jwt=st.booleans())
    def mint_from_a_token(self, which: int, type: str, jwt: bool) -> None:
        parent = choose(self.oracle.tokens, which, self.now)
        if not parent.jwt:
            self._mint(parent.grant, parent, type, jwt=jwt and type == "access_token")

    @precondition(lambda self: self.oracle.grants)
    @rule(which=pick, jwt=st.booleans())
    def grow_a_branch(self, which: int, jwt: bool) -> None:
        grant = choose(self.oracle.grants, which, self.now)
        before = len(self.oracle.tokens)
        self._mint(grant, None, "refresh_token", jwt=False)
        if len(self.oracle.tokens) == before:
            return
        family = self.oracle.tokens[-1]
        self._mint(grant, family, "access_token", jwt=False)
        self._mint(grant, self.oracle.tokens[-1], "access_token", jwt=jwt)
        self._mint(grant, None, "authorization_code", jwt=False)

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

    def teardown(self) -> None:
        self.run(self.manager.close())
