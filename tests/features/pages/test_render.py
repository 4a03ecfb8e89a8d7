"""Rendering: hostile values stay text, values that travel stay exact, headers are strict, static
files are immutable.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest

from sojourn.errors import ConfigurationError
from sojourn.server.pages.messages import LOCALES
from sojourn.server.pages.render import (
    FORM_POST_SCRIPT,
    FORM_POST_SCRIPT_HASH,
    Renderer,
    security_headers,
    static_files,
)
from tests.features.pages import samples

RENDERER = Renderer(issuer="https://id.example.org/auth")
EVERY = samples.PAGES | samples.HOSTILE_PAGES


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text in it."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, tag: str, name: str) -> list[str | None]:
        """Values of the fields or buttons of that name."""
        return [
            attributes.get("value") for attributes in self.of(tag) if attributes.get("name") == name
        ]


def rendered(name: str, locale: str = "en") -> Elements:
    return Elements(RENDERER.page(EVERY[name], locale=locale))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", EVERY)
def test_every_page_renders_in_every_locale(name: str, locale: str) -> None:
    page = rendered(name, locale)
    assert page.of("html") == [{"lang": locale}]
    assert len(page.of("h1")) == 1
    assert len(page.of("main")) == 1


@pytest.mark.parametrize("name", EVERY)
def test_every_id_is_unique_and_every_reference_leads_somewhere(name: str) -> None:
    page = rendered(name)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for reference in ("for", "aria-labelledby", "aria-describedby"):
            assert set((attributes.get(reference) or "").split()) <= set(ids)


@pytest.mark.parametrize("name", samples.HOSTILE_PAGES)
def test_a_hostile_name_is_text_and_cannot_turn_the_page(name: str) -> None:
    page = rendered(name)
    assert [tag for tag, _ in page.elements if tag in {"script", "img", "x", "b"}] == (
        ["script"] if name == "hostile_form_post" else []
    )
    assert not any(
        key.startswith("on") or key == "style"
        for _, attributes in page.elements
        for key in attributes
    )
    assert not set(page.text) & set("\u202e\u2066")


def test_a_name_of_three_hundred_characters_is_cut() -> None:
    page = rendered("hostile_choose")
    assert samples.LONG not in page.text
    assert samples.LONG[:60] in page.text


def test_values_that_travel_back_are_exact() -> None:
    assert rendered("hostile_form_post").values("input", "state") == [samples.HOSTILE]
    assert rendered("hostile_sign_in").values("input", "csrf") == ['"><x>']
    assert rendered("hostile_choose").values("button", "account") == ['"><b>']


def test_links_that_are_no_web_addresses_are_left_out() -> None:
    hrefs = [link.get("href") or "" for link in rendered("hostile_consent").of("a")]
    assert not [href for href in hrefs if href.startswith(("javascript:", "data:"))]
    assert "https://photos.example/privacy" in [
        link.get("href") for link in rendered("consent").of("a")
    ]


def test_the_sign_in_form_serves_password_managers() -> None:
    fields = {field["name"]: field for field in rendered("sign_in").of("input")}
    assert fields["login"]["autocomplete"] == "username"
    assert (
        fields["password"] | {"autocomplete": "current-password", "type": "password"}
        == fields["password"]
    )
    assert fields["csrf"]["value"] == "t"
    assert fields["i"]["value"] == "i1"
    assert "i" not in {field["name"] for field in rendered("sign_in_bare").of("input")}


def test_an_error_is_announced_and_takes_the_focus() -> None:
    page = rendered("sign_in_refused")
    (alert,) = [attributes for attributes in page.of("div") if attributes.get("role") == "alert"]
    assert "autofocus" in alert
    assert page.values("input", "password") == [None]
    assert page.values("input", "login") == ["ada"]


def test_the_page_asks_for_the_fields_that_its_handler_reads() -> None:
    def names(page: str) -> set[str | None]:
        return {
            field.get("name") for tag in ("input", "button") for field in rendered(page).of(tag)
        } - {None}

    assert names("set_up") == {"csrf", "token", "login", "name", "password", "password_again"}
    assert names("change_password") == {"csrf", "login", "current", "password", "password_again"}
    assert rendered("consent").values("button", "decision") == ["allow", "deny"]
    assert rendered("sign_out").values("button", "decision") == ["sign_out", "stay"]
    assert set(rendered("sessions").values("button", "action")) == {
        "end_sign_in", "end_client", "end_grant", "end_delegation", "end_store", "end_others",
    }  # fmt: skip


def test_what_has_ended_cannot_be_ended_again() -> None:
    ids = rendered("sessions").values("input", "id")
    assert {"a1", "a2", "a3", "c1", "g1", "c6", "g7"} <= set(ids)
    assert not {"a4", "c5", "g6"} & set(ids)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", ["sessions", "choose_account"])
def test_a_spoken_name_holds_the_word_on_the_button(name: str, locale: str) -> None:
    page = RENDERER.page(EVERY[name], locale=locale).decode()
    buttons = re.findall(r'<button [^>]*aria-label="([^"]+)">([^<]+)</button>', page)
    assert buttons
    assert [(spoken, seen) for spoken, seen in buttons if seen.lower() not in spoken.lower()] == []


def test_an_error_page_quotes_the_request_and_falls_back_for_an_unknown_code() -> None:
    assert "req_7Kq2mZ4tVn" in rendered("error").text
    assert "This did not work" in rendered("hostile_error").text


def test_a_locale_we_do_not_have_is_english() -> None:
    view = samples.PAGES["sign_in"]
    assert RENDERER.page(view, locale="xx") == RENDERER.page(view, locale="en")


def test_an_unknown_locale_is_refused_when_the_renderer_is_made() -> None:
    with pytest.raises(ConfigurationError):
        Renderer(("en", "tlh"))


def test_links_carry_the_path_of_the_issuer() -> None:
    sheets = [link["href"] for link in rendered("home").of("link")]
    assert len(sheets) == 2
    assert all(str(href).startswith("/auth/static/") for href in sheets)


def test_many_sign_ins_are_paged() -> None:
    older = msgspec.structs.replace(samples.SESSIONS, newer_url="/sessions", older_url="")
    page = Elements(RENDERER.page(older, locale="en"))
    assert [link.get("href") for link in page.of("a") if link.get("rel")] == ["/sessions"]


def policy(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    text = dict(headers)[b"content-security-policy"].decode()
    return {name: rest for name, _, rest in (part.partition(" ") for part in text.split("; "))}


def test_the_policy_forbids_all_but_our_own_style_image_and_form() -> None:
    assert policy(security_headers()) == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "font-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_the_other_headers_are_strict() -> None:
    headers = dict(security_headers())
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"referrer-policy"] == b"same-origin"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"cross-origin-opener-policy"] == b"same-origin"
    assert b"camera=()" in headers[b"permissions-policy"]


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ("https://app.example", "https://app.example"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("com.example.app:", "com.example.app:"),
        ("http://[::1]:8765", "http:"),
    ],
)
def test_a_form_may_go_to_the_named_origin(origin: str, source: str) -> None:
    assert policy(security_headers(form_action=(origin,)))["form-action"] == f"'self' {source}"


@pytest.mark.parametrize(
    "origin",
    ["*", "https://a.example; script-src *", "https://a.example *", "'unsafe-inline'", "https://*.example",
     "https://a.example/path", "https://a.example\r\nX: y", "", "https:////"],
)  # fmt: skip
def test_an_origin_that_would_widen_the_policy_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        security_headers(form_action=(origin,))


def test_the_form_post_page_holds_exactly_the_script_its_hash_allows() -> None:
    page = RENDERER.page(samples.PAGES["form_post"], locale="en").decode()
    script = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert script == FORM_POST_SCRIPT
    assert f"sha256-{digest}" == FORM_POST_SCRIPT_HASH
    headers = security_headers(
        form_action=("https://app.example",), script_hash=FORM_POST_SCRIPT_HASH
    )
    assert policy(headers)["script-src"] == f"'{FORM_POST_SCRIPT_HASH}'"


@pytest.mark.parametrize("script_hash", ["'unsafe-inline'", "sha256-x'; default-src *", ""])
def test_a_script_hash_that_is_none_is_refused(script_hash: str) -> None:
    with pytest.raises(ValueError, match="hash"):
        security_headers(script_hash=script_hash)


def test_a_static_name_carries_the_digest_of_its_content() -> None:
    assert {name.split(".")[0] for name in static_files()} == {"sojourn", "favicon"}
    for name, (content, content_type, etag) in static_files().items():
        digest = name.split(".")[1]
        assert hashlib.sha256(content).hexdigest().startswith(digest)
        assert etag == f'"{digest}"'
        assert content_type == (
            "text/css; charset=utf-8" if name.endswith(".css") else "image/svg+xml"
        )


def test_the_stylesheet_fetches_nothing() -> None:
    (sheet,) = [
        content for name, (content, _, _) in static_files().items() if name.endswith(".css")
    ]
    assert b"url(" not in sheet
    assert b"@import" not in sheet
