"""Sign-in through the browser (App Session Launcher): what is sent and shown, how long it waits, when it gives up. Time
passes only when it waits."""

from __future__ import annotations

import platform
from urllib.parse import parse_qs

import pytest

from sojourn import errors
from sojourn.client.dialects.shotgrid import AppSession, SessionEnded
from sojourn.client.dialects.shotgrid import launcher as flow
from sojourn.client.prompt import browser, terminal
from sojourn.driver import drive
from sojourn.testing.loopback import LoopbackAnswer
from sojourn.wire import shotgrid_launcher as wire


@pytest.fixture
def shown():
    return []


@pytest.fixture
def auth(site, shown, nobody):
    return AppSession(site.url, show=shown.append)


def silent(text):
    """Show nothing."""


def later(site, still, polls, act):
    """Let `act` happen in the wait before poll number `polls` + 1."""

    def meanwhile():
        if len(site.launches) == 1 and len(polled(site)) == polls:
            act(site.launches[0])

    still.meanwhile = meanwhile


def polled(site):
    return [call for call in site.calls if call.method == "PUT"]


def test_the_person_approves_and_the_program_has_their_session(site, still, auth, shown):
    later(site, still, 2, lambda request: site.approve(request, "bob"))
    held = drive(auth.credential(still))
    assert site.tokens[held.access_token] == ("HumanUser", "bob")
    assert (auth.login, held.claims["sub"]) == ("bob", "bob")
    (asked,) = site.made("POST", wire.PATH)
    assert parse_qs(asked.body.decode()) == {
        "appName": ["Sojourn"],
        "machineId": [platform.node()],
    }
    assert f"{site.url}/app_session_request/{site.launches[0]}" in shown[0]
    assert [call.path for call in polled(site)] == [f"{wire.PATH}/{site.launches[0]}"] * 3
    assert still.waits == [2.0] * 3


def test_a_person_who_says_no_has_cancelled(site, still, auth):
    later(site, still, 1, site.reject)
    with pytest.raises(errors.AuthenticationCancelled, match="rejected"):
        drive(auth.credential(still))


def test_after_a_cancel_the_person_can_try_again(site, still, auth):
    """Fault 5 of the Toolkit: a cancel locked the user out for good."""
    later(site, still, 0, site.reject)
    with pytest.raises(errors.AuthenticationCancelled):
        drive(auth.credential(still))
    later(site, still, len(polled(site)), lambda request: site.approve(request, "bob"))
    assert drive(auth.credential(still)).access_token in site.tokens


def test_three_minutes_are_enough(site, still, auth):
    with pytest.raises(errors.AuthenticationCancelled, match="3 minutes"):
        drive(auth.credential(still))
    assert len(polled(site)) == 89


def test_a_site_that_has_it_switched_off_says_so(site, still, auth):
    site.offer_launcher(offered=False)
    with pytest.raises(errors.AuthenticationError, match="switched off"):
        drive(auth.credential(still))
    site.offer_launcher(offered=True)
    later(site, still, 1, lambda _: site.offer_launcher(offered=False))
    with pytest.raises(errors.AuthenticationError, match="switched off"):
        drive(AppSession(site.url, show=silent).credential(still))


def test_failures_of_the_server_are_asked_again_four_times(site, still, auth):
    site.busy(wire.PATH, 500, 502, 503, 504)
    later(site, still, 0, lambda request: site.approve(request, "bob"))
    drive(auth.credential(still))
    assert still.waits == [1.0, 2.0, 4.0, 8.0, 2.0]
    site.busy(wire.PATH, 500, 500, 500, 500, 500)
    with pytest.raises(errors.ConnectFailure):
        drive(auth.first(still))


def test_a_connection_that_breaks_is_asked_again_too(site, still, auth):
    later(site, still, 0, lambda request: site.approve(request, "bob"))
    site.answer_next(None)
    drive(auth.credential(still))
    assert still.waits == [1.0, 2.0]


@pytest.mark.parametrize(
    "url", ["http://elsewhere.example/x", "javascript:alert(1)", "file:///etc/passwd", "x"]
)
def test_only_a_page_that_is_safe_is_shown(site, still, auth, shown, url):
    site.answer_next(LoopbackAnswer(200, wire.Launch("1f", url).text()))
    with pytest.raises(errors.AuthenticationError, match="cannot be used"):
        drive(auth.credential(still))
    assert shown == []


def test_somebody_else_cannot_approve_for_the_user(site, still, shown, nobody):
    auth = AppSession(site.url, " BOB ", show=shown.append)
    site.add_user("eve", "apple")
    later(site, still, 0, lambda request: site.approve(request, "eve"))
    with pytest.raises(
        errors.AuthenticationError, match="eve approved the sign-in, and it is for BOB"
    ):
        drive(auth.credential(still))
    later(site, still, len(polled(site)), lambda request: site.approve(request, "bob"))
    site.launches.clear()
    assert auth.login == "BOB"


def test_the_page_is_opened_in_the_browser(site, still, auth, monkeypatch, shown):
    opened: list[str] = []
    monkeypatch.setenv("BROWSER", "true %s")
    monkeypatch.setattr(browser, "show", opened.append)
    later(site, still, 1, lambda request: site.approve(request, "bob"))
    drive(auth.credential(still))
    assert opened == [f"{site.url}/app_session_request/{site.launches[0]}"]


def test_where_nobody_can_be_asked_that_is_said_at_once_with_ways_out(site, still, nobody):
    for auth in (AppSession(site.url), AppSession(site.url, show=silent, interactive=False)):
        with pytest.raises(errors.InteractionRequired, match=r"Ways out: .*script and its key"):
            drive(auth.credential(still))
    assert site.calls == []


def test_a_terminal_is_told_where_to_go(site, still, nobody, monkeypatch, capsys):
    monkeypatch.setattr(terminal, "available", lambda: True)
    later(site, still, 0, lambda request: site.approve(request, "bob"))
    drive(AppSession(site.url).credential(still))
    assert site.launches[0] in capsys.readouterr().err


def test_the_session_that_ended_is_approved_anew(site, still, auth):
    later(site, still, 0, lambda request: site.approve(request, "bob"))
    drive(auth.credential(still))
    site.expire()
    count = len(polled(site))
    still.meanwhile = lambda: site.approve(site.launches[-1], "bob")
    assert drive(auth.entity(still))["type"] == "HumanUser"
    assert len(polled(site)) == count + 1


def test_no_token_is_shown_or_logged(site, still, auth, shown, caplog):
    """Fault 4 of the Toolkit: its launcher logged the session token."""
    caplog.set_level("DEBUG")
    later(site, still, 1, lambda request: site.approve(request, "bob"))
    token = drive(auth.credential(still)).access_token
    assert token not in caplog.text + str(shown) + repr(auth)


def test_the_limits_are_those_of_the_site():
    assert (flow.INTERVAL, flow.LIMIT) == (2.0, 180_000)
    assert issubclass(SessionEnded, errors.AuthenticationError)


def test_the_next_process_knows_from_the_cache_who_approved(site, still, auth, store):
    still.store = store
    later(site, still, 1, lambda request: site.approve(request, "bob"))
    drive(auth.credential(still))
    again = AppSession(site.url, interactive=False)
    drive(again.credential(still))
    assert again.login == "bob"
    assert drive(again.entity(still)) == drive(auth.entity(still))
