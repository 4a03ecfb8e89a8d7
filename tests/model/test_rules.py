"""The small rules: subjects, keys and partitions, usage rules, a token by itself, what a user keeps."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from sojourn.model.authentication_event import create_authn_event
from sojourn.model.client_session import Consent
from sojourn.model.ids import Keys, escaped, partition
from sojourn.model.policy import DEFAULT_RULES, TOKEN_CLASSES, UsageRules, rules_for
from sojourn.model.subject import subject
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.store.contract import kind_of, partition_of

KEY = b"k" * 32
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
some = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(some, some, some, some)
@example("ab", "c", "a", "bc")
@example("a;;b", "c", "a", "b;;c")
def test_pairwise_subjects_are_equal_only_for_equal_users_and_sectors(
    user: str, sector: str, other: str, elsewhere: str
):
    one = subject("pairwise", key=KEY, realm="r", user_id=user, sector=sector)
    two = subject("pairwise", key=KEY, realm="r", user_id=other, sector=elsewhere)
    assert (one == two) is ((user, sector) == (other, elsewhere))
    assert len(one) == 43


@given(some)
def test_subjects_differ_by_type_realm_and_key(user: str):
    made = {
        subject("public", key=KEY, realm="r", user_id=user),
        subject("public", key=KEY, realm="s", user_id=user),
        subject("public", key=b"l" * 32, realm="r", user_id=user),
        subject("pairwise", key=KEY, realm="r", user_id=user, sector="x"),
        subject("ephemeral", key=KEY, realm="r", user_id=user, nonce="x"),
        subject("ephemeral", key=KEY, realm="r", user_id=user, nonce="y"),
    }
    assert len(made) == 6
    assert user not in made or len(user) == 43


@pytest.mark.parametrize("kind", ["pairwise", "ephemeral", "transient", ""])
def test_a_subject_that_lacks_its_part_is_refused(kind: str):
    with pytest.raises(ValueError, match="subject"):
        subject(kind, key=KEY, realm="r", user_id="u")


@given(names, names)
@example("a/b", "a%2Fb")
@example("a:b", "a%3Ab")
@example("..", ".")
def test_an_escaped_name_is_one_name_and_no_path(one: str, other: str):
    assert (escaped(one) == escaped(other)) is (one == other)
    assert escaped(one).isascii()
    assert not set(escaped(one)) & set("/:; ")


@given(some, some, some, some)
@example("a:b", "c", "a", "b:c")
def test_no_two_client_sessions_share_a_key(user: str, client: str, other: str, elsewhere: str):
    keys = Keys()
    same = keys.client_session(user, client) == keys.client_session(other, elsewhere)
    assert same is ((user, client) == (other, elsewhere))


@given(some, some)
def test_all_of_a_user_lies_in_one_partition(user: str, client: str):
    keys = Keys("a realm/with a path")
    part = partition("user", user)
    of_user = (
        keys.user(user),
        keys.client_session(user, client),
        keys.credential(user, "password"),
        keys.activity(keys.user(user)),
    )
    assert {partition_of(key) for key in of_user} == {part}
    kinds = [kind_of(key) for key in of_user]
    assert kinds == ["user", "csession", "credential", "activity"]
    assert 0 <= part < 1024
    assert keys.user(user) != Keys("other").user(user)


def test_owners_of_different_kinds_do_not_follow_each_other():
    together = sum(partition("user", f"n{i}") == partition("client", f"n{i}") for i in range(2000))
    assert together < 20


@given(st.permutations(range(3)), st.sampled_from(TOKEN_CLASSES))
def test_the_first_table_that_has_a_rule_wins(order: list[int], kind: str):
    tables = [{kind: UsageRules(expires_in=n + 1)} for n in order]
    assert rules_for(kind, None, {}, *tables).expires_in == order[0] + 1
    assert rules_for(kind, None, {}) is DEFAULT_RULES[kind]


def test_an_unknown_class_has_no_rules():
    with pytest.raises(ValueError, match="unknown token class"):
        rules_for("magic_token", {"magic": UsageRules()})


def test_by_default_a_code_is_used_once_and_an_access_token_mints_nothing():
    assert DEFAULT_RULES["authorization_code"].max_usage == 1
    assert DEFAULT_RULES["authorization_code"].expires_in <= 60_000
    assert not DEFAULT_RULES["access_token"].supports_minting


@given(st.integers(0, 5), st.integers(0, 5), st.integers(-3, 3), st.integers(-3, 3))
def test_a_token_by_itself_is_live_from_not_before_to_just_before_its_end(
    used: int, max_usage: int, start: int, end: int
):
    now = 1000
    token = Token(
        type="access_token",
        client_id="c",
        issued_at=1,
        not_before=now + start,
        expires_at=now + end,
        used=used,
        max_usage=max_usage,
    )
    spent = max_usage > 0 and used >= max_usage
    assert token.is_active(now) is (start <= 0 < end and not spent)
    assert structs.replace(token, expires_at=0).is_active(now) is (start <= 0 and not spent)


@given(
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "a", "b"]),
)
def test_a_user_keeps_the_present_epoch_and_the_excepted_sign_in(
    epoch: int, of: int, excepted: str, signin: str
):
    user = User(id="u", created=1, epoch=epoch, excepted=excepted)
    assert user.keeps(of, signin) is (of == epoch or (signin != "" and signin == excepted))


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_event_counts_until_just_before_its_end(start: int, life: int, after: int):
    event = create_authn_event("u", now=start, life=life)
    if event.valid_until:
        assert event.is_valid(start + after) is (after < life)
    assert event.expires_in(start + after) == max(0, event.valid_until - start - after)


asked = st.tuples(*[st.sets(st.sampled_from("abc"))] * 3)


@given(asked, asked)
def test_consent_covers_what_it_contains_and_nothing_more(
    given_: tuple[set[str], ...], wanted: tuple[set[str], ...]
):
    consent = Consent(1, *map(tuple, given_))
    contained = all(more <= known for more, known in zip(wanted, given_, strict=True))
    assert consent.covers(*map(tuple, wanted)) is contained


@pytest.mark.parametrize("wrong", [{"expires_in": 0.5}, {"expires_in": "1"}, {"max_usage": True}])
def test_usage_rules_count_in_whole_numbers(wrong: dict[str, Any]):
    with pytest.raises(TypeError, match="whole numbers"):
        UsageRules(**wrong)


def test_what_strangers_call_a_client_stays_in_no_memory():
    keys, name = Keys("r"), "/" * 60_000
    assert kind_of(keys.client(name)) == "client"
    tracemalloc.start()
    try:
        for number in range(50):
            keys.client(f"{number}{name}")
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
