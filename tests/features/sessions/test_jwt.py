"""JWT access tokens: not stored, yet judged as strictly as the stored ones."""

from __future__ import annotations

from typing import Any

import pytest

from sojourn.model.admission import ACCEPT, INTROSPECT, USERINFO
from sojourn.model.ids import partition
from sojourn.wire import base64url
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import EVERYTHING, JWT, Flow


@pytest.fixture
def flow(awaited: Insides) -> Flow:
    registered: Flow = awaited.run(Flow(awaited.inner).registered())
    return registered


def claims_of(flow: Flow, text: str) -> dict[str, Any]:
    published = flow.context.signing.published
    return dict(published.verify(text, algs=("ES256",), typ="at+jwt").claims)


def test_it_is_accepted_until_its_exp_and_no_longer(awaited: Insides, flow: Flow):
    async def story() -> None:
        awaited.clock.advance(700)  # claims are whole seconds, rounded down
        text = (await flow.redeem(await flow.fresh_code(), wanted=JWT)).access.value
        end = claims_of(flow, text)["exp"] * 1000
        assert 299_000 <= end - awaited.clock.now() <= 300_000
        awaited.clock.advance(end - awaited.clock.now() - 1)
        accepted = await flow.manager.acceptance.accept(text, ACCEPT)
        assert (accepted.expires_at, accepted.jwt) == (end, True)
        awaited.clock.advance(1)
        assert not await flow.accepted(text)
        assert (await flow.manager.explain(text)).steps[0].why == "expired"

    awaited.run(story())


def test_it_says_what_the_stored_one_says(awaited: Insides, flow: Flow):
    async def story() -> None:
        admitted = await flow.admitted(await flow.sign_in())
        both = [
            (await flow.redeem(await flow.code(admitted), wanted=wanted)).access.value
            for wanted in (JWT, EVERYTHING)
        ]
        for operation in (ACCEPT, INTROSPECT, USERINFO):
            jwt, opaque = [await flow.manager.acceptance.accept(t, operation) for t in both]
            assert (jwt.sub, jwt.client_id, jwt.scope, jwt.audience, jwt.type) == (
                opaque.sub,
                opaque.client_id,
                opaque.scope,
                opaque.audience,
                opaque.type,
            )
            assert jwt.issued_at == opaque.issued_at

    awaited.run(story())


@pytest.mark.parametrize("based_on", ["authorization_code", "refresh_token"])
def test_it_dies_with_what_it_is_based_on(awaited: Insides, flow: Flow, based_on: str):
    async def story() -> None:
        code = await flow.fresh_code()
        issued = await flow.redeem(code, wanted=JWT)
        text, parent = issued.access.value, code
        if based_on == "refresh_token":
            text, parent = (await flow.refresh(issued.refresh, wanted=JWT)).access.value, ""
        await flow.manager.revoke(parent or issued.refresh)
        assert not await flow.accepted(text)

    awaited.run(story())


def test_revoking_one_spares_the_others(awaited: Insides, flow: Flow):
    async def story() -> None:
        first = await flow.redeem(await flow.fresh_code(), wanted=JWT)
        second = await flow.refresh(first.refresh, wanted=JWT)
        await flow.manager.revoke(first.access.value)
        assert not await flow.accepted(first.access.value)
        assert await flow.accepted(second.access.value)
        assert await flow.accepted(second.refresh)

    awaited.run(story())


def test_a_second_spelling_of_its_signature_is_revoked_with_it(awaited: Insides, flow: Flow):
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256

    async def story() -> None:
        text = (await flow.redeem(await flow.fresh_code(), wanted=JWT)).access.value
        head, _, signature = text.rpartition(".")
        raw = base64url.decode(signature)
        mirrored = (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
        second = f"{head}.{base64url.encode(raw[:32] + mirrored)}"
        assert second != text
        await flow.manager.revoke(text)
        assert not await flow.accepted(second)

    awaited.run(story())


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"jti": "short"},
        {"jti": "../../user/x/aaaaaaaaa"},
        {"client_id": "bank"},
        {"client_id": 7},
        {"grant_id": "sj_g_nonsense"},
        {"grant_id": 7},
        {"based_on": 7},
        {"based_on": "unknown"},
        {"exp": "soon"},
        {"exp": None},
        {"scope": 7},
    ],
)
def test_even_signed_by_us_it_must_be_of_our_making(
    awaited: Insides, flow: Flow, change: dict[str, Any]
):
    async def story() -> None:
        text = (await flow.redeem(await flow.fresh_code(), wanted=JWT)).access.value
        claims = claims_of(flow, text) | change
        again = flow.context.signing.active("ES256").sign(claims, typ="at+jwt")
        assert not await flow.accepted(again)
        assert not (await flow.manager.explain(again)).live

    awaited.run(story())


def test_a_jwt_of_another_type_is_no_access_token(awaited: Insides, flow: Flow):
    async def story() -> None:
        issued = await flow.redeem(await flow.fresh_code(), wanted=JWT)
        claims = claims_of(flow, issued.access.value)
        for typ in ("JWT", "logout+jwt", "at+JWT2"):
            text = flow.context.signing.active("ES256").sign(claims, typ=typ)
            assert not await flow.accepted(text)

    awaited.run(story())


def test_one_without_a_grant_belongs_to_the_client_alone(awaited: Insides, flow: Flow):
    async def story() -> None:
        text = (await flow.redeem(await flow.fresh_code(), wanted=JWT)).access.value
        claims = claims_of(flow, text)
        del claims["grant_id"], claims["based_on"]
        own = flow.context.signing.active("ES256").sign(claims, typ="at+jwt")
        accepted = await flow.manager.acceptance.accept(own, ACCEPT)
        assert (accepted.grant, accepted.sub) == (None, "shop")
        await flow.change_client(status="disabled")
        assert not await flow.accepted(own)

    awaited.run(story())


def test_its_tombstone_lies_beside_its_grant_and_is_swept_after_exp(awaited: Insides, flow: Flow):
    async def story() -> None:
        text = (await flow.redeem(await flow.fresh_code(), wanted=JWT)).access.value
        claims = claims_of(flow, text)
        part = partition("user", flow.user)
        key = flow.context.keys.token(part, f"j{claims['jti']}")
        assert await flow.context.store.get(key) is None
        await flow.manager.revoke(text)
        tombstone = await flow.context.store.get(key)
        assert tombstone is not None
        assert tombstone.expires == claims["exp"] * 1000

    awaited.run(story())
