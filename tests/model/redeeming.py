"""Spends codes and refresh tokens at random, and the oracle's beside them. `tree_machine` stands above."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from sojourn.errors import InvalidGrant
from sojourn.model.client import Client
from sojourn.server.services.sessions.redemption import Issued, Taken
from tests.model import oracle
from tests.model.growing import (
    RULES,
    VERIFIER,
    WANTED,
    WANTED_JWT,
    Growing,
    choose,
    pick,
    wants,
)


class Redeeming(Growing):
    """The rules that give tokens for codes and refresh tokens."""

    @precondition(lambda self: self._of_type("authorization_code"))
    @rule(
        which=pick, jwt=st.booleans(), sent=st.booleans(), verifier=st.sampled_from(["", VERIFIER])
    )
    def redeem(self, which: int, jwt: bool, sent: bool, verifier: str) -> None:
        codes = self._of_type("authorization_code")
        code = choose(codes, which, self.now)
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
        family = choose(families, which, self.now)
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
            life = RULES["refresh_token"].expires_in
            family.expires_at = self.oracle.life(family.grant, family.parent, life, self.now)
        assert issued.refresh == family.texts[-1]
        self._issued(family, issued, jwt=jwt)

    def _of_type(self, type: str) -> list[oracle.Token]:
        return [token for token in self.oracle.tokens if token.type == type]

    def _client(self, grant: oracle.Grant) -> Client:
        found = self.run(self.manager.tree.client(grant.session.client.id))
        assert found is not None
        return found
