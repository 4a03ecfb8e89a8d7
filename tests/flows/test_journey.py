"""The whole journey of a person in a real Chromium, at an application that signs in with PyPI Authlib."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.flows.person import OTHER_PASSWORD, PASSWORD
from tests.flows.relying_party import sign_in_url

pytestmark = [pytest.mark.browser, pytest.mark.peer]


def signed_in_at(party, person, login="ada", **asked):
    """Bring `person` to the application, signed in, with consent given."""
    person.goes_to(sign_in_url(party, **asked))
    person.signs_in(login)
    person.presses("Allow")
    expect(person.page.locator("h1")).to_contain_text("Hello")


def test_the_set_up_link_makes_the_first_administrator_once_and_signs_them_in(server, sit):
    first = sit()
    first.goes_to(server.application.setup_url)
    first.writes("User name", "grace")
    first.writes("Your name, as others should see it (optional)", "Grace Hopper")
    first.writes("New password", PASSWORD)
    first.writes("New password, once more", OTHER_PASSWORD)
    first.presses("Create administrator")
    first.sees("The two new passwords are not the same.")
    first.is_led_to("problem")
    first.writes("New password", PASSWORD)
    first.writes("New password, once more", PASSWORD)
    first.presses("Create administrator")
    first.reads("My sessions")
    first.sees("Grace Hopper")
    expect(first.device(this=True)).to_contain_text("Chrome on Linux")

    late = sit()
    late.goes_to(server.application.setup_url)
    late.reads("This server is already set up")


def test_a_person_signs_in_and_the_application_learns_refreshes_asks_and_revokes(
    server, notes, sit, ada
):
    person = sit()
    person.goes_to(sign_in_url(notes))
    person.sees("Signing in to Notes")
    person.is_led_to("login")
    person.signs_in(ada, "not the password")
    person.sees("That user name and password do not belong together.")
    person.is_led_to("problem")
    person.signs_in(ada)
    person.reads("Allow Notes to act for you?")
    person.presses("Do not allow")
    person.reads("Refused: access_denied")
    person.goes_to(sign_in_url(notes))
    person.reads("Allow Notes to act for you?")
    person.presses("Allow")
    person.reads("Hello, Ada Lovelace")
    assert notes.userinfo()[1]["email"] == "ada@example.org"

    first = dict(notes.tokens)
    second = notes.refresh()
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert notes.introspect(second["access_token"])["active"]
    assert notes.userinfo()[1]["name"] == "Ada Lovelace"
    assert notes.revoke(second["access_token"]) == 200
    assert notes.introspect(second["access_token"]) == {"active": False}
    assert notes.userinfo()[0] == 401
    assert notes.introspect(second["refresh_token"])["active"]
    assert notes.revoke(second["refresh_token"]) == 200
    assert notes.introspect(second["refresh_token"]) == {"active": False}


def test_what_was_allowed_is_remembered(notes, sit, ada):
    person = sit()
    signed_in_at(notes, person)
    person.goes_to(sign_in_url(notes))
    person.reads("Hello, Ada Lovelace")
    person.goes_to(sign_in_url(notes, prompt="consent"))
    person.reads("Allow Notes to act for you?")


def test_a_second_account_joins_the_first_and_each_can_be_chosen(server, notes, sit, ada):
    server.add_user("bob", PASSWORD, claims={"name": "Bob"})
    person = sit()
    signed_in_at(notes, person)
    person.goes_to(sign_in_url(notes, prompt="select_account"))
    person.reads("Choose an account")
    person.presses("Use another account")
    person.signs_in("bob")
    person.presses("Allow")
    person.reads("Hello, Bob")
    person.goes_to(sign_in_url(notes, prompt="select_account"))
    person.presses("Ada Lovelace")
    person.reads("Hello, Ada Lovelace")
    person.goes_to(sign_in_url(notes, prompt="select_account"))
    person.presses("Sign out Bob")
    person.reads("Choose an account")
    expect(person.page.get_by_role("button", name="Bob")).to_have_count(0)


def test_an_application_that_is_ended_is_refused_from_that_moment(notes, sit, ada):
    person = sit()
    signed_in_at(notes, person)
    assert notes.userinfo()[0] == 200
    person.goes_to("/sessions")
    expect(person.device(this=True)).to_contain_text("Notes")
    picture = person.page.locator(".tree.across")
    expect(picture).to_be_visible()
    expect(picture).to_contain_text("Chrome on Linux")
    expect(picture).to_contain_text("Notes")
    person.presses("End access for Notes on all devices")
    person.sees("That application has lost its access.")
    assert notes.userinfo()[0] == 401
    assert notes.introspect(notes.tokens["refresh_token"]) == {"active": False}
    person.goes_to(sign_in_url(notes))
    person.reads("Allow Notes to act for you?")


def test_an_application_on_two_devices_says_that_it_ends_on_both(notes, sit, ada):
    phone, mine = sit(), sit()
    signed_in_at(notes, phone)
    on_the_phone = notes.tokens["refresh_token"]
    mine.goes_to(sign_in_url(notes))
    mine.signs_in(ada)
    mine.reads("Hello, Ada Lovelace")
    mine.goes_to("/sessions")
    expect(mine.page.get_by_text("End everywhere")).to_have_count(2)
    mine.page.get_by_text("End everywhere").first.click()
    mine.sees("That application has lost its access.")
    assert notes.introspect(on_the_phone) == {"active": False}
    assert notes.userinfo()[0] == 401


def test_ending_all_others_signs_the_other_browser_out(notes, sit, ada):
    lost, mine = sit(), sit()
    signed_in_at(notes, lost)
    mine.goes_to("/sessions")
    mine.signs_in(ada)
    mine.presses("End the other sign-in")
    mine.sees("Every other sign-in has ended.")
    expect(mine.page.locator("article.device.ended")).to_contain_text(
        "just now, you ended all others"
    )
    assert notes.userinfo()[0] == 401
    lost.goes_to("/sessions")
    lost.reads("Sign in")
    mine.goes_to("/sessions")
    mine.reads("My sessions")


def test_a_new_password_ends_every_sign_in_but_this_one(notes, sit, ada):
    other, mine = sit(), sit()
    signed_in_at(notes, other)
    mine.goes_to("/sessions")
    mine.signs_in(ada)
    mine.follows("Password")
    mine.writes("Current password", PASSWORD)
    mine.writes("New password", OTHER_PASSWORD)
    mine.writes("New password, once more", OTHER_PASSWORD)
    mine.presses("Change password")
    mine.sees("Your password is changed")
    assert notes.userinfo()[0] == 401
    mine.goes_to("/sessions")
    expect(mine.page.locator("article.device.ended")).to_contain_text(
        "just now, your password changed"
    )
    other.goes_to("/sessions")
    other.signs_in(ada)
    other.sees("That user name and password do not belong together.")
    other.signs_in(ada, OTHER_PASSWORD)
    other.reads("My sessions")


def test_signing_out_at_the_application_ends_the_sign_in_here(notes, sit, ada):
    person = sit()
    signed_in_at(notes, person)
    person.goes_to(f"{notes.origin}/sign-out")
    person.reads("Signed out everywhere")
    assert notes.userinfo()[0] == 401
    person.goes_to(sign_in_url(notes, prompt="none"))
    person.reads("Refused: login_required")


def test_signing_out_here_asks_first_and_says_when_it_is_done(server, notes, sit, ada):
    person = sit()
    signed_in_at(notes, person)
    person.goes_to(f"{server.issuer}/end-session?client_id=notes")
    person.reads("Do you want to sign out?")
    person.presses("Stay signed in")
    person.reads("My sessions")
    person.follows("Sign out")
    person.presses("Sign out")
    person.reads("You are signed out")
    assert notes.userinfo()[0] == 401
    person.goes_to("/sessions")
    person.reads("Sign in")


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
@pytest.mark.parametrize("script", [True, False])
def test_an_answer_comes_as_a_form_post_too(notes, sit, ada, script):
    person = sit(script=script)
    person.goes_to(sign_in_url(notes, response_mode="form_post"))
    person.signs_in(ada)
    person.presses("Allow")
    if not script:
        person.presses("Continue")
    person.reads("Hello, Ada Lovelace")


def test_a_person_who_cancels_goes_back_with_a_no(notes, sit, ada):
    person = sit()
    person.goes_to(sign_in_url(notes))
    person.follows("Cancel")
    person.reads("Refused: access_denied")
