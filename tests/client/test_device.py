"""The device flow of the client: what it sends and shows, how long it waits, and when it gives up. Time passes only
when it waits.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from sojourn import Accounts, errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import DeviceCode
from sojourn.client.dialects.oidc import device as flow
from sojourn.client.prompt import qr, terminal
from sojourn.client.transport.contract import Reply, Request
from sojourn.driver import drive
from sojourn.wire.device import GRANT, DeviceAuthorization

ISSUER = "https://id.example"
GIVEN = {
    "device_code": "the-device-code",
    "user_code": "WDJB-MJHT",
    "verification_uri": f"{ISSUER}/device",
    "verification_uri_complete": f"{ISSUER}/device?user_code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 5,
}
TOKENS = {"access_token": "a", "token_type": "Bearer", "refresh_token": "r", "expires_in": 60}


class Script:
    """An environment whose provider answers polls from a list, and whose clock moves when it is slept on."""

    store = None

    def __init__(self, *polls: str | Exception, **given: object) -> None:
        self.polls = list(polls)
        self.given = {k: v for k, v in (GIVEN | given).items() if v is not None}
        self.slept: list[float] = []
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self.metadata: dict[str, object] = {}
        self.time = 1_800_000_000_000

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += round(seconds * 1000)

    async def race(self, *factories, cancel=None):
        (only,) = factories
        return await only(self)

    async def send(self, request: Request) -> Reply:
        path = request.url.removeprefix(ISSUER)
        if path == "/.well-known/openid-configuration":
            return reply(
                {
                    "issuer": ISSUER,
                    "token_endpoint": f"{ISSUER}/token",
                    "device_authorization_endpoint": f"{ISSUER}/device_authorization",
                }
                | self.metadata
            )
        assert isinstance(request.content, bytes)
        self.forms.append((path, parse_qs(request.content.decode())))
        if path == "/device_authorization":
            return reply(self.given, 400 if "error" in self.given else 200)
        said = self.polls.pop(0)
        if isinstance(said, Exception):
            raise said
        return reply(TOKENS) if said == "tokens" else reply({"error": said}, 400)


def scripted(*polls: str, **given: object) -> Any:
    """A Script, for what asks for an Env."""
    return Script(*polls, **given)


def reply(members: object, status: int = 200) -> Reply:
    return Reply(status, (), json.dumps(members).encode())


def signed_in(env: Any, **options: Any) -> tuple[Credential, list[DeviceAuthorization]]:
    shown: list[DeviceAuthorization] = []
    plugin = DeviceCode(ISSUER, "tv", scope="notes", show=shown.append, **options)
    return drive(plugin.first(env)), shown


def test_it_asks_shows_waits_and_gets_its_tokens():
    env = Script("authorization_pending", "authorization_pending", "tokens")
    credential, (shown,) = signed_in(env, resource=["https://a.example", "https://b.example"])
    assert (credential.access_token, credential.refresh_token) == ("a", "r")
    assert shown.user_code == "WDJB-MJHT"
    assert env.slept == [5, 5, 5]
    (_, asked), (_, polled), *_ = env.forms
    both = ["https://a.example", "https://b.example"]
    assert asked == {"client_id": ["tv"], "scope": ["notes"], "resource": both}
    assert polled["grant_type"] == [GRANT]
    assert (polled["device_code"], polled["resource"]) == (["the-device-code"], both)


def test_slow_down_adds_five_seconds_for_good():
    env = Script("slow_down", "authorization_pending", "slow_down", "tokens")
    signed_in(env)
    assert env.slept == [5, 10, 10, 15]


def test_the_providers_interval_counts_and_without_one_it_is_five_seconds():
    for interval, waited in ((17, 17), (None, 5), (0, 5)):
        env = Script("tokens", interval=interval)
        signed_in(env)
        assert env.slept == [waited]


def test_a_connection_that_fails_makes_it_ask_less_often_and_not_give_up():
    lost = errors.ConnectTimeout(method="POST", url=ISSUER)
    env = Script(lost, lost, "temporarily_unavailable", lost, lost, "tokens", expires_in=1800)
    signed_in(env)
    assert env.slept == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("access_denied", errors.AuthenticationCancelled, "denied"),
        ("expired_token", errors.AuthenticationCancelled, "within 10 minutes"),
        ("invalid_grant", errors.AuthenticationError, "refused"),
        ("invalid_client", errors.AuthenticationError, "refused"),
    ],
)
def test_what_ends_the_waiting_is_told_apart(said, kind, words):
    with pytest.raises(kind, match=words) as caught:
        signed_in(Script("authorization_pending", said))
    assert "the-device-code" not in f"{caught.value!r}{caught.value}{caught.value.detail}"


def test_it_gives_up_when_the_time_of_the_code_is_over_without_asking_again():
    env = Script(*["authorization_pending"] * 9, expires_in=30)
    with pytest.raises(errors.AuthenticationCancelled, match="WDJB-MJHT"):
        signed_in(env)
    assert len(env.forms) == 1 + 5


def test_a_provider_without_the_endpoint_is_told_of_and_nobody_is_asked():
    env = Script()
    env.metadata = {"device_authorization_endpoint": None}
    with pytest.raises(errors.AuthenticationError, match="device_authorization_endpoint"):
        signed_in(env)
    assert env.forms == []


def test_a_refusal_at_the_start_is_told_with_the_providers_words():
    env = Script(error="unauthorized_client", error_description="Not for televisions.")
    with pytest.raises(errors.AuthenticationError, match="Not for televisions"):
        signed_in(env)


@pytest.mark.parametrize(
    "broken", [{"user_code": "\x1b[31mRED"}, {"verification_uri": "javascript:x"}]
)
def test_what_must_not_be_shown_is_not_shown(broken):
    shown: list[DeviceAuthorization] = []
    plugin = DeviceCode(ISSUER, "tv", show=shown.append)
    with pytest.raises(errors.AuthenticationError, match="unusable"):
        drive(plugin.first(scripted(**broken)))
    assert shown == []


def test_without_leave_to_ask_it_never_does():
    plugin = DeviceCode(ISSUER, "tv", interactive=False)
    env = scripted("tokens")
    reason = errors.InteractionRequired("Nobody is signed in.")
    with pytest.raises(errors.InteractionRequired):
        drive(plugin.ask(env, reason))
    assert (plugin.may_ask(), env.forms) == (False, [])


def test_waiting_is_called_off_from_another_thread(face, serve):
    polls: list[str] = []
    cancel = threading.Event()

    def answer(received):
        if received.path == "/.well-known/openid-configuration":
            return ok_at(server.url)
        if received.path == "/token":
            polls.append(received.path)
        return 200, {"Content-Type": "application/json"}, json.dumps(GIVEN).encode()

    server = serve(answer)
    plugin = DeviceCode(server.url, "tv", show=lambda _: cancel.set(), cancel=cancel)
    session = face.session(plugin)
    with pytest.raises(errors.AuthenticationCancelled):
        session.request(f"{server.url}/r")
    assert polls == []


def ok_at(url):
    body = {
        "issuer": url,
        "token_endpoint": f"{url}/token",
        "device_authorization_endpoint": f"{url}/device_authorization",
    }
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def test_an_account_comes_back_from_the_store_as_what_it_was(store):
    plugin = DeviceCode(ISSUER, "tv", scope="notes", resource="https://a.example")
    credential, _ = signed_in(Script("tokens"))
    plugin.adopt(credential)
    account = store.account_id("oidc", ISSUER, "tv")
    store.write(account, {**plugin.record(), "name": "tv", "subject": "tv"})
    found = Accounts(store).get("tv")
    back = found.auth()
    assert isinstance(back, DeviceCode)
    assert (back.scope, back.resources, found.grant) == (
        "notes",
        ("https://a.example",),
        "device_code",
    )
    assert (found.renewable, back.may_ask()) == (True, False)


def authorization(**changes):
    return msgspec.convert(GIVEN | changes, DeviceAuthorization)


def test_address_and_code_are_shown_in_words(capsys):
    flow.say(authorization())
    said = capsys.readouterr()
    assert said.out == ""
    assert f"\n  {ISSUER}/device\n" in said.err
    assert "\n  WDJB-MJHT\n" in said.err
    assert "10 minutes" in said.err
    assert "▀" not in said.err


def test_in_a_terminal_a_picture_is_shown_of_an_address_that_a_telephone_can_reach(
    monkeypatch, capsys
):
    monkeypatch.setattr(terminal, "draws", lambda: True)
    monkeypatch.setattr(terminal, "fits", lambda columns: columns <= 80)
    flow.say(authorization())
    assert qr.drawn(f"{ISSUER}/device?user_code=WDJB-MJHT") in capsys.readouterr().err
    here = "http://127.0.0.1:8080/device"
    flow.say(authorization(verification_uri=here, verification_uri_complete=f"{here}?user_code=W"))
    assert "▀" not in capsys.readouterr().err
    monkeypatch.setattr(terminal, "fits", lambda columns: columns <= 20)
    flow.say(authorization())
    assert "▀" not in capsys.readouterr().err


class Screen:
    """An error stream."""

    closed = False

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        self.encoding = encoding
        self.isatty = lambda: terminal


@pytest.mark.parametrize(
    ("screen", "variables", "draws"),
    [
        (Screen("utf-8", terminal=True), {}, True),
        (Screen("UTF8", terminal=True), {}, True),
        (Screen("iso-8859-1", terminal=True), {}, False),
        (Screen("utf-8", terminal=False), {}, False),
        (Screen("utf-8", terminal=True), {"NO_COLOR": "1"}, False),
        (Screen("utf-8", terminal=True), {"TERM": "dumb"}, False),
        (None, {}, False),
    ],
)
def test_a_picture_is_for_terminals_that_can_draw_it(monkeypatch, screen, variables, draws):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", screen)
    assert terminal.draws() is draws


def test_the_picture_is_the_code_dot_by_dot():
    import segno

    text = f"{ISSUER}/device?user_code=WDJB-MJHT"
    lines = qr.drawn(text).splitlines()
    halves = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows: list[list[int]] = []
    for line in lines:
        plain = line.split("m", 1)[1].removesuffix("\033[0m")
        rows.append([halves[char][0] for char in plain])
        rows.append([halves[char][1] for char in plain])
    wanted = [
        [int(bool(dot)) for dot in row]
        for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)
    ]
    assert rows[: len(wanted)] == wanted
    assert qr.width(qr.drawn(text)) == len(wanted[0])
