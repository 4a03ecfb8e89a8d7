"""Opaque tokens and codes: changed in one place, spelled anew, used twice, by others or for something else."""

from __future__ import annotations

import pytest

from sojourn.wire import tokens as opaque
from tests.security.browser import (
    PASSWORD,
    REDIRECT,
    VERIFIER,
    app,
    basic,
    code_for,
    introspected,
    redeem,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.security.held import Held
from tests.security.place import Place
from tests.security.wire import request


def test_an_opaque_token_changed_in_any_place_is_none(held: Held):
    text = held.opaque.access
    assert held.introspected(text)
    for at in range(len(text)):
        for other in ("0", "z"):
            if text[at] != other:
                assert held.refused(text[:at] + other + text[at + 1 :]), at


def test_a_refresh_token_changed_in_any_place_is_refused_and_ends_nothing(held: Held):
    text, place = held.opaque.refresh, held.place
    for at in range(0, len(text), 2):
        other = "0" if text[at] != "0" else "z"
        changed = text[:at] + other + text[at + 1 :]
        answer = refresh(place.server, place.client_id, place.secret, changed)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    body = opaque.decode(text)[1]
    for at in range(len(body)):  # with a checksum that is right
        forged = opaque.encode("r", body[:at] + ("0" if body[at] != "0" else "z") + body[at + 1 :])
        answer = refresh(place.server, place.client_id, place.secret, forged)
        assert (answer.status, answer.error) == (400, "invalid_grant"), at
        assert not held.introspected(forged)
    assert held.introspected(text)


def test_no_token_has_a_second_spelling(held: Held):
    for text in (held.opaque.access, held.opaque.refresh):
        for other in (
            text + " ",
            " " + text,
            text + "\n",
            text.upper(),
            text.swapcase(),
            text.replace("_", "-"),
            text + "=",
            "0" + text,
            text[:5] + "0" + text[5:],
            text[:-1],
            text + text,
            text.replace("sj_", "SJ_"),
        ):
            assert not held.introspected(other)


def test_no_token_is_taken_for_another_kind(held: Held):
    place = held.place
    code = code_for(place.browser(), place.client_id, login=place.somebody())
    for text in (held.opaque.access, held.opaque.id, held.jwt, code):
        answer = refresh(place.server, place.client_id, place.secret, text)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    for text in (held.opaque.access, held.opaque.refresh, held.opaque.id, held.jwt):
        answer = redeem(place.server, place.client_id, place.secret, text)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    for text in (held.opaque.refresh, held.opaque.id, code, "sj_s_x", "sj_u_x"):
        assert userinfo(place.server, text).status == 401
    assert held.introspected(held.opaque.access)


def test_cve_2026_16089_a_code_or_refresh_token_is_only_for_its_own_client(held: Held):
    place = held.place
    other = place.server.add_client(app("other"))
    code = code_for(place.browser(), place.client_id, login=place.somebody())
    for answer in (
        redeem(place.server, "other", other, code),
        refresh(place.server, "other", other, held.opaque.refresh),
    ):
        assert (answer.status, answer.error) == (400, "invalid_grant")
    answer = request(
        place.issuer,
        "POST",
        "/revoke",
        form={"token": held.opaque.refresh},
        headers=basic("other", other),
    )
    assert answer.status == 400
    assert not introspected(place.server, "other", other, held.opaque.access)
    assert held.introspected(held.opaque.refresh)
    assert redeem(place.server, place.client_id, place.secret, code).status == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": ""},
        {"code_verifier": VERIFIER[:-1] + "w"},
        {"code_verifier": VERIFIER + "v"},
        {"code_verifier": "é" * 43},
        {"code_verifier": "v" * 50_000},
        {"redirect_uri": ""},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": REDIRECT.upper()},
        {"redirect_uri": "https://evil.example/"},
        {"code": ""},
        {"code": "sj_c_"},
        {"code": "\x01"},
    ],
)
def test_a_code_with_anything_wrong_beside_it_is_refused_and_not_spent(
    place: Place, changed: dict[str, str]
):
    """CVE-2024-23647, RFC 9700 §2.1.1."""
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    good = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    form = {name: value for name, value in (good | changed).items() if value}
    answer = token(
        place.server, place.client_id, place.secret, grant_type="authorization_code", **form
    )
    assert answer.status == 400
    assert answer.error in ("invalid_grant", "invalid_request")
    assert redeem(place.server, place.client_id, place.secret, code).status == 200


def test_a_verifier_for_a_code_without_a_challenge_is_a_downgrade(place: Place):
    secret = place.server.add_client(app("no-pkce", require_pkce=False))
    browser, login = place.browser(), place.somebody()
    none = {"code_challenge": "", "code_challenge_method": ""}
    code = code_for(browser, "no-pkce", login=login, **none)
    answer = redeem(place.server, "no-pkce", secret, code)
    assert answer.error == "invalid_grant"


def test_asvs_10_4_2_a_code_used_twice_ends_its_grant(place: Place):
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    found = tokens_of(redeem(place.server, place.client_id, place.secret, code))
    assert redeem(place.server, place.client_id, place.secret, code).error == "invalid_grant"
    assert userinfo(place.server, found.access).status == 401
    answer = refresh(place.server, place.client_id, place.secret, found.refresh)
    assert answer.error == "invalid_grant"


def test_asvs_10_4_5_an_old_refresh_token_ends_its_family(place: Place):
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    client = (place.server, place.client_id, place.secret)
    first = tokens_of(redeem(*client, code))
    second = tokens_of(refresh(*client, first.refresh))
    third = tokens_of(refresh(*client, second.refresh))
    assert refresh(*client, first.refresh).error == "invalid_grant"
    assert refresh(*client, third.refresh).error == "invalid_grant"
    assert userinfo(place.server, third.access).status == 401
    assert PASSWORD
