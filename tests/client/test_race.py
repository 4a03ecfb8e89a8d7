"""The ways of a person to sign in, raced: the browser that comes back, a pasted address, another device. The first
wins, the others end at the provider too."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from sojourn import Session, errors
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.prompt.contract import Answer, Way
from sojourn.driver import drive
from tests.client.servers import ok
from tests.client.test_oidc_refusals import Provider, fetch

CODE = "WDJB-MJHT"


class TwoWays(Provider):
    """A provider that lets devices in as well: `polls` are its answers to one, the last for ever."""

    def __init__(self):
        super().__init__()
        self.polls = ["authorization_pending"]
        self.device = 200
        self.revoked = []
        self.serving = None

    def answer(self, received):
        if received.path == "/device_authorization":
            given = {
                "device_code": "the-device-code",
                "user_code": CODE,
                "verification_uri": f"{self.issuer}/device",
                "expires_in": 600,
                "interval": 1,
            }
            return (
                ok(given) if self.device == 200 else (400, {}, b'{"error":"unauthorized_client"}')
            )
        if received.path == "/revoke":
            self.revoked.append((received.form["token"], received.form["token_type_hint"]))
            return ok()
        if received.path == "/token" and "device_code" in received.form:
            said = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
            if said != "tokens":
                return 400, {}, b'{"error":"%s"}' % said.encode()
        return super().answer(received)


@pytest.fixture
def two_ways(serve, nobody):
    provider = TwoWays()
    provider.serving = serve(provider.answer)
    provider.issuer = provider.serving.url
    provider.metadata = {
        "device_authorization_endpoint": f"{provider.issuer}/device_authorization",
        "revocation_endpoint": f"{provider.issuer}/revoke",
    }
    return provider


class Desk:
    """What the person reads and types."""

    def __init__(self):
        self.shown = []
        self.read = threading.Event()
        self.typed: SimpleQueue[str] = SimpleQueue()
        self.cancelled = threading.Event()

    def show(self, text):
        self.shown.append(text)
        self.read.set()

    def answer(self):
        return Answer(way=Way.BROWSER, show=self.show, typed=self.typed, cancelled=self.cancelled)

    def url(self):
        assert self.read.wait(20)
        text = "\n".join(self.shown)
        return next(word for word in text.split() if "/auth?" in word)


@pytest.fixture
def begin(two_ways):
    """Sign in at the desk, on a thread: `begin(desk)` gives the future credential."""
    with Session(trust_env=False) as session, ThreadPoolExecutor(1) as pool:

        def begin_one(desk, **options):
            auth = AuthorizationCode(two_ways.issuer, "native", scope="openid", **options)
            return pool.submit(lambda: drive(auth.first(session.env, desk.answer())))

        yield begin_one


def test_the_person_is_shown_a_code_and_an_address_to_paste_back(two_ways, begin):
    desk = Desk()
    signed_in = begin(desk)
    desk.typed.put(two_ways._redirect(desk.url()))
    assert signed_in.result(20).access_token == "t"
    (text,) = desk.shown
    assert (
        f"open on any device\n\n  {two_ways.issuer}/device\n\nand type the code\n\n  {CODE}\n"
        in text
    )
    assert text.endswith("paste here the address at which you end up. Ctrl-C gives up.\n")


def test_where_the_pasted_address_wins_the_code_is_withdrawn(two_ways, begin):
    desk = Desk()
    signed_in = begin(desk)
    desk.typed.put("what do you mean?")
    desk.typed.put(two_ways._redirect(desk.url()))
    assert signed_in.result(20).access_token == "t"
    assert two_ways.revoked == [("the-device-code", "device_code")]
    assert "Paste all of it" in desk.shown[1]


def test_where_the_browser_wins_the_code_is_withdrawn_and_its_page_says_so(
    two_ways, begin, monkeypatch
):
    monkeypatch.setenv("BROWSER", "here")
    monkeypatch.setattr("sojourn.client.prompt.browser.show", two_ways.visit)
    desk = Desk()
    assert begin(desk).result(20).access_token == "t"
    assert two_ways.revoked == [("the-device-code", "device_code")]
    assert "The browser opens now" in desk.shown[0]
    page = two_ways.pages.get(timeout=20)[1]
    assert f"The code {CODE} is not needed any more and was withdrawn." in page


def test_where_the_other_device_wins_who_comes_back_late_is_told(two_ways, begin):
    two_ways.polls = ["authorization_pending", "tokens"]
    two_ways.claims = {"nonce": None}
    desk = Desk()
    signed_in = begin(desk)
    url = desk.url()
    assert signed_in.result(20).access_token == "t"
    assert two_ways.revoked == []
    status, page, _ = fetch(two_ways._redirect(url))
    assert (status, "You were signed in already" in page) == (200, True)


def test_no_on_the_other_device_is_no(two_ways, begin):
    two_ways.polls = ["access_denied"]
    with pytest.raises(errors.AuthenticationCancelled):
        begin(Desk()).result(20)


@pytest.mark.parametrize("said", ["expired_token", "invalid_grant", "nonsense"])
def test_a_code_that_ends_ends_no_other_way(two_ways, begin, said):
    two_ways.polls = [said]
    polled = threading.Event()
    answer = two_ways.answer

    def watched(received):
        if received.path == "/token" and "device_code" in received.form:
            polled.set()
        return answer(received)

    two_ways.serving._answer = watched
    desk = Desk()
    signed_in = begin(desk)
    assert polled.wait(20)
    desk.typed.put(two_ways._redirect(desk.url()))
    assert signed_in.result(20).access_token == "t"


def test_a_client_that_gets_no_codes_signs_in_the_other_ways(two_ways, begin):
    two_ways.device = 400
    desk = Desk()
    signed_in = begin(desk)
    desk.typed.put(two_ways._redirect(desk.url()))
    assert signed_in.result(20).access_token == "t"
    assert CODE not in desk.shown[0]
    assert two_ways.revoked == []


@pytest.mark.parametrize("options", [{"max_age": 60}, {"acr_values": "gold"}, {"prompt": "login"}])
def test_what_must_be_proved_is_not_left_to_another_device(two_ways, begin, options):
    desk = Desk()
    signed_in = begin(desk, **options)
    desk.url()
    assert CODE not in desk.shown[0]
    desk.cancelled.set()
    with pytest.raises(errors.AuthenticationCancelled):
        signed_in.result(20)


def test_who_calls_it_off_withdraws_the_code(two_ways, begin):
    desk = Desk()
    signed_in = begin(desk)
    desk.url()
    desk.cancelled.set()
    with pytest.raises(errors.AuthenticationCancelled):
        signed_in.result(20)
    assert two_ways.revoked == [("the-device-code", "device_code")]


def test_a_provider_that_cannot_withdraw_changes_nothing(two_ways, begin):
    del two_ways.metadata["revocation_endpoint"]
    desk = Desk()
    signed_in = begin(desk)
    desk.typed.put(two_ways._redirect(desk.url()))
    assert signed_in.result(20).access_token == "t"
