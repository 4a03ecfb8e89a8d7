"""The words: every locale says the same things, and a locale is chosen without trusting what a
browser sends.
"""

from __future__ import annotations

from string import Formatter

import pytest

from sojourn.server.endpoints.admin import READ, WRITE
from sojourn.server.pages.messages import LOCALES, iso, load, negotiate, shown
from sojourn.server.pages.view import ScopeRow
from sojourn.server.services.administration.roles import ACCOUNT_SCOPE
from tests.features.pages.samples import DAY, HOUR, MINUTE, NOW


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_every_locale_has_the_same_ids_with_the_same_placeholders(locale: str) -> None:
    english, other = load("en").table, load(locale).table
    assert list(other) == list(english)
    assert {name: placeholders(text) for name, text in other.items()} == {
        name: placeholders(text) for name, text in english.items()
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_no_message_is_empty_or_markup(locale: str) -> None:
    for text in load(locale).table.values():
        assert text.strip() == text != ""
        assert "<" not in text


@pytest.mark.parametrize(
    ("ui_locales", "accept_language", "chosen"),
    [
        (None, None, "en"),
        ("", "", "en"),
        ("de", None, "de"),
        ("nl fr de", "de", "fr"),
        ("fr-CA", None, "fr"),
        ("nl", "de-CH, en;q=0.5", "de"),
        (None, "en;q=0.3, fr;q=0.9, de;q=0.5", "fr"),
        (None, "de;q=0, fr;q=0.1", "fr"),
        (None, "de;q=nan, fr;q=2, ;;;, en", "en"),
        (None, "*", "en"),
        ("../../etc/passwd", "\x00\u202e", "en"),
        (None, "xx," * 10_000 + "de", "en"),
    ],
)
def test_a_locale_is_negotiated(
    ui_locales: str | None, accept_language: str | None, chosen: str
) -> None:
    assert negotiate(ui_locales, accept_language) == chosen


def test_a_missing_message_is_a_fault() -> None:
    with pytest.raises(KeyError):
        load("en").text("no.such.id")


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (0, "just now"),
        (59_999, "just now"),
        (MINUTE, "1 minute ago"),
        (59 * MINUTE, "59 minutes ago"),
        (HOUR, "1 hour ago"),
        (DAY, "1 day ago"),
        (29 * DAY, "29 days ago"),
        (-30_000, "in a moment"),
        (-2 * HOUR, "in 2 hours"),
    ],
)
def test_a_time_is_said_as_a_distance(distance: int, said: str) -> None:
    assert load("en").ago(NOW - distance, NOW) == said


def test_a_far_time_is_said_as_a_date_in_every_locale() -> None:
    then = 1_700_000_000_000
    assert [load(locale).ago(then, NOW) for locale in ("en", "de", "fr")] == [
        "14 November 2023",
        "14. November 2023",
        "14 novembre 2023",
    ]
    assert load("en").date_time(then) == "14 November 2023, 22:13 UTC"
    assert iso(then) == "2023-11-14T22:13:20Z"


def test_french_counts_nothing_as_one() -> None:
    assert load("fr").count("count.clients", 0) == "0 application"
    assert load("en").count("count.clients", 0) == "0 applications"


def test_a_shown_text_loses_what_deceives_and_keeps_what_letters_need() -> None:
    assert shown("a\u202eb\u2066c\u200bd\x00e\ufefff") == "abcdef"
    assert shown("  two\n\tlines ") == "two lines"
    persian = "\u0645\u06cc\u200c\u062e"
    assert shown(persian) == persian
    assert shown("\U0001f469\u200d\U0001f680") == "\U0001f469\u200d\U0001f680"
    assert shown("x" * 300, 64) == "x" * 63 + "…"


def test_a_value_in_a_rich_message_is_escaped_and_isolated() -> None:
    text = load("en").rich("sign_in.client", {"client": "<b>{client}\u202e"})
    assert text == "Signing in to <strong><bdi>&lt;b&gt;{client}</bdi></strong>"


def test_a_host_is_never_cut_because_its_end_says_whose_it_is() -> None:
    host = "login.bank.example." * 8 + "evil.example"
    assert f"{host}</bdi>" in load("en").rich("consent.host", {"host": host})


def test_scopes_without_a_sentence_are_named_together() -> None:
    names = ("openid", "notes", "email", "ink")
    assert load("en").allowances(tuple(ScopeRow(name=name) for name in names)) == (
        "know who you are, see your e-mail address and use the permissions “notes” and “ink”"
    )
    assert load("en").allowances((ScopeRow(name="notes"), ScopeRow(name="email"))) == (
        "use the permission “notes” and see your e-mail address"
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_every_scope_of_the_server_itself_has_a_sentence(locale: str) -> None:
    own = {ACCOUNT_SCOPE, *READ.values(), *WRITE.values()}
    assert {name for name in own if not load(locale).has(f"scope.{name}")} == set()
