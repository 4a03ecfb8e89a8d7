"""The issuer's keys: fetched once, renewed, fetched again for an unknown one, and missed when the issuer is away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn.errors import ConfigurationError, InvalidToken, ServerBusy
from sojourn.resource_server import Verifier
from sojourn.resource_server.environments import OnALoop
from tests.features.resource_server.issuers import RESOURCE, claims_of, signing_key

MINUTE = 60_000


@pytest.fixture
def verifier(issuer, clock):
    made = Verifier(issuer.url, audience=RESOURCE, now=clock)
    yield made
    made.close()


def bearer(issuer, clock, *, kid="one", alg="ES256", **changes):
    claims = claims_of(issuer.url, now=clock(), **changes)
    return "Bearer " + signing_key(alg, kid).sign(claims, typ="at+jwt")


def test_an_accepted_token_says_who_for_whom_and_until_when(issuer, clock, verifier):
    header = bearer(
        issuer, clock, acr="mfa", auth_time=clock() // 1000 - 5, scope="a b a", aud=["x", RESOURCE]
    )
    token = verifier.verify(header, scopes=("a",))
    assert (token.issuer, token.subject, token.client_id) == (issuer.url, "alice", "app")
    assert (token.scope, token.audience, token.kind) == (("a", "b"), ("x", RESOURCE), "jwt")
    assert (token.expires_at, token.auth_time) == (clock() + 300_000, clock() - 5_000)
    assert (token.acr, token.claims["jti"]) == ("mfa", "1")


def test_a_token_does_not_show_itself(issuer, clock, verifier):
    token = verifier.verify(bearer(issuer, clock, email="alice@example.org"))
    assert "alice" not in repr(token)
    with pytest.raises(TypeError):
        token.claims["sub"] = "mallory"
    with pytest.raises(AttributeError):
        token.subject = "mallory"


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_the_usual_algorithms_are_believed(issuer, clock, verifier, alg):
    issuer.keys = [signing_key(alg, "one")]
    assert verifier.verify(bearer(issuer, clock, alg=alg)).subject == "alice"


def test_an_algorithm_that_was_not_allowed_is_refused(issuer, clock):
    issuer.keys = [signing_key("RS256", "one")]
    strict = Verifier(issuer.url, audience=RESOURCE, now=clock, algorithms=("ES256",))
    with pytest.raises(InvalidToken, match="algorithm"):
        strict.verify(bearer(issuer, clock, alg="RS256"))
    strict.close()


def test_ten_seconds_of_skew_are_forgiven_and_no_more(issuer, clock, verifier):
    header = bearer(issuer, clock)
    clock.at += 309_999
    assert verifier.verify(header)
    clock.at += 1
    with pytest.raises(InvalidToken, match="expired"):
        verifier.verify(header)
    seconds = clock() // 1000
    assert verifier.verify(bearer(issuer, clock, nbf=seconds + 10))
    with pytest.raises(InvalidToken, match="not valid yet"):
        verifier.verify(bearer(issuer, clock, nbf=seconds + 11))


def test_keys_are_fetched_once_for_many_tokens(issuer, clock, verifier):
    for _ in range(5):
        verifier.verify(bearer(issuer, clock))
    assert issuer.counts["/jwks"] == 1


def test_a_new_key_of_the_issuer_is_learned(issuer, clock, verifier):
    verifier.verify(bearer(issuer, clock))
    issuer.keys.append(signing_key("ES256", "two"))
    clock.at += MINUTE
    assert verifier.verify(bearer(issuer, clock, kid="two"))
    assert issuer.counts["/jwks"] == 2


def test_invented_keys_cause_one_fetch_a_minute(issuer, clock, verifier):
    for _ in range(3):
        for kid in ("x", "y", "z"):
            with pytest.raises(InvalidToken):
                verifier.verify(bearer(issuer, clock, kid=kid))
        clock.at += MINUTE
    assert issuer.counts["/jwks"] == 3


def test_a_withdrawn_key_is_forgotten_within_ten_minutes(issuer, clock, verifier):
    verifier.verify(bearer(issuer, clock))
    issuer.keys = [signing_key("ES256", "two")]
    clock.at += 10 * MINUTE
    with pytest.raises(InvalidToken):
        verifier.verify(bearer(issuer, clock))


def test_known_keys_serve_for_an_hour_while_the_issuer_is_away(issuer, clock, verifier):
    verifier.verify(bearer(issuer, clock))
    issuer.status["/jwks"] = 503
    clock.at += 59 * MINUTE
    assert verifier.verify(bearer(issuer, clock))
    clock.at += MINUTE
    with pytest.raises(ServerBusy):
        verifier.verify(bearer(issuer, clock))


def test_an_unknown_key_cannot_be_judged_while_the_issuer_is_away(issuer, clock, verifier):
    verifier.verify(bearer(issuer, clock))
    issuer.status["/jwks"] = 500
    clock.at += MINUTE
    with pytest.raises(ServerBusy):
        verifier.verify(bearer(issuer, clock, kid="two"))


def test_an_issuer_that_is_away_is_asked_again_after_a_rest(issuer, clock, verifier):
    issuer.status["/jwks"] = 500
    for _ in range(4):
        with pytest.raises(ServerBusy) as caught:
            verifier.verify(bearer(issuer, clock))
    assert (issuer.counts["/jwks"], caught.value.retry_after) == (1, 5)
    issuer.status["/jwks"] = 200
    clock.at += 5_000
    assert verifier.verify(bearer(issuer, clock))


def test_an_issuer_that_nobody_answers_for_is_away(clock):
    verifier = Verifier("http://127.0.0.1:9", audience=RESOURCE, now=clock)
    with pytest.raises(ServerBusy) as caught:
        verifier.verify("Bearer a.b.c")
    assert "127.0.0.1" in caught.value.detail
    assert "127.0.0.1" not in str(caught.value)
    verifier.close()


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://other.example"},
        {"jwks_uri": None},
        {"jwks_uri": "http://other.example/jwks"},
        {"jwks_uri": 7},
    ],
    ids=str,
)
def test_unusable_metadata_is_not_believed(issuer, clock, verifier, change):
    issuer.metadata = issuer.metadata | change
    with pytest.raises(ServerBusy):
        verifier.verify(bearer(issuer, clock))


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
def test_a_redirect_is_not_followed(issuer, clock, verifier, path):
    issuer.status[path] = 302
    with pytest.raises(ServerBusy):
        verifier.verify(bearer(issuer, clock))
    assert issuer.counts["/elsewhere"] == 0


def test_an_endless_document_is_not_read(issuer, clock, verifier):
    issuer.metadata = issuer.metadata | {"more": "x" * 1_000_000}
    with pytest.raises(ServerBusy) as caught:
        verifier.verify(bearer(issuer, clock))
    assert "too long" in caught.value.detail


def test_many_threads_share_one_fetch(issuer, clock, verifier):
    issuer.hold = threading.Event()
    headers = [bearer(issuer, clock) for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(verifier.verify, header) for header in headers]
        assert issuer.held.wait(60)
        issuer.hold.set()
        assert [future.result().subject for future in futures] == ["alice"] * 16
    assert issuer.counts["/jwks"] == 1


def test_many_tasks_share_one_fetch_although_the_first_is_cancelled(issuer, clock):
    verifier = Verifier(issuer.url, audience=RESOURCE, now=clock)
    issuer.hold = threading.Event()

    async def main():
        tasks = [asyncio.create_task(verifier.averify(bearer(issuer, clock))) for _ in range(16)]
        await asyncio.to_thread(issuer.held.wait, 60)
        tasks[0].cancel()
        issuer.hold.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await verifier.aclose()
        return found

    first, *others = asyncio.run(main())
    assert isinstance(first, asyncio.CancelledError)
    assert [token.subject for token in others] == ["alice"] * 15
    assert issuer.counts["/jwks"] == 1


def test_others_go_on_with_known_keys_while_one_renews_them(issuer, clock, verifier):
    verifier.verify(bearer(issuer, clock))
    clock.at += 10 * MINUTE
    issuer.hold = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(verifier.verify, bearer(issuer, clock))
        assert issuer.held.wait(60)
        assert verifier.verify(bearer(issuer, clock))
        assert not renewing.done()
        issuer.hold.set()
        assert renewing.result()


def test_the_synchronous_face_refuses_to_stop_a_loop(issuer, clock, verifier):
    async def main():
        verifier.verify(bearer(issuer, clock))

    with pytest.raises(OnALoop, match="averify"):
        asyncio.run(main())


def test_both_faces_agree(issuer, clock, verifier):
    header = bearer(issuer, clock)

    async def main():
        try:
            return await verifier.averify(header)
        finally:
            await verifier.aclose()

    assert asyncio.run(main()) == verifier.verify(header)
    assert issuer.counts["/jwks"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"issuer": "http://other.example"},
        {"issuer": "https://op.example/?x=1"},
        {"issuer": "https://op.example/#x"},
        {"issuer": "op.example"},
        {"audience": ""},
        {"algorithms": ()},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"algorithms": "ES256"},
        {"cache_seconds": -1},
        {"client_id": "service"},
        {"client_secret": "x"},
        {"client_id": "x", "client_secret": "x", "client_key": signing_key("ES256", "service")},
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_at_once(arguments):
    with pytest.raises(ConfigurationError):
        Verifier(**{"issuer": "https://op.example", "audience": RESOURCE} | arguments)


def test_the_http_library_is_imported_by_the_first_request_alone():
    check = (
        "import sys, sojourn.resource_server as r; r.Verifier('https://op.example', audience='x');"
        "sys.exit(any(name in sys.modules for name in ('httpx2', 'sojourn.client', 'sojourn.server')))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
