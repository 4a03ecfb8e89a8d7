"""FAPI2 security profile, final: the modules about sender-constrained tokens, in the DPoP variant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.conformance.browser import Browser
from tests.conformance.holder import KeyHolder, bound
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider

SCOPE = "openid profile"


@pytest.fixture
def rp(provider: Provider) -> RelyingParty:
    """The plan's client: it signs assertions and its tokens must be bound."""
    return provider.relying_party(
        token_endpoint_auth_method="private_key_jwt",
        id_token_signed_response_alg="ES256",
        dpop_bound_access_tokens=True,
    )


@pytest.fixture
def holder(provider: Provider, rp: RelyingParty) -> KeyHolder:
    return KeyHolder(rp, now=provider.clock.now)


def access(provider: Provider, holder: KeyHolder) -> str:
    sent, landing = holder.rp.ask(provider.browser(), provider.diana, scope=SCOPE)
    return str(bound(holder.redeem(landing.parameters["code"], sent))["access_token"])


def refused_at_resource(response: httpx2.Response, code: str = "invalid_dpop_proof") -> None:
    assert response.status_code == 401, response.text
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert f'error="{code}"' in challenge
    assert 'algs="ES256 EdDSA PS256"' in challenge


def test_fapi2_security_profile_final_happy_flow(
    provider: Provider, browser: Browser, holder: KeyHolder
):
    assert holder.rp.metadata["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA", "PS256"]
    sent, landing = holder.rp.ask(browser, provider.diana, scope=SCOPE)
    members = bound(holder.redeem(landing.parameters["code"], sent))
    said = holder.userinfo(members["access_token"])
    assert said.json()["sub"] == holder.rp.verified(members["id_token"]).claims["sub"]
    other = provider.relying_party(
        token_endpoint_auth_method="private_key_jwt", dpop_bound_access_tokens=True
    )
    theirs = KeyHolder(other, now=provider.clock.now)
    sent, landing = other.ask(provider.browser(), provider.diana, scope=SCOPE)
    assert theirs.userinfo(
        bound(theirs.redeem(landing.parameters["code"], sent))["access_token"]
    ).is_success


def test_fapi2_security_profile_final_access_token_type_header_case_sensitivity(
    provider: Provider, holder: KeyHolder
):
    token = access(provider, holder)
    for scheme in ("dpop", "DPOP", "dPoP"):
        assert holder.userinfo(token, scheme=scheme).status_code == 200


def test_fapi2_security_profile_final_check_dpop_proof_nbf_exp(
    provider: Provider, holder: KeyHolder
):
    token, now = access(provider, holder), provider.clock.now() // 1000
    at = holder.rp.metadata["userinfo_endpoint"]
    good: list[dict[str, Any]] = [
        {"nbf": now - 5, "exp": now + 30},
        {"nbf": now + 8},
        {"exp": now - 8},
    ]
    for more in good:
        assert holder.userinfo(token, holder.proof("GET", at, token=token, **more)).is_success
    bad: list[dict[str, Any]] = [{"exp": now - 30}, {"nbf": now + 30}, {"exp": "x"}, {"nbf": "x"}]
    for more in bad:
        refused_at_resource(holder.userinfo(token, holder.proof("GET", at, token=token, **more)))


def moved(provider: Provider, holder: KeyHolder, seconds: int) -> None:
    iat = provider.clock.now() // 1000 + seconds
    sent, landing = holder.rp.ask(provider.browser(), provider.diana, scope=SCOPE)
    at = holder.rp.metadata["token_endpoint"]
    proof = holder.proof("POST", at, iat=iat)
    token = bound(holder.redeem(landing.parameters["code"], sent, proof))["access_token"]
    at = holder.rp.metadata["userinfo_endpoint"]
    proof = holder.proof("GET", at, token=token, iat=iat)
    assert holder.userinfo(token, proof).status_code == 200


def test_fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_before_succeeds(
    provider: Provider, holder: KeyHolder
):
    moved(provider, holder, -10)


def test_fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_after_succeeds(
    provider: Provider, holder: KeyHolder
):
    moved(provider, holder, 10)


