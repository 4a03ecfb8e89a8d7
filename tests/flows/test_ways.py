"""The journey in other ways than with a mouse and scripts: without JavaScript, and by keyboard alone."""

from __future__ import annotations

import pytest

from tests.flows.person import OTHER_PASSWORD, PASSWORD
from tests.flows.relying_party import sign_in_url

pytestmark = [
    pytest.mark.browser,
    pytest.mark.peer,
    pytest.mark.parametrize("server", ["sqlite"], indirect=True),
]


def test_the_journey_needs_no_script(server, notes, sit):
    person = sit(script=False)
    person.goes_to(server.application.setup_url)
    person.writes("User name", "ada")
    person.writes("Your name, as others should see it (optional)", "Ada Lovelace")
    person.writes("New password", PASSWORD)
    person.writes("New password, once more", PASSWORD)
    person.presses("Create administrator")
    person.reads("My sessions")
    person.goes_to(sign_in_url(notes, prompt="login"))
    person.signs_in("ada", "not the password")
    person.sees("That user name and password do not belong together.")
    person.signs_in("ada")
    person.presses("Allow")
    person.reads("Hello, Ada Lovelace")
    person.goes_to("/sessions")
    person.presses("End access for Notes on all devices")
    person.sees("That application has lost its access.")
    assert notes.userinfo()[0] == 401
    person.follows("Password")
    person.writes("Current password", PASSWORD)
    person.writes("New password", OTHER_PASSWORD)
    person.writes("New password, once more", OTHER_PASSWORD)
    person.presses("Change password")
    person.sees("Your password is changed")
    person.follows("Sign out")
    person.presses("Sign out")
    person.reads("You are signed out")


def tab_to(person, name):
    """Press Tab until what has the focus is called `name`; fail if a round of the page does not meet it."""
    focused = "(e => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || '')"
    for _ in range(40):
        person.page.keyboard.press("Tab")
        said = person.page.evaluate(f"{focused}(document.activeElement)")
        if said.strip() == name:
            outline = person.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{name} does not show that it has the focus"
            return
    pytest.fail(f"Tab never came to {name!r}")


def test_the_journey_needs_no_mouse(notes, sit, ada):
    person = sit()
    keyboard = person.page.keyboard
    person.goes_to(sign_in_url(notes))
    person.is_led_to("login")
    keyboard.type(ada)
    keyboard.press("Tab")
    keyboard.type("not the password")
    keyboard.press("Enter")
    person.sees("That user name and password do not belong together.")
    person.is_led_to("problem")
    tab_to(person, "Password")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    person.reads("Allow Notes to act for you?")
    tab_to(person, "Do not allow")
    keyboard.press("Enter")
    person.reads("Refused: access_denied")
    person.goes_to(sign_in_url(notes))
    person.reads("Allow Notes to act for you?")
    tab_to(person, "Allow")
    keyboard.press("Enter")
    person.reads("Hello, Ada Lovelace")
    person.goes_to("/sessions")
    keyboard.press("Tab")
    assert person.page.evaluate("document.activeElement.innerText") == "Skip to content"
    tab_to(person, "End access for Notes on all devices")
    keyboard.press("Enter")
    person.sees("That application has lost its access.")
    assert notes.userinfo()[0] == 401
    tab_to(person, "Password")
    keyboard.press("Enter")
    person.reads("Change your password")
    tab_to(person, "Sign out")
    keyboard.press("Enter")
    person.reads("Do you want to sign out?")
    tab_to(person, "Sign out")
    keyboard.press("Enter")
    person.reads("You are signed out")
