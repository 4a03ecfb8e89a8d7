"""Tokens that are bound to a key, at a service: signed or introspected, by ASGI, WSGI or the function (RFC 9449 §7)."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sojourn import Session
from sojourn.client.dialects.oidc import ClientCredentials
from sojourn.errors import (
    ConfigurationError,
    InvalidDpopProof,
    InvalidToken,
    ServerBusy,
    TokenMissing,
    Unauthorized,
    UseDpopNonce,
)
from sojourn.resource_server import AccessToken, ProtectAsgi, ProtectWsgi, Verifier
from sojourn.resource_server.proofs import Seen
from sojourn.wire import dpop
from sojourn.wire.jose import SigningKey
from tests.features.resource_server.conftest import Clock
from tests.features.resource_server.issuers import SECRET, OwnIssuer, claims_of, signing_key

SERVICE = "https://api.example/v1"
ORIGIN = "https://api.example"


def new_key() -> dpop.ProofKey:
    private = ec.generate_private_key(ec.SECP256R1())
    return dpop.ProofKey(SigningKey("k", "ES256", private=private))


class Holder:
    """A key, and a token that is bound to it: signed, or opaque and known to the issuer."""

    def __init__(self, issuer: OwnIssuer, clock: Clock, *, jwt: bool) -> None:
        self.key = new_key()
        self.clock = clock
        claims = claims_of(issuer.url, now=clock.at, aud=SERVICE)
        bound = {**claims, "cnf": {"jkt": self.key.thumbprint}}
        issuer.introspection = {"active": True, "token_type": "DPoP", **bound}
        self.token = signing_key("ES256", "one").sign(bound, typ="at+jwt") if jwt else "opaque"

    def proof(
        self,
        method: str = "GET",
        url: str = f"{ORIGIN}/notes",
        *,
        key: dpop.ProofKey | None = None,
        ath: str | None = None,
        nonce: str | None = None,
    ) -> str:
        shown = dpop.ath(self.token) if ath is None else ath
        jti = secrets.token_hex(8)
        return (key or self.key).proof(
            method, url, now=self.clock.at, jti=jti, ath=shown, nonce=nonce
        )


def verifier(issuer: OwnIssuer, clock: Clock, **options: Any) -> Verifier:
    said = {"audience": SERVICE, "client_id": "api", "client_secret": "s", **options}
    return Verifier(issuer.url, now=clock, **said)


@pytest.fixture(params=["jwt", "opaque"])
def holder(request, issuer: OwnIssuer, clock: Clock) -> Holder:
    return Holder(issuer, clock, jwt=request.param == "jwt")


def verified(found: Verifier, holder: Holder, proof: str | None, **more: Any) -> AccessToken:
    said = {"method": "GET", "path": "/notes", **more}
    return found.verify(f"DPoP {holder.token}", dpop=proof, **said)


def test_a_bound_token_is_taken_with_its_proof(issuer, clock, holder):
    found = verifier(issuer, clock)
    token = verified(found, holder, holder.proof())
    assert token.jkt == holder.key.thumbprint
    assert asyncio.run(
        found.averify(f"dpop {holder.token}", dpop=holder.proof(), method="GET", path="/notes")
    ).jkt


def test_a_bound_token_is_no_bearer_and_no_loan(issuer, clock, holder):
    found = verifier(issuer, clock)
    with pytest.raises(InvalidToken, match="bound to a key"):
        found.verify(f"Bearer {holder.token}", dpop=holder.proof(), method="GET", path="/notes")
    with pytest.raises(InvalidToken, match="not bound to the key"):
        verified(found, holder, holder.proof(key=new_key()))
    loose = Holder(issuer, clock, jwt=True)
    claims = claims_of(issuer.url, now=clock.at, aud=SERVICE)
    loose.token = signing_key("ES256", "one").sign(claims, typ="at+jwt")
    with pytest.raises(InvalidToken, match="not bound to the key"):
        verified(found, loose, loose.proof())
    assert not found.verify(f"Bearer {loose.token}").jkt


WRONG: dict[str, Callable[[Holder], str | None]] = {
    "none": lambda _: None,
    "for another method": lambda h: h.proof("POST"),
    "for another path": lambda h: h.proof(url=f"{ORIGIN}/other"),
    "for another host": lambda h: h.proof(url="https://evil.example/notes"),
    "for the identifier's path": lambda h: h.proof(url=f"{SERVICE}/notes"),
    "for another token": lambda h: h.proof(ath=dpop.ath("another")),
    "without the token": lambda h: h.proof(ath=""),
    "altered": lambda h: h.proof()[:-3] + "AAA",
    "no JWT": lambda _: "x",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_proof_is_refused_before_anybody_is_asked(issuer, clock, holder, name):
    found = verifier(issuer, clock)
    with pytest.raises(InvalidDpopProof) as error:
        verified(found, holder, WRONG[name](holder))
    assert not issuer.counts
    answer = found.answer(error.value)
    challenges = [value for field, value in answer.headers if field == "WWW-Authenticate"]
    assert answer.status == 401
    assert len(challenges) == 1
    assert challenges[0].startswith(
        'DPoP realm="sojourn", algs="ES256 EdDSA PS256", error="invalid_dpop_proof"'
    )


def test_a_proof_is_taken_once_by_any_number_of_threads(issuer, clock, holder):
    found = verifier(issuer, clock)
    proof = holder.proof()
    start = threading.Barrier(8)

    def ask(_: int) -> bool:
        start.wait()
        try:
            return bool(verified(found, holder, proof))
        except InvalidDpopProof:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1
    clock.at += dpop.LIFE
    with pytest.raises(InvalidDpopProof, match="not made just now"):
        verified(found, holder, proof)


def test_a_proof_that_ran_out_while_the_issuer_was_asked_is_refused(issuer, clock):
    """Else it could be shown once more when what was seen is forgotten."""
    holder = Holder(issuer, clock, jwt=False)
    proofs = verifier(issuer, clock)._proofs
    assert proofs is not None
    proof = proofs.check(
        holder.proof(), method="GET", path="/notes", token=holder.token, now=clock.at
    )
    with pytest.raises(InvalidDpopProof, match="too old"):
        proofs.spend(proof, now=clock.at + dpop.LIFE)


def test_who_has_no_good_token_fills_no_memory(issuer, clock, holder):
    found = verifier(issuer, clock)
    for _ in range(3):
        with pytest.raises(InvalidToken):
            verified(found, holder, holder.proof(key=new_key()))
    assert found._proofs is not None
    assert not found._proofs._seen._new


def test_what_was_seen_is_remembered_for_a_span_and_within_bounds():
    seen = Seen(span=100, most=3)
    assert [seen.add(n, now=99) for n in (1, 2, 1)] == [True, True, False]
    assert not seen.add(1, now=199)  # the generation before still counts
    assert seen.add(3, now=100)
    assert seen.add(4, now=150)
    assert seen.add(5, now=150)
    with pytest.raises(ServerBusy):
        seen.add(6, now=150)
    assert seen.add(6, now=200)
    assert seen.add(1, now=300)
    assert seen.add(9, now=10_000)
    assert seen.add(1, now=10_000)


def test_a_service_that_asks_for_nonces_gives_them(issuer, clock, holder):
    found = verifier(issuer, clock, dpop_nonce_key=b"n" * 32)
    with pytest.raises(UseDpopNonce) as error:
        verified(found, holder, holder.proof())
    answer = dict(found.answer(error.value).headers)
    assert 'error="use_dpop_nonce"' in answer["WWW-Authenticate"]
    nonce = answer["DPoP-Nonce"]
    assert verified(found, holder, holder.proof(nonce=nonce)).jkt
    # Another process with the same key knows it, another service does not.
    same = verifier(issuer, clock, dpop_nonce_key=b"n" * 32)
    assert verified(same, holder, holder.proof(nonce=nonce)).jkt
    with pytest.raises(UseDpopNonce):
        verified(
            verifier(issuer, clock, dpop_nonce_key=b"m" * 32), holder, holder.proof(nonce=nonce)
        )
    clock.at += dpop.NONCE_LIFE + 60_000
    holder_now = Holder(issuer, clock, jwt=True)
    with pytest.raises(UseDpopNonce):
        verified(found, holder_now, holder_now.proof(nonce=nonce))


def test_an_answer_that_was_remembered_is_still_judged_with_the_proof(issuer, clock):
    holder = Holder(issuer, clock, jwt=False)
    found = verifier(issuer, clock, cache_seconds=60)
    verified(found, holder, holder.proof())
    with pytest.raises(InvalidToken):
        found.verify("Bearer opaque")
    with pytest.raises(InvalidToken):
        verified(found, holder, holder.proof(key=new_key()))
    assert issuer.counts["/introspect"] == 1


@pytest.mark.parametrize(
    "cnf",
    [{}, {"jkt": ""}, {"jkt": 1}, {"x5t#S256": "x"}, {"jkt": "x", "x5t#S256": "x"}, "x", []],
    ids=str,
)
def test_a_binding_that_cannot_be_checked_is_refused(issuer, clock, cnf):
    claims = {**claims_of(issuer.url, now=clock.at, aud=SERVICE), "cnf": cnf}
    token = signing_key("ES256", "one").sign(claims, typ="at+jwt")
    with pytest.raises(InvalidToken):
        verifier(issuer, clock).verify(f"Bearer {token}")


def test_without_an_address_no_bound_token_is_taken_and_dpop_is_not_offered(issuer, clock):
    found = verifier(issuer, clock, audience="urn:example:service")
    with pytest.raises(TokenMissing):
        found.verify("DPoP x", dpop="y", method="GET", path="/")
    answer = found.answer(TokenMissing())
    assert not any("DPoP" in value for _, value in answer.headers)
    offering = verifier(issuer, clock).answer(TokenMissing())
    assert any(", DPoP realm=" in value for _, value in offering.headers)


@pytest.mark.parametrize(
    "options",
    [{"public_url": "api.example"}, {"public_url": ""}, {"dpop_nonce_key": b"short"}],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(issuer, clock, options):
    with pytest.raises(ConfigurationError):
        verifier(issuer, clock, **options)


def test_a_public_url_may_have_a_path(issuer, clock, holder):
    found = verifier(issuer, clock, public_url="https://gate.example/api/")
    proof = holder.proof(url="https://gate.example/api/notes?x=1")
    assert verified(found, holder, proof).jkt


def test_the_metadata_document_says_so(issuer, clock):
    found = verifier(issuer, clock)
    assert found.metadata is not None
    said = json.loads(found.metadata.answer.body)
    assert said["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA", "PS256"]


async def asked(found: Verifier, *headers: tuple[str, str], path: str) -> dict[str, Any]:
    """What an ASGI application behind `found` answers."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["sojourn.token"].jkt.encode()})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"page=2",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers]
        + [(b"host", b"evil.example")],
    }
    await ProtectAsgi(app, found)(scope, None, send)  # type: ignore[arg-type]
    return {
        "status": sent[0]["status"],
        "headers": dict(sent[0]["headers"]),
        "body": sent[1]["body"],
    }