def test_fapi2_security_profile_final_ensure_mismatched_dpop_jkt_fails(
    provider: Provider, browser: Browser, holder: KeyHolder
):
    other = KeyHolder(holder.rp, now=provider.clock.now)
    sent, landing = holder.rp.ask(browser, provider.diana, scope=SCOPE, dpop_jkt=other.thumbprint)
    refusal = holder.redeem(landing.parameters["code"], sent)
    assert (refusal.status_code, refusal.json()["error"]) == (400, "invalid_grant")
    # The code was not spent by whoever stole it.
    bound(other.redeem(landing.parameters["code"], sent))


def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(
    provider: Provider, browser: Browser, holder: KeyHolder
):
    sent, landing = holder.rp.ask(browser, provider.diana, scope=SCOPE, dpop_jkt=holder.thumbprint)
    other = KeyHolder(holder.rp, now=provider.clock.now)
    refusal = other.redeem(landing.parameters["code"], sent)
    assert (refusal.status_code, refusal.json()["error"]) == (400, "invalid_grant")


def test_fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(
    provider: Provider, holder: KeyHolder
):
    """The refresh token of a public client is bound to the key of its first proof (RFC 9449 §5)."""
    public = KeyHolder(
        provider.relying_party(token_endpoint_auth_method="none"), now=provider.clock.now
    )
    sent, landing = public.rp.ask(
        provider.browser(), provider.diana, scope=f"{SCOPE} offline_access"
    )
    members = bound(public.redeem(landing.parameters["code"], sent))
    other = KeyHolder(public.rp, now=provider.clock.now)
    refusal = other.refresh(members["refresh_token"])
    assert (refusal.status_code, refusal.json()["error"]) == (400, "invalid_grant")
    bound(public.refresh(members["refresh_token"]))


def test_fapi2_security_profile_final_ensure_dpop_auth_code_binding_success(
    provider: Provider, browser: Browser, holder: KeyHolder
):
    sent, landing = holder.rp.ask(browser, provider.diana, scope=SCOPE, dpop_jkt=holder.thumbprint)
    token = bound(holder.redeem(landing.parameters["code"], sent))["access_token"]
    assert holder.userinfo(token).status_code == 200


Spoilt = Callable[[KeyHolder, str, str, str], str]
"""From holder, method, URL and access token ('' at the token endpoint) to a proof that must be refused."""


def says(**more: Any) -> Spoilt:
    return lambda holder, method, url, token: holder.proof(method, url, token=token, **more)


def heads(**header: Any) -> Spoilt:
    return lambda holder, method, url, token: holder.signed(
        holder.claims(method, url, token=token), header=header
    )


def with_private_key(holder: KeyHolder, method: str, url: str, token: str) -> str:
    jwk = holder.key.as_dict(private=True)
    return holder.signed(holder.claims(method, url, token=token), header={"jwk": jwk})


def with_another_keys_jwk(holder: KeyHolder, method: str, url: str, token: str) -> str:
    jwk = ECKey.generate_key("P-256").as_dict(private=False)
    return holder.signed(holder.claims(method, url, token=token), header={"jwk": jwk})


def symmetric(holder: KeyHolder, method: str, url: str, token: str) -> str:
    key = OctKey.generate_key(256)
    header = {"jwk": key.as_dict(private=True)}
    claims = holder.claims(method, url, token=token)
    return holder.signed(claims, header=header, key=key, alg="HS256")


def by_another_algorithm(holder: KeyHolder, method: str, url: str, token: str) -> str:
    key = RSAKey.generate_key(2048)
    return holder.signed(holder.claims(method, url, token=token), key=key, alg="RS256")


def unsigned(holder: KeyHolder, method: str, url: str, token: str) -> str:
    head, payload, _ = holder.proof(method, url, token=token).split(".")
    return f"{head}.{payload}."


def altered(holder: KeyHolder, method: str, url: str, token: str) -> str:
    text = holder.proof(method, url, token=token)
    return text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB")


def no_jwt(holder: KeyHolder, method: str, url: str, token: str) -> str:
    return "no-proof-at-all"


