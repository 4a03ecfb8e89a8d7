"""Challenges of a 401 answer, and the step-up challenge among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import InsufficientUserAuthentication, Malformed
from sojourn.wire import challenges, oauth

ERROR = 'error="insufficient_user_authentication"'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" , ,", []),
        ("Basic", [("basic", {})]),
        ("Negotiate, Bearer", [("negotiate", {}), ("bearer", {})]),
        ("Negotiate a87421000492aa874209af8bc028==", [("negotiate", {})]),
        ("NTLM TlRM+/==,Bearer realm=x", [("ntlm", {}), ("bearer", {"realm": "x"})]),
        ('Bearer realm="a, b", error=x', [("bearer", {"realm": "a, b", "error": "x"})]),
        (r'Bearer realm="say \"hi\" \\"', [("bearer", {"realm": r"say " + '"hi" \\'})]),
        ('BEARER Realm = "a" ,,ERROR= x', [("bearer", {"realm": "a", "error": "x"})]),
        (
            'Basic realm="a", DPoP algs="ES256 RS256", error="use_dpop_nonce"',
            [
                ("basic", {"realm": "a"}),
                ("dpop", {"algs": "ES256 RS256", "error": "use_dpop_nonce"}),
            ],
        ),
    ],
)
def test_challenges_are_told_apart(text, found):
    assert [(one.scheme, one.parameters) for one in challenges.parse(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        'Bearer realm="a',
        'Bearer realm="a" b="c"',
        "Bearer realm=a, realm=b",
        'realm="a"',
        "Bearer, =x",
        'Bearer realm="a\x00"',
        'Bearer realm="a\\\x07"',
        "Bearer é",
        "x" * 16_385,
    ],
)
def test_what_breaks_the_grammar_is_refused(text):
    with pytest.raises(Malformed):
        challenges.parse(text)
    assert challenges.step_up(text) is None


@given(st.text(alphabet=st.sampled_from('Bearer ="\\,\t=x1é\x00'), max_size=60))
def test_any_text_is_refused_or_a_list_of_challenges(text):
    try:
        found = challenges.parse(text)
    except Malformed:
        return
    assert all(one.scheme == one.scheme.lower() for one in found)


@pytest.mark.parametrize(
    ("acr_values", "max_age"), [((), None), (("urn:a",), None), ((), 0), (("urn:a", "b"), 300)]
)
def test_what_our_services_ask_is_what_our_client_reads(acr_values, max_age):
    asked = InsufficientUserAuthentication(acr_values=acr_values, max_age=max_age)
    read = challenges.step_up(oauth.www_authenticate(asked, realm="notes"))
    assert read is not None
    assert (read.acr_values, read.max_age) == (acr_values, max_age)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "Bearer",
        'Bearer error="invalid_token"',
        f'Bearer {ERROR}, max_age="-1"',
        f'Bearer {ERROR}, max_age="1.5"',
        f'Bearer {ERROR}, max_age="1234567890"',
        f'Bearer {ERROR}, max_age="\N{ARABIC-INDIC DIGIT ONE}"',
        f'Bearer {ERROR}, acr_values=" a"',
        f'Bearer {ERROR}, acr_values="a  b"',
        f'Bearer {ERROR}, acr_values="a\\"b"',
        f'Bearer {ERROR}, acr_values="{"a" * 2001}"',
        f"Bearer {ERROR}, max_age=1, max_age=2",
    ],
)
def test_no_step_up_is_read_out_of_anything_else(text):
    assert challenges.step_up(text) is None


def test_the_challenge_is_found_among_others():
    text = f'Basic realm="x", DPoP {ERROR}, acr_values="a a b", max_age=60'
    read = challenges.step_up(text)
    assert read is not None
    assert (read.acr_values, read.max_age) == (("a", "b"), 60)