def test_asgi_checks_the_proof_against_its_own_address(issuer, clock, holder):
    found = verifier(issuer, clock)

    def ask(*proofs: str) -> dict[str, Any]:
        shown = ("Authorization", f"DPoP {holder.token}")
        return asyncio.run(asked(found, shown, *(("DPoP", p) for p in proofs), path="/notes"))

    assert ask(holder.proof())["body"] == holder.key.thumbprint.encode()
    assert ask(holder.proof(url="https://evil.example/notes"))["status"] == 401
    twice = ask(holder.proof(), holder.proof())
    assert twice["status"] == 401
    assert b"invalid_dpop_proof" in twice["headers"][b"www-authenticate"]
    assert ask()["status"] == 401


def test_wsgi_checks_the_proof_against_its_own_address(issuer, clock, holder):
    found = verifier(issuer, clock)

    def app(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [])
        return [environ["sojourn.token"].jkt.encode()]

    def ask(proof: str, path: str = "/notes") -> tuple[str, bytes]:
        environ: dict[str, Any] = {
            "PATH_INFO": path,
            "HTTP_AUTHORIZATION": f"DPoP {holder.token}",
            "HTTP_DPOP": proof,
            "HTTP_HOST": "evil.example",
        }
        setup_testing_defaults(environ)
        statuses: list[str] = []
        body = b"".join(ProtectWsgi(app, found)(environ, lambda s, _: statuses.append(s)))  # type: ignore[arg-type]
        return statuses[0], body

    assert ask(holder.proof()) == ("200 OK", holder.key.thumbprint.encode())
    assert ask(holder.proof(url=f"{ORIGIN}/a%20b"), "/a b")[0] == "200 OK"
    assert ask(holder.proof(url="https://evil.example/notes"))[0] == "401 Unauthorized"
    assert ask(f"{holder.proof()},{holder.proof()}")[0] == "401 Unauthorized"


@pytest.mark.peer
@pytest.mark.parametrize("client_id", ["jwt-app", "opaque-app"])
def test_our_client_shows_a_bound_token_of_npm_oidc_provider(sample, client_id):
    auth = ClientCredentials(
        sample.issuer.url,
        client_id,
        client_secret=SECRET,
        scope="notes",
        resource=sample.url,
        dpop=True,
    )
    with Session(auth, trust_env=False) as session:
        for _ in range(2):
            assert len(session.get(f"{sample.url}/notes?page=1").json()["notes"]) == 3
        held = auth._current
        assert held is not None
        bearer = {"Authorization": f"Bearer {held.access_token}"}
        with pytest.raises(Unauthorized):
            session.get(f"{sample.url}/notes", headers=bearer, authenticated=False)
