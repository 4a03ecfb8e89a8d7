"""The Config plan: the discovery document and the keys."""

from __future__ import annotations

import re

from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider

SECRET_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k"}
REGISTERED = {
    "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
    "registration_endpoint", "scopes_supported", "response_types_supported",
    "response_modes_supported", "grant_types_supported", "acr_values_supported",
    "subject_types_supported", "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported",
    "display_values_supported", "claim_types_supported", "claims_supported",
    "service_documentation", "claims_locales_supported", "ui_locales_supported",
    "claims_parameter_supported", "request_parameter_supported",
    "request_uri_parameter_supported", "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported", "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported", "code_challenge_methods_supported",
    "end_session_endpoint", "authorization_response_iss_parameter_supported",
    "device_authorization_endpoint", "dpop_signing_alg_values_supported", "store_parameters_supported",
    "prompt_values_supported",
}  # fmt: skip


def test_oidcc_discovery_endpoint_verification(provider: Provider, rp: RelyingParty):
    url = f"{provider.issuer}/.well-known/openid-configuration"
    response = rp.http.get(url)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    said = response.json()
    assert said["issuer"] == provider.issuer
    assert "code" in said["response_types_supported"]
    assert set(said["subject_types_supported"]) <= {"public", "pairwise"}
    assert said["subject_types_supported"]
    assert "RS256" in said["id_token_signing_alg_values_supported"]
    assert "authorization_code" in said["grant_types_supported"]
    assert "openid" in said["scopes_supported"]
    assert all(
        re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", name) for name in said["scopes_supported"]
    )
    assert {"sub", "name", "email"} <= set(said["claims_supported"])
    assert said["claims_parameter_supported"] is True
    assert said["request_uri_parameter_supported"] is False
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", tag) for tag in said["ui_locales_supported"])
    endpoints = [value for name, value in said.items() if name.endswith(("_endpoint", "_uri"))]
    assert all(there.startswith(f"{provider.issuer}/") for there in endpoints)
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= set(
        said
    )
    assert set(said) <= REGISTERED
    check_keys(rp)


def check_keys(rp: RelyingParty) -> None:
    keys = rp.http.get(rp.metadata["jwks_uri"]).json()["keys"]
    assert {key["alg"] for key in keys} == set(rp.metadata["id_token_signing_alg_values_supported"])
    assert len({key["kid"] for key in keys}) == len(keys)
    assert all(key["use"] == "sig" for key in keys)
    assert not any(SECRET_MEMBERS & set(key) for key in keys)
    assert len(rp.keys().keys) == len(keys)
