"""Which token of a platform proves to be a client, and which does not."""

from __future__ import annotations

import base64
import json

import pytest

from tests.features.resource_server.issuers import signing_key
from tests.features.workload.conftest import SUBJECT

DAY = 86_400


def test_a_workload_gets_a_token_as_the_client_that_trusts_it(runner):
    job = runner()
    answer = job.shows(job.token())
    assert answer.status_code == 200
    assert answer.json()["scope"] == "deploy"


def test_an_audience_may_be_a_list_of_one(runner):
    job = runner()
    job.is_let_in(job.token(aud=[job.provider.issuer]))


def test_a_token_is_good_once(runner):
    job = runner()
    text = job.token()
    job.is_let_in(text)
    job.is_refused(text)
    job.is_let_in(job.token())


def test_a_token_that_was_used_stays_used_until_it_ends(runner):
    job = runner()
    text = job.token()
    job.is_let_in(text)
    job.provider.clock.advance(seconds=309)
    job.is_refused(text)


def test_a_platform_that_hands_a_token_out_several_times_can_be_trusted_so(runner):
    job = runner(reusable=True)
    text = job.token(jti=None)
    job.is_let_in(text)
    job.is_let_in(text)
    job.provider.clock.advance(seconds=311)
    job.is_refused(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://platform.example"},
        {"iss": None},
        {"sub": SUBJECT.upper()},
        {"sub": f"{SUBJECT}s"},
        {"sub": None},
        {"sub": [SUBJECT]},
        {"aud": None},
        {"aud": []},
        {"aud": "https://op.example"},
        {"exp": None},
        {"exp": 1},
        {"exp": 1_800_000_000 + 30 * DAY},
        {"exp": "soon"},
        {"iat": None},
        {"iat": 1_800_000_000 + 30 * DAY},
        {"nbf": 1_800_000_000 + 30 * DAY},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(runner, platform, changes):
    job = runner()
    job.is_refused(job.token(**changes))
    assert not platform.counts, "it is judged before any key is fetched"


def test_the_token_endpoint_and_several_audiences_are_no_audience(runner):
    job = runner()
    job.is_refused(job.token(aud=f"{job.provider.issuer}/token"))
    job.is_refused(job.token(aud=f"{job.provider.issuer}/"))
    job.is_refused(job.token(aud=[job.provider.issuer, "https://rp.example"]))


def test_a_trust_may_name_another_audience(runner):
    job = runner(audience="api://exchange")
    job.is_refused(job.token())
    job.is_let_in(job.token(aud="api://exchange"))


def test_a_token_that_lives_longer_than_a_day_is_refused(runner):
    job = runner()
    now = job.provider.clock.now() // 1000
    job.is_let_in(job.token(exp=now + DAY))
    job.is_refused(job.token(iat=now - 1, exp=now + DAY))


def unsigned(claims, **header):
    parts = ({"typ": "JWT", **header}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
    return b".".join((*texts, b"c2lnbmF0dXJl")).decode()


def test_a_signature_of_anybody_else_is_refused(runner):
    job = runner()
    job.is_refused(job.token("two"))
    renamed = type(signing_key("ES256", "one"))(
        "one", "ES256", private=signing_key("ES256", "two")._private
    )
    job.is_refused(renamed.sign(job.claims(), typ="JWT"))
    for alg in ("none", "HS256", "ES512", ""):
        job.is_refused(unsigned(job.claims(), alg=alg, kid="one"))
    text = job.token()
    job.is_refused(f"{text[:-4]}AAAA")
    job.is_let_in(text)


def test_an_access_token_of_the_platform_is_no_proof(runner):
    job = runner()
    job.is_refused(job.token(typ="at+jwt"))


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "e30.e30.e30", "é.é.é"])
def test_what_is_no_token_is_refused(runner, text):
    runner().is_refused(text)


def test_a_workload_is_nobody_but_the_client_that_trusts_it(runner):
    one, other = runner(), runner(subject="another")
    one.is_refused(one.token(), client_id=other.client_id)
    one.is_refused(one.token(), client_id=None)
    one.is_refused(one.token(sub=one.client_id), client_id=None)
    one.is_refused(one.token(iss=one.client_id, sub=one.client_id))
    one.is_let_in(one.token())


def test_the_same_jti_of_two_platforms_are_two(runner, provider, platform):
    one, other = runner(), runner()
    one.is_let_in(one.token(jti="same"))
    other.is_let_in(other.token(jti="same"))


def test_a_client_may_have_a_key_of_its_own_besides(provider, platform):
    from sojourn.model.workload import Workload

    trust = (Workload(issuer=platform.url, subject=SUBJECT),)
    rp = provider.relying_party(
        token_endpoint_auth_method="private_key_jwt",
        grant_types=("client_credentials",),
        scope=("reports",),
        workloads=trust,
    )
    rp.checked(rp.token(grant_type="client_credentials"))
    assert not platform.counts


def test_a_disabled_client_gets_nothing(runner, provider):
    job = runner()

    async def disable(site):
        from msgspec.structs import replace

        await site.clients.change(
            job.client_id,
            lambda client: replace(client, status="disabled"),
            event="client.disabled",
        )

    provider.server.call(disable)
    job.is_refused(job.token())
