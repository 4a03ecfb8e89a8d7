"""Every page of a running server with the data of real journeys, checked by axe: nothing serious or critical."""

from __future__ import annotations

import httpx2
import pytest
from msgspec.structs import replace

from sojourn.server.services.sessions.signins import Device
from sojourn.wire import exchange
from tests.flows.person import OTHER_PASSWORD, PASSWORD
from tests.flows.relying_party import sign_in_url

pytestmark = [pytest.mark.browser, pytest.mark.peer]

LOOKS = {
    "desk, light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone, dark": {"viewport": {"width": 375, "height": 760}, "color_scheme": "dark"},
}


@pytest.fixture
def check(axe):
    """Check the page that a person looks at: `check(person, heading)`."""

    def checked(person, heading):
        person.reads(heading)
        page = person.page
        for closed in page.locator("summary").all():
            closed.click()
        page.evaluate(axe)
        found = page.evaluate("axe.run().then(found => found.violations)")
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        told = [(one["id"], node["html"]) for one in serious for node in one["nodes"]]
        assert not told, f"{heading}: {told}"
        edge = "document.documentElement"
        assert page.evaluate(f"{edge}.scrollWidth <= {edge}.clientWidth"), f"{heading} is too wide"

    return checked


def begun_at(server):
    """The code that a device of the command line shows."""

    async def begin(site):
        client = await site.clients.get("sojourn-cli")
        scope = ("openid", "profile", "offline_access")
        source = Device("192.0.2.1", "sojourn/0.1 (Linux)")
        begun = await site.sessions.devices.begin(client, scope=scope, resources=(), source=source)
        return begun.user_code

    return server.call(begin)


@pytest.fixture(params=LOOKS)
def person(request, sit, ada):
    """Somebody at a screen of each kind; their policy lets the checker in."""
    return sit(bypass_csp=True, **LOOKS[request.param])


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_axe_finds_nothing_serious_on_any_page_of_the_journey(server, notes, sit, person, check):
    server.add_user("bob", PASSWORD)
    person.goes_to(server.application.setup_url)
    check(person, "Welcome. Let\N{RIGHT SINGLE QUOTATION MARK}s set this server up.")
    person.goes_to("/")
    check(person, "A stay that ends when you say so.")
    person.goes_to(sign_in_url(notes))
    check(person, "Sign in")
    person.signs_in("ada", "not the password")
    person.sees("do not belong together")
    check(person, "Sign in")
    person.signs_in("ada")
    check(person, "Allow Notes to act for you?")
    person.presses("Allow")
    person.reads("Hello, Ada Lovelace")
    person.goes_to(sign_in_url(notes, prompt="select_account"))
    person.presses("Use another account")
    person.signs_in("bob")
    check(person, "Allow Notes to act for you?")
    person.goes_to(sign_in_url(notes, prompt="select_account"))
    check(person, "Choose an account")
    person.presses("Ada Lovelace")
    person.reads("Hello, Ada Lovelace")
    other = sit()
    other.goes_to("/sessions")
    other.signs_in("ada")
    person.goes_to("/sessions")
    check(person, "My sessions")
    person.presses("End the other sign-in")
    person.sees("Every other sign-in has ended.")
    check(person, "My sessions")
    person.goes_to("/password")
    person.writes("Current password", PASSWORD)
    person.writes("New password", OTHER_PASSWORD)
    person.writes("New password, once more", PASSWORD)
    person.presses("Change password")
    person.sees("not the same")
    check(person, "Change your password")
    person.goes_to("/nowhere")
    check(person, "There is nothing here")
    person.goes_to("/authorize?client_id=nobody")
    check(person, "We do not know this application")
    person.goes_to("/sign-out")
    check(person, "Do you want to sign out?")
    person.presses("Sign out")
    check(person, "You are signed out")


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_axe_finds_nothing_serious_where_a_device_is_let_in(server, person, check):
    person.goes_to("/sessions")
    person.signs_in("ada")
    person.goes_to("/device")
    check(person, "Connect a device")
    person.writes("Code", "WDJB")
    person.presses("Continue")
    person.sees("No device waits for this code")
    check(person, "Connect a device")
    person.writes("Code", begun_at(server))
    person.presses("Continue")
    check(person, "Let Sojourn command line on your device act for you?")
    person.presses("Allow")
    check(person, "Your device is connected")


def sent_off(server, notes, job):
    """Exchange the newest tokens of the application for those of a job."""
    client_id, secret = notes.credentials

    async def allow(site):
        def alter(client):
            return replace(client, grant_types=(*client.grant_types, exchange.GRANT))

        await site.clients.change(client_id, alter, event="client.changed")

    server.call(allow)
    form = {
        "grant_type": exchange.GRANT,
        "subject_token": notes.tokens["access_token"],
        "subject_token_type": exchange.ACCESS_TOKEN,
        "scope": "profile",
        "job": job,
    }
    answer = httpx2.post(f"{server.issuer}/token", data=form, auth=(client_id, secret))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_axe_finds_nothing_serious_where_a_job_is_listed_and_ended(server, notes, person, check):
    person.goes_to(sign_in_url(notes))
    person.signs_in("ada")
    person.presses("Allow")
    person.reads("Hello, Ada Lovelace")
    sent_off(server, notes, "render 42")
    person.goes_to("/sessions")
    person.sees("render 42")
    check(person, "My sessions")
    person.presses("End render 42")
    person.sees("That has ended.")
    assert "render 42" not in person.page.content()
    check(person, "My sessions")
