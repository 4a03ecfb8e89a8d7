"""Nonces of the server, and proofs that are shown once, whoever shows them where (RFC 9449 §8, §11.1)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from sojourn.errors import InvalidDpopProof
from sojourn.server.pages.site import Site
from sojourn.server.services.proofs import Proofs
from tests.conformance.holder import KeyHolder, bound
from tests.conformance.setting import Provider, running
from tests.features.dpop.conftest import Register

PROGRAM: dict[str, Any] = {
    "grant_types": ("client_credentials",),
    "response_types": (),
    "redirect_uris": (),
    "scope": ("notes",),
}


@pytest.fixture
def strict(tmp_path) -> Iterator[KeyHolder]:
    """A program at a server that asks for nonces."""
    with running(tmp_path, dpop_nonce="required") as provider:
        rp = provider.relying_party(**PROGRAM)
        yield KeyHolder(rp, now=provider.clock.now)


def own_token(holder: KeyHolder) -> httpx2.Response:
    return holder.token(grant_type="client_credentials")


def test_where_nonces_are_asked_for_each_proof_holds_a_fresh_one(strict: KeyHolder):
    first = own_token(strict)
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    strict.nonce = first.headers["dpop-nonce"]
    token = bound(own_token(strict))["access_token"]
    bound(own_token(strict))
    given, strict.nonce = strict.nonce, ""
    answer = strict.userinfo(token)
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    assert answer.headers["dpop-nonce"] == given
    strict.nonce = given
    assert strict.userinfo(token).status_code == 403  # a program has no userinfo


def test_a_nonce_is_good_for_five_minutes(tmp_path):
    with running(tmp_path, dpop_nonce="required") as provider:
        holder = KeyHolder(provider.relying_party(**PROGRAM), now=provider.clock.now)
        holder.nonce = own_token(holder).headers["dpop-nonce"]
        provider.clock.advance(seconds=300)
        bound(own_token(holder))
        provider.clock.advance(seconds=60)
        late = own_token(holder)
        assert late.json()["error"] == "use_dpop_nonce"
        assert late.headers["dpop-nonce"] != holder.nonce


def test_who_is_asked_for_a_nonce_comes_again_with_the_same_assertion(tmp_path):
    with running(tmp_path, dpop_nonce="required") as provider:
        rp = provider.relying_party(**PROGRAM, token_endpoint_auth_method="private_key_jwt")
        holder = KeyHolder(rp, now=provider.clock.now)
        shown = {"grant_type": "client_credentials", **rp.assertion()}
        asked = holder.token(**shown)
        assert asked.json()["error"] == "use_dpop_nonce"
        holder.nonce = asked.headers["dpop-nonce"]
        bound(holder.token(**shown))
        assert holder.token(**shown).json()["error"] == "invalid_client"


@pytest.mark.parametrize("nonce", ["", "x", "AAAA", "A" * 27, "é", "Z" * 500])
def test_a_nonce_of_nobody_is_answered_with_one_of_ours(strict: KeyHolder, nonce: str):
    proof = strict.proof("POST", strict.rp.metadata["token_endpoint"], nonce=nonce)
    answer = strict.token(proof, grant_type="client_credentials")
    assert answer.json()["error"] == "use_dpop_nonce"
    strict.nonce = answer.headers["dpop-nonce"]
    bound(own_token(strict))


def test_of_many_that_show_one_proof_at_once_one_is_served(provider: Provider, register: Register):
    holder = register(**PROGRAM)
    proof = holder.proof("POST", holder.rp.metadata["token_endpoint"])

    def ask(_: int) -> int:
        return holder.token(proof, grant_type="client_credentials").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(ask, range(16)))
    assert statuses == [200, *[400] * 15]


def test_another_process_on_the_same_store_knows_what_was_shown(
    provider: Provider, register: Register
):
    holder = register(**PROGRAM)
    at = holder.rp.metadata["token_endpoint"]
    proof = holder.proof("POST", at)
    bound(holder.token(proof, grant_type="client_credentials"))

    async def elsewhere(site: Site) -> str:
        other = Proofs(site.context, nonce_required=False)
        with pytest.raises(InvalidDpopProof, match="was used before"):
            await other.spend(other.check([proof], method="POST", url=at))
        fresh = other.check([holder.proof("POST", at)], method="POST", url=at)
        await other.spend(fresh)
        return fresh.thumbprint

    assert provider.server.call(elsewhere) == holder.thumbprint


def test_who_has_nothing_to_show_fills_no_store(provider: Provider, register: Register):
    holder = register(token_endpoint_auth_method="none")
    at = holder.rp.metadata["token_endpoint"]
    proof = holder.proof("POST", at)
    for _ in range(3):
        answer = holder.token(proof, grant_type="authorization_code", code="sj_c_none")
        assert answer.json()["error"] == "invalid_grant"
    at = holder.rp.metadata["userinfo_endpoint"]
    proof = holder.proof("GET", at, token="sj_a_none")
    for _ in range(3):
        challenge = holder.userinfo("sj_a_none", proof).headers["www-authenticate"]
        assert 'error="invalid_token"' in challenge


def test_what_was_shown_is_forgotten_when_its_age_refuses_it(
    provider: Provider, register: Register
):
    holder = register(**PROGRAM)
    proof = holder.proof("POST", holder.rp.metadata["token_endpoint"])
    bound(holder.token(proof, grant_type="client_credentials"))
    provider.clock.advance(seconds=120)

    async def swept(site: Site) -> int:
        return await site.context.store.sweep(site.context.now(), 1_000)

    assert provider.server.call(swept) >= 1
    again = holder.token(proof, grant_type="client_credentials")
    assert again.json()["error"] == "invalid_dpop_proof"
