"""Opaque tokens: how the issuer is asked, which of its answers are believed, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from sojourn.errors import InsufficientScope, InvalidToken, ServerBusy
from sojourn.resource_server import Verifier
from sojourn.wire import oauth
from sojourn.wire.jose import KeySet, check_times
from tests.features.resource_server.issuers import (
    RESOURCE,
    SECRET,
    claims_of,
    signing_key,
)

HEADER = "Bearer an-opaque-token"


@pytest.fixture
def verifier(issuer, clock):
    made = verifier_of(issuer, clock)
    yield made
    made.close()


def verifier_of(issuer, clock, **more):
    more = {"client_id": "service", "client_secret": SECRET} | more
    return Verifier(issuer.url, audience=RESOURCE, now=clock, **more)


def active(issuer, clock, **changes):
    return {"active": True, "token_type": "Bearer", **claims_of(issuer.url, now=clock(), **changes)}


def test_the_issuer_is_asked_in_the_services_own_name(issuer, clock, verifier):
    issuer.introspection = active(issuer, clock)
    token = verifier.verify(HEADER)
    assert (token.kind, token.subject, token.client_id) == ("opaque", "alice", "app")
    assert issuer.forms == [
        {
            "token": "an-opaque-token",
            "token_type_hint": "access_token",
            "authorization": oauth.basic_header("service", SECRET),
        }
    ]


def test_the_service_may_sign_instead_of_sending_a_secret(issuer, clock):
    key = signing_key("ES256", "service")
    verifier = verifier_of(issuer, clock, client_secret=None, client_key=key)
    issuer.introspection = active(issuer, clock)
    verifier.verify(HEADER)
    verifier.verify(HEADER)
    verifier.close()
    jtis = set()
    for form in issuer.forms:
        jwt = KeySet.of([key]).verify(form["client_assertion"], algs=("ES256",), typ=None)
        assert (jwt.claims["iss"], jwt.claims["sub"], jwt.claims["aud"]) == (
            "service",
            "service",
            issuer.url,
        )
        check_times(jwt.claims, now=clock(), skew_ms=0)
        jtis.add(jwt.claims["jti"])
        assert (form["client_id"], form["authorization"]) == ("service", "")
    assert len(jtis) == 2


@pytest.mark.peer
@pytest.mark.xdist_group("resource_server")
def test_an_issuer_that_others_wrote_accepts_the_signature(sample):
    key = signing_key("ES256", "service")
    verifier = Verifier(
        sample.issuer.url, audience=sample.url, client_id="service-with-key", client_key=key
    )
    token = verifier.verify(f"Bearer {sample.issuer.token('opaque-app', scope='notes')}")
    verifier.close()
    assert (token.kind, token.client_id, token.scope) == ("opaque", "opaque-app", ("notes",))


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"iss": "https://other.example"},
        {"aud": None},
        {"aud": "https://other.example"},
        {"aud": [RESOURCE + "/"]},
        {"exp": 1},
        {"nbf": 4_000_000_000},
        {"token_type": None},
        {"token_type": "DPoP"},
        {"token_type": "refresh_token"},
        {"cnf": {"x5t#S256": "x"}},
        {"sub": None, "client_id": None},
        {"scope": ["notes"]},
    ],
    ids=str,
)
def test_an_answer_that_does_not_fit_refuses_the_token(issuer, clock, verifier, changes):
    issuer.introspection = {
        name: value
        for name, value in (active(issuer, clock) | changes).items()
        if value is not None
    }
    with pytest.raises(InvalidToken):
        verifier.verify(HEADER)


def test_members_that_rfc_7662_leaves_open_may_be_missing(issuer, clock, verifier):
    issuer.introspection = {
        "active": True,
        "token_type": "bearer",
        "aud": RESOURCE,
        "client_id": "app",
    }
    token = verifier.verify(HEADER)
    assert (token.subject, token.scope, token.expires_at) == ("app", (), None)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"active": "true"},
        {"active": 1},
        {"active": None},
        b"",
        b"[]",
        b"<html>",
        b'{"active":tru',
    ],
    ids=str,
)
def test_an_answer_that_says_nothing_is_no_judgement(issuer, clock, verifier, said):
    issuer.introspection = said
    with pytest.raises(ServerBusy):
        verifier.verify(HEADER)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500, 503])
def test_an_issuer_that_does_not_answer_closes_the_door(issuer, clock, verifier, status):
    issuer.introspection = active(issuer, clock)
    issuer.status["/introspect"] = status
    with pytest.raises(ServerBusy) as caught:
        verifier.verify(HEADER)
    assert str(status) in caught.value.detail


def test_an_issuer_without_introspection_closes_the_door(issuer, clock, verifier):
    del issuer.metadata["introspection_endpoint"]
    with pytest.raises(ServerBusy):
        verifier.verify(HEADER)


def test_without_credentials_only_signed_tokens_are_taken(issuer, clock):
    verifier = Verifier(issuer.url, audience=RESOURCE, now=clock)
    with pytest.raises(InvalidToken, match="only JWT"):
        verifier.verify(HEADER)
    assert not issuer.counts


def test_an_ending_is_seen_at_once(issuer, clock, verifier):
    issuer.introspection = active(issuer, clock)
    verifier.verify(HEADER)
    issuer.introspection = {"active": False}
    with pytest.raises(InvalidToken):
        verifier.verify(HEADER)


def test_with_a_cache_an_ending_is_seen_that_much_later(issuer, clock):
    verifier = verifier_of(issuer, clock, cache_seconds=10)
    issuer.introspection = active(issuer, clock)
    verifier.verify(HEADER)
    issuer.introspection = {"active": False}
    clock.at += 9_999
    assert verifier.verify(HEADER).subject == "alice"
    with pytest.raises(InsufficientScope):
        verifier.verify(HEADER, scopes=("admin",))
    assert issuer.counts["/introspect"] == 1
    clock.at += 1
    with pytest.raises(InvalidToken):
        verifier.verify(HEADER)
    with pytest.raises(InvalidToken):
        verifier.verify(HEADER)
    assert issuer.counts["/introspect"] == 3
    verifier.close()


def test_a_cached_answer_does_not_outlive_the_token(issuer, clock):
    verifier = verifier_of(issuer, clock, cache_seconds=3600)
    issuer.introspection = active(issuer, clock, exp=clock() // 1000 + 60)
    verifier.verify(HEADER)
    clock.at += 60_000
    issuer.introspection = {"active": False}
    with pytest.raises(InvalidToken):
        verifier.verify(HEADER)
    verifier.close()


def test_a_cached_answer_is_for_its_own_token_alone(issuer, clock):
    verifier = verifier_of(issuer, clock, cache_seconds=3600)
    issuer.introspection = active(issuer, clock)
    verifier.verify(HEADER)
    issuer.introspection = {"active": False}
    with pytest.raises(InvalidToken):
        verifier.verify(HEADER + "x")
    verifier.close()


def test_the_awaited_face_asks_as_well(issuer, clock):
    verifier = verifier_of(issuer, clock)
    issuer.introspection = active(issuer, clock)

    async def main():
        try:
            return await asyncio.gather(*(verifier.averify(HEADER) for _ in range(4)))
        finally:
            await verifier.aclose()

    assert {token.subject for token in asyncio.run(main())} == {"alice"}
    assert issuer.counts["/introspect"] == 4


def test_secrets_are_not_shown(issuer, clock, verifier):
    assert SECRET not in repr(verifier) + repr(vars(verifier))
