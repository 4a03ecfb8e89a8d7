"""Where a platform's keys come from, how often they are fetched, and from where they never are."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn.errors import InvalidRequest
from sojourn.model.client import Client
from sojourn.model.workload import MOST, Workload
from sojourn.server.services import workloads
from tests.features.resource_server.issuers import signing_key
from tests.features.workload.conftest import SUBJECT

KEYS = {"keys": [signing_key("ES256", "one").public_jwk()]}


def test_keys_are_fetched_once_and_again_after_ten_minutes(runner, platform):
    job = runner()
    for _ in range(3):
        job.is_let_in(job.token())
    assert platform.counts["/jwks"] == 1
    job.provider.clock.advance(seconds=600)
    job.is_let_in(job.token())
    assert platform.counts["/jwks"] == 2


def test_many_at_once_fetch_once(runner, platform):
    job = runner()
    texts = [job.token() for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        assert {answer.status_code for answer in pool.map(job.shows, texts)} == {200}
    assert platform.counts["/jwks"] == 1


def test_a_new_key_is_found_and_an_invented_one_fetches_once_a_minute(runner, platform):
    job = runner()
    job.is_let_in(job.token())
    for _ in range(5):
        job.is_refused(job.token("invented"))
    assert platform.counts["/jwks"] == 1
    job.provider.clock.advance(seconds=60)
    platform.keys = [signing_key("ES256", "two")]
    job.is_let_in(job.token("two"))
    for _ in range(5):
        job.is_refused(job.token("invented"))
    assert platform.counts["/jwks"] == 2


def test_a_platform_that_is_away_is_no_refusal_and_is_not_hammered(runner, platform):
    job = runner()
    platform.status["/jwks"] = 500
    for _ in range(3):
        answer = job.shows(job.token())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["error"] == "temporarily_unavailable"
        assert platform.url not in answer.text
    assert platform.counts["/jwks"] == 1
    job.provider.clock.advance(seconds=5)
    platform.status["/jwks"] = 200
    job.is_let_in(job.token())


def test_keys_serve_for_an_hour_while_their_platform_is_away(runner, platform):
    job = runner()
    job.is_let_in(job.token())
    platform.status["/jwks"] = 500
    job.provider.clock.advance(seconds=3_599)
    job.is_let_in(job.token())
    job.provider.clock.advance(seconds=5)
    assert job.shows(job.token()).status_code == 503


def test_nobody_waits_for_keys_while_the_old_ones_will_do(runner, platform):
    job = runner()
    job.is_let_in(job.token())
    job.provider.clock.advance(seconds=600)
    platform.hold = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(job.shows, job.token())
        try:
            assert platform.held.wait(60)
            assert job.shows(job.token()).status_code == 200
            assert not first.done()
        finally:
            platform.hold.set()
        assert first.result().status_code == 200
    assert platform.counts["/jwks"] == 2


def test_given_keys_need_no_platform(runner, platform):
    job = runner(jwks=KEYS)
    job.is_let_in(job.token())
    job.is_refused(job.token("two"))
    assert not platform.counts


@pytest.mark.parametrize(
    "spoil",
    [
        lambda platform: platform.metadata.update(issuer="https://evil.example"),
        lambda platform: platform.metadata.update(jwks_uri="http://keys.example/jwks"),
        lambda platform: platform.metadata.update(jwks_uri="file:///etc/passwd"),
        lambda platform: platform.metadata.pop("jwks_uri"),
        lambda platform: platform.metadata.update(padding="x" * 300_000),
        lambda platform: platform.status.update({"/jwks": 302}),
        lambda platform: platform.status.update({"/.well-known/openid-configuration": 404}),
        lambda platform: setattr(platform, "keys", [signing_key("ES256", "one")] * 2),
    ],
    ids=["issuer", "http", "file", "none", "large", "redirect", "nothing", "twice"],
)
def test_what_a_platform_should_not_publish_gives_no_keys(runner, platform, spoil):
    job = runner()
    spoil(platform)
    assert job.shows(job.token()).status_code == 503
    assert platform.counts["/elsewhere"] == 0


def client(**trust):
    workload = Workload(**{"issuer": "https://ci.example", "subject": SUBJECT, **trust})
    return Client(
        client_id="runner",
        token_endpoint_auth_method="private_key_jwt",
        grant_types=("client_credentials",),
        workloads=(workload,),
    )


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        ({"issuer": ""}, "printable"),
        ({"subject": ""}, "printable"),
        ({"subject": "a\nb"}, "printable"),
        ({"audience": "x" * 1025}, "printable"),
        ({"issuer": "ci.example"}, "cannot be used"),
        ({"issuer": "https://ci.example?x=1"}, "cannot be used"),
        ({"issuer": "http://ci.example"}, "cannot be used"),
        ({"issuer": "http://127.0.0.1:80"}, "is https"),
        ({"jwks": {"keys": []}}, "no key"),
        ({"jwks": {"keys": "x"}}, "cannot be used"),
    ],
)
def test_a_trust_that_cannot_be_meant_is_refused_when_it_is_registered(provider, trust, said):
    assert said in workloads.fault(client(**trust), at="https://id.example")
    if "127.0.0.1" not in str(trust):
        with pytest.raises(InvalidRequest, match=said):
            provider.server.add_client(client(**trust))


def test_on_ones_own_machine_a_platform_may_be_so_too():
    here = client(issuer="http://127.0.0.1:80")
    assert workloads.fault(here, at="http://127.0.0.1:8080") == ""
    assert workloads.fault(client(), at="https://id.example") == ""


def test_a_client_trusts_each_workload_once_and_not_any_number():
    one = client().workloads[0]
    twice = Client(
        client_id="c", token_endpoint_auth_method="private_key_jwt", workloads=(one, one)
    )
    assert "once" in workloads.fault(twice, at="https://id.example")
    crowd = tuple(Workload(issuer="https://ci.example", subject=str(n)) for n in range(MOST + 1))
    many = Client(client_id="c", token_endpoint_auth_method="private_key_jwt", workloads=crowd)
    assert "at most" in workloads.fault(many, at="https://id.example")
    by_secret = Client(client_id="c", workloads=(one,))
    assert "private_key_jwt" in workloads.fault(by_secret, at="https://id.example")
