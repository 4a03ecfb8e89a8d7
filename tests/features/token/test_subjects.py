"""Public and pairwise subjects, as clients see them."""

from __future__ import annotations

import pytest

from sojourn.errors import InvalidRequest
from tests.conformance.browser import Browser, Landing
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider


def pairwise(provider: Provider, *hosts: str, sector: str = "") -> RelyingParty:
    return provider.relying_party(
        subject_type="pairwise",
        sector_identifier=sector,
        redirect_uris=tuple(f"https://{host}/callback" for host in hosts),
    )


def test_pairwise_subjects_differ_by_sector(provider: Provider, browser: Browser):
    parties = [
        pairwise(provider, "one.example"),
        pairwise(provider, "two.example"),
        pairwise(provider, "three.example", sector="one.example"),
    ]
    one, two, three = [party.login(browser, provider.diana) for party in parties]
    public = provider.relying_party().login(browser, provider.diana)
    assert one.claims["sub"] == three.claims["sub"]
    assert len({one.claims["sub"], two.claims["sub"], public.claims["sub"]}) == 3
    assert parties[0].claims(one) == {"sub": one.claims["sub"]}
    assert parties[0].introspect(one.access)["sub"] == one.claims["sub"]


def test_public_subjects_are_the_same_everywhere(provider: Provider, browser: Browser):
    first = provider.relying_party().login(browser, provider.diana)
    second = provider.relying_party().login(browser, provider.diana)
    assert first.claims["sub"] == second.claims["sub"]


def test_a_pairwise_subject_is_known_again_as_a_hint(provider: Provider, browser: Browser):
    rp = pairwise(provider, "one.example")
    tokens = rp.login(browser, provider.diana)
    sent, where = rp.start(browser, prompt="none", id_token_hint=tokens.id_token)
    assert isinstance(where, Landing)
    assert rp.redeemed(rp.landed(sent, where), sent).claims["sub"] == tokens.claims["sub"]


def test_a_pairwise_client_on_two_hosts_must_name_its_sector(provider: Provider):
    with pytest.raises(InvalidRequest, match="sector_identifier"):
        pairwise(provider, "one.example", "two.example")
    pairwise(provider, "one.example", "two.example", sector="one.example")
