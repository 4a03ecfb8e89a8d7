"""DPoP proofs: ours are read by another library, another library's by us; URLs are compared by the specification."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from sojourn.errors import InvalidDpopProof, InvalidToken, Malformed, UseDpopNonce
from sojourn.wire import base64url, dpop
from sojourn.wire.jose import SigningKey

NOW = 1_800_000_000_000
URL = "https://server.example.com/token"
# RFC 9449 §4.1 and §7.1: the examples of the specification.
EXAMPLE = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0I"
    "joxNTYyMjYyNjE2fQ."
    "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
EXAMPLE_AT = 1_562_262_616_000
EXAMPLE_THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
EXAMPLE_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
EXAMPLE_ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def key() -> dpop.ProofKey:
    private = ec.generate_private_key(ec.SECP256R1())
    return dpop.ProofKey(SigningKey("k", "ES256", private=private))


def test_the_examples_of_rfc_9449_hold() -> None:
    found = dpop.check(EXAMPLE, method="POST", url=URL, now=EXAMPLE_AT + 1)
    assert (found.thumbprint, found.jti) == (EXAMPLE_THUMBPRINT, "-BwC3ESc6acc2lTc")
    assert dpop.ath(EXAMPLE_TOKEN) == EXAMPLE_ATH
    with pytest.raises(InvalidDpopProof):
        dpop.check(EXAMPLE, method="POST", url=URL, now=EXAMPLE_AT + dpop.LIFE)


def test_a_proof_of_ours_is_read_by_another_library() -> None:
    ours = key()
    text = ours.proof("GET", f"{URL}?a=b#c", now=NOW, jti="one", ath="a", nonce="n")
    header = json.loads(base64url.decode(text.partition(".")[0]))
    assert set(header) == {"typ", "alg", "jwk"}
    other = ECKey.import_key(header["jwk"])
    assert other.thumbprint() == ours.thumbprint
    claims = json.loads(jws.deserialize_compact(text, other, algorithms=["ES256"]).payload)
    assert claims == {
        "jti": "one",
        "htm": "GET",
        "htu": URL,
        "iat": NOW // 1000,
        "ath": "a",
        "nonce": "n",
    }


def test_a_key_comes_back_from_its_text_and_shows_itself_nowhere() -> None:
    ours = key()
    again = dpop.ProofKey.load(ours.dump())
    assert again.thumbprint == ours.thumbprint
    proof = again.proof("GET", URL, now=NOW, jti="x")
    assert dpop.check(proof, method="GET", url=URL, now=NOW).thumbprint == ours.thumbprint
    assert ours.dump() not in repr(ours)
    assert "x" not in repr(dpop.check(proof, method="GET", url=URL, now=NOW)).replace("...", "")
    with pytest.raises(Malformed):
        dpop.ProofKey.load("bm90IGEga2V5")


KEYS: dict[str, Callable[[], ECKey | OKPKey | RSAKey]] = {
    "ES256": lambda: ECKey.generate_key("P-256"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
    "PS256": lambda: RSAKey.generate_key(2048),
}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", dpop.ALGORITHMS)
def test_proofs_by_every_algorithm_that_is_offered_are_good(alg: str) -> None:
    made = KEYS[alg]()
    header = {"typ": "dpop+jwt", "alg": alg, "jwk": made.as_dict(private=False)}
    claims = {"jti": "j", "htm": "POST", "htu": URL, "iat": NOW // 1000}
    registry = jws.JWSRegistry(algorithms=[alg])
    text = jws.serialize_compact(header, json.dumps(claims), made, registry=registry)
    assert dpop.check(text, method="POST", url=URL, now=NOW).thumbprint == made.thumbprint()


@given(st.text(max_size=300) | st.from_regex(r"[\w-]{1,60}\.[\w-]{1,60}\.[\w-]{1,60}"))
def test_no_text_that_is_no_proof_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(InvalidDpopProof):
        dpop.check(text, method="POST", url=URL, now=NOW)


SAME = [
    ("https://a.example", "https://a.example/"),
    ("HTTPS://A.Example/x", "https://a.example/x"),
    ("https://a.example:443/x", "https://a.example/x"),
    ("https://a.example:/x", "https://a.example/x"),
    ("http://a.example:80/", "http://a.example"),
    ("https://a.example/x?y=1#z", "https://a.example/x"),
    ("https://a.example/%7euser/%2f", "https://a.example/~user/%2F"),
    ("https://a.example/a/./b/../c", "https://a.example/a/c"),
    ("https://a.example/a/..", "https://a.example/"),
    ("https://[::1]:8080/x", "https://[::1]:8080/x"),
]
OTHER = [
    ("https://a.example/x", "http://a.example/x"),
    ("https://a.example/x", "https://a.example:8443/x"),
    ("http://a.example:443/x", "http://a.example/x"),
    ("https://a.example/x", "https://a.example/x/"),
    ("https://a.example/x", "https://a.example/X"),
    ("https://a.example/a%2fb", "https://a.example/a/b"),
    ("https://a.example/x", "https://a.example.evil/x"),
    ("https://a.example//x", "https://a.example/x"),
]
NO_URLS = [
    "",
    "/token",
    "token",
    "ftp://a.example/",
    "https://",
    "https:///x",
    "https://u@a.example/",
    "https://a.example\\@b/",
    "https://a.example/ x",
    "https://a.example:x/",
    "https://é.example/",
    "https://a.example/\n",
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_urls_that_mean_the_same_are_the_same_target(one: str, other: str) -> None:
    assert dpop.target(one) == dpop.target(other)
    proof = key().proof("GET", one, now=NOW, jti="x")
    dpop.check(proof, method="GET", url=other, now=NOW)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_urls_that_mean_something_else_are_another_target(one: str, other: str) -> None:
    proof = key().proof("GET", one, now=NOW, jti="x")
    with pytest.raises(InvalidDpopProof):
        dpop.check(proof, method="GET", url=other, now=NOW)


@pytest.mark.parametrize("text", NO_URLS)
def test_what_is_no_url_is_no_target(text: str) -> None:
    with pytest.raises(Malformed):
        dpop.target(text)


@given(st.integers(0, 10**13), st.integers(0, 10 * dpop.NONCE_LIFE))
def test_a_nonce_is_known_by_its_key_alone_and_for_its_time(now: int, later: int) -> None:
    ours, others = dpop.Nonces(b"k" * 32), dpop.Nonces(b"o" * 32)
    nonce = ours.make(now)
    if later <= dpop.NONCE_LIFE:
        ours.check(nonce, now=now + later)
    elif later >= dpop.NONCE_LIFE + 60_000:
        with pytest.raises(UseDpopNonce) as error:
            ours.check(nonce, now=now + later)
        ours.check(error.value.nonce, now=now + later)
    with pytest.raises(UseDpopNonce):
        others.check(nonce, now=now)


def test_a_nonce_of_the_future_is_none() -> None:
    ours = dpop.Nonces(b"k" * 32)
    with pytest.raises(UseDpopNonce):
        ours.check(ours.make(NOW + 120_000), now=NOW)
    with pytest.raises(UseDpopNonce):
        ours.check(None, now=NOW)
    ours.check(None, now=NOW, required=False)


def test_the_scheme_is_told_by_its_name_in_any_case() -> None:
    assert dpop.token_of("dPoP abc") == "abc"
    assert dpop.token_of("Bearer abc") is None
    for broken in ("DPoP", "DPoP ", "DPoP a b", "DPoP a,b"):
        with pytest.raises(InvalidToken):
            dpop.token_of(broken)
