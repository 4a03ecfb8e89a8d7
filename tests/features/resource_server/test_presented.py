"""How a token may come with a request, fuzzed: out comes a token of the grammar, or a refusal that can be answered."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import InvalidRequest, InvalidToken, TokenMissing
from sojourn.resource_server import Verifier
from sojourn.resource_server.presented import authorization_of, token_of

VERIFIER = Verifier("https://op.example", audience="x")
is_token = re.compile(r"[A-Za-z0-9\-._~+/]+=*").fullmatch
headers = (
    st.text() | st.text().map("Bearer ".__add__) | st.from_regex(r"(?i)(bearer|dpop) +\S*,?\S*")
)


@given(headers)
def test_any_header_gives_a_token_of_the_grammar_or_a_refusal_that_can_be_answered(header):
    try:
        assert is_token(token_of(header, dpop=True).text)
    except (InvalidToken, InvalidRequest) as error:
        answer = VERIFIER.answer(error)
        assert answer.status in (400, 401)
        for _, value in answer.headers:
            assert value.isascii()
            assert value.isprintable()


@given(st.text(), st.text())
def test_any_query_either_holds_a_token_or_is_the_applications_own(before, after):
    query = f"{before}&access_token=x&{after}"
    with pytest.raises(InvalidRequest):
        authorization_of([], query=query)
    harmless = before.replace("access", "")
    if "%" not in harmless:
        assert authorization_of(["a"], query=harmless) == "a"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "bearer  ", "Bearer =", "Bearer a=b", "Bearer a\n"]
)
def test_a_broken_bearer_header_is_an_invalid_token(header):
    with pytest.raises(InvalidToken) as caught:
        token_of(header, dpop=False)
    assert not isinstance(caught.value, TokenMissing)