SPOILT: dict[str, Spoilt] = {
    "without jti": says(jti=None),
    "with an empty jti": says(jti=""),
    "with a jti that is a number": says(jti=7),
    "without htm": says(htm=None),
    "for another method": says(htm="PUT"),
    "for the method in lower case": says(htm="post"),
    "without htu": says(htu=None),
    "for another path": says(htu="http://127.0.0.1/elsewhere"),
    "for another host": says(htu="https://other.example/token"),
    "with an htu that is no URL": says(htu="token"),
    "without iat": says(iat=None),
    "with an iat that is text": says(iat="now"),
    "an hour old": says(iat=1_000_000_000),
    "of the far future": says(iat=4_000_000_000),
    "with another nonce": says(nonce="not-of-this-server"),
    "without typ": heads(typ=None),
    "of type JWT": heads(typ="JWT"),
    "without jwk": heads(jwk=None),
    "with a jwk that is text": heads(jwk="key"),
    "with critical members": heads(crit=["exp"]),
    "with the private key": with_private_key,
    "with the jwk of another key": with_another_keys_jwk,
    "by a symmetric key": symmetric,
    "by an algorithm that is not offered": by_another_algorithm,
    "unsigned": unsigned,
    "altered": altered,
    "that is no JWT": no_jwt,
}
AT_RESOURCES: dict[str, Spoilt] = {
    "without ath": says(ath=None),
    "for another token": says(ath="n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"),
}


def wanted(name: str) -> str:
    return "use_dpop_nonce" if name == "with another nonce" else "invalid_dpop_proof"


@pytest.mark.parametrize("name", SPOILT)
def test_fapi2_security_profile_final_dpop_negative_tests(
    provider: Provider, rp: RelyingParty, holder: KeyHolder, name: str
):
    at = rp.metadata["token_endpoint"]
    proof = SPOILT[name](holder, "POST", at, "")
    answer = holder.token(proof, grant_type="authorization_code", code="sj_c_any")
    assert (answer.status_code, answer.json()["error"]) == (400, wanted(name)), name


@pytest.mark.parametrize("name", [*SPOILT, *AT_RESOURCES])
def test_fapi2_security_profile_final_dpop_negative_tests_at_the_resource(
    served: Provider, kept: tuple[KeyHolder, str], name: str
):
    holder, token = kept
    at = holder.rp.metadata["userinfo_endpoint"]
    proof = {**SPOILT, **AT_RESOURCES}[name](holder, "GET", at, token)
    if name == "for the method in lower case":
        proof = holder.proof("get", at, token=token)
    refused_at_resource(holder.userinfo(token, proof), wanted(name))


@pytest.fixture(scope="module")
def kept(served: Provider) -> Iterator[tuple[KeyHolder, str]]:
    """A holder with a bound token of a person's, the same for all negatives."""
    rp = served.relying_party(
        token_endpoint_auth_method="none", id_token_signed_response_alg="ES256"
    )
    served._open.remove(rp)
    holder = KeyHolder(rp, now=served.clock.now)
    token = access(served, holder)
    assert holder.userinfo(token).status_code == 200
    yield holder, token
    rp.http.close()


def test_fapi2_security_profile_final_dpop_negative_tests_proofs_that_come_twice(
    kept: tuple[KeyHolder, str],
):
    holder, token = kept
    at = holder.rp.metadata["userinfo_endpoint"]
    proof = holder.proof("GET", at, token=token)
    assert holder.userinfo(token, proof).status_code == 200
    refused_at_resource(holder.userinfo(token, proof))


def test_fapi2_security_profile_final_dpop_negative_tests_two_headers_or_none(
    kept: tuple[KeyHolder, str], holder: KeyHolder
):
    bearer, token = kept
    at = bearer.rp.metadata["userinfo_endpoint"]
    proofs = [("dpop", bearer.proof("GET", at, token=token)) for _ in range(2)]
    shown = ("authorization", f"DPoP {token}")
    refused_at_resource(bearer.rp.http.get(at, headers=[shown, *proofs]))
    refused_at_resource(bearer.rp.http.get(at, headers=[shown]))
    answer = holder.rp.token(grant_type="authorization_code", code="sj_c_any")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_fapi2_security_profile_final_dpop_negative_tests_a_bound_token_is_no_bearer(
    provider: Provider, kept: tuple[KeyHolder, str]
):
    holder, token = kept
    for answer in (holder.rp.userinfo(token), holder.userinfo(token, scheme="Bearer")):
        assert answer.status_code == 401
        challenge = answer.headers["www-authenticate"]
        assert 'Bearer realm="sojourn", error="invalid_token"' in challenge
        assert 'DPoP realm="sojourn", algs=' in challenge
    body = holder.rp.http.post(
        holder.rp.metadata["userinfo_endpoint"], data={"access_token": token}
    )
    assert body.status_code == 401
    other = KeyHolder(holder.rp, now=provider.clock.now)
    refused_at_resource(other.userinfo(token), "invalid_token")
