"""PKCE: the example of the specification, its grammar, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import proof

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_rfc_7636_holds() -> None:
    assert proof.challenge(VERIFIER) == CHALLENGE
    assert proof.check(VERIFIER, CHALLENGE)
    assert proof.is_challenge(CHALLENGE)


@given(st.binary(min_size=32, max_size=96))
def test_every_verifier_we_make_is_good_and_its_neighbour_is_not(random: bytes) -> None:
    verifier = proof.verifier_from(random)
    assert proof.check(verifier, proof.challenge(verifier))
    neighbour = verifier[:-1] + ("a" if verifier[-1] != "a" else "b")
    assert not proof.check(neighbour, proof.challenge(verifier))


BAD_VERIFIERS = [
    "",
    "a" * 42,
    "a" * 129,
    VERIFIER[:-1] + "+",
    VERIFIER[:-1] + "é",
    VERIFIER + "\n",
    VERIFIER + "=",
]


@pytest.mark.parametrize("verifier", BAD_VERIFIERS)
def test_a_verifier_out_of_grammar_is_refused(verifier: str) -> None:
    assert not proof.check(verifier, CHALLENGE)
    with pytest.raises(Malformed):
        proof.challenge(verifier)


@pytest.mark.parametrize(
    "text", ["", VERIFIER[:-1], CHALLENGE + "=", CHALLENGE + "\n", CHALLENGE[:-1] + "N", "é" * 43]
)
def test_a_challenge_is_the_base64url_of_32_bytes(text: str) -> None:
    assert not proof.is_challenge(text)
    assert not proof.check(VERIFIER, text)


def test_plain_is_never_accepted() -> None:
    assert not proof.check(VERIFIER, VERIFIER)


@pytest.mark.parametrize("size", [0, 31, 97])
def test_too_little_or_too_much_randomness_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        proof.verifier_from(bytes(size))


@given(st.text(), st.text())
def test_any_two_texts_can_be_checked(verifier: str, challenge: str) -> None:
    assert not proof.check(verifier, challenge)
