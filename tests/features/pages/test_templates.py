"""The templates hold structure only: no words, no inline style or script, nothing fetched from
elsewhere.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from sojourn.server.pages.messages import LOCALES, load
from tests.features.pages import samples

FOLDER = files("sojourn.server.pages") / "templates"
TEMPLATES = sorted(file.name for file in FOLDER.iterdir() if file.name.endswith(".html"))
SPOKEN = {"aria-label", "title", "alt", "placeholder", "aria-description", "content"}
JINJA = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)


class Words(HTMLParser):
    """Collects what a reader would see or hear of a template whose expressions are taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.forbidden: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += re.findall(r"[^\W\d_]+", data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            return
        for name, value in attrs:
            if name in SPOKEN:
                self.found += re.findall(r"[^\W\d_]+", value or "")
            if name == "style" or name.startswith("on"):
                self.forbidden.append(f"{tag} {name}")


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_no_visible_word_and_nothing_inline(name: str) -> None:
    words = Words()
    words.feed(JINJA.sub("", text_of(name)))
    assert words.found == []
    assert words.forbidden == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_names_only_messages_that_exist(name: str) -> None:
    table = load("en").table
    plain = re.findall(r'messages\.(?:text|rich)\("([a-z_.]+[a-z_])"', text_of(name))
    counted = re.findall(r'messages\.count\("([a-z_.]+)"', text_of(name))
    assert set(plain) <= set(table)
    assert {f"{name}.{form}" for name in counted for form in ("one", "other")} <= set(table)


def test_the_templates_hold_the_one_script_only_on_the_form_post_page() -> None:
    assert [name for name in TEMPLATES if "<script" in text_of(name)] == ["form_post.html"]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_error_a_page_may_name_has_words(locale: str) -> None:
    messages = load(locale)
    codes = {
        name.split(".")[1]
        for name in messages.table
        if name.startswith("error.") and name.count(".") == 2
    }
    assert {
        "other",
        "invalid_request",
        "server_error",
        "temporarily_unavailable",
        "forged",
    } <= codes
    assert all(
        messages.has(f"error.{code}.title") and messages.has(f"error.{code}.text") for code in codes
    )


def test_every_template_but_the_shared_ones_has_a_sample() -> None:
    assert {view.template for view in samples.PAGES.values()} == set(TEMPLATES) - {
        "asking_parts.html",
        "base.html",
        "parts.html",
        "sessions_parts.html",
    }
