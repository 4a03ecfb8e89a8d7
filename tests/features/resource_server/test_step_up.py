"""Step-up challenges (RFC 9470): services that want a newer or stronger sign-in, by JWT and by introspection."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import msgspec
import pytest

from sojourn.errors import (
    ConfigurationError,
    InsufficientScope,
    InsufficientUserAuthentication,
)
from sojourn.resource_server import ProtectAsgi, ProtectWsgi, Verifier
from sojourn.wire import challenges
from tests.features.resource_server.issuers import RESOURCE, SECRET, claims_of, signing_key
from tests.features.resource_server.test_asgi import App, Peer, run

GOLD = "urn:example:gold"
SILVER = "urn:example:silver"


class Desk:
    """A verifier and a way to hand it a token whose sign-in is so old and so strong."""

    def __init__(self, issuer, clock, kind):
        self.issuer, self.clock, self.kind = issuer, clock, kind
        own: dict[str, Any] = (
            {"client_id": "service", "client_secret": SECRET} if kind == "opaque" else {}
        )
        self.verifier = Verifier(issuer.url, audience=RESOURCE, now=clock, **own)

    def token(self, *, age=None, acr=None, **changes):
        """Return the Authorization header; `age` is in seconds."""
        told = None if age is None else self.clock() // 1000 - age
        claims = claims_of(self.issuer.url, now=self.clock(), auth_time=told, acr=acr, **changes)
        if self.kind == "jwt":
            return f"Bearer {signing_key('ES256', 'one').sign(claims, typ='at+jwt')}"
        self.issuer.introspection = {"active": True, "token_type": "Bearer", **claims}
        return "Bearer an-opaque-token"


@pytest.fixture(params=["jwt", "opaque"])
def desk(request, issuer, clock):
    desk = Desk(issuer, clock, request.param)
    yield desk
    desk.verifier.close()


def challenge(desk, error):
    answer = desk.verifier.answer(error)
    assert answer.status == 401
    assert json.loads(answer.body)["error"] == "insufficient_user_authentication"
    said = dict(answer.headers)["WWW-Authenticate"]
    return dict(re.findall(r'(\w+)="([^"]*)"', said))


def test_a_recent_and_strong_sign_in_is_let_through(desk):
    header = desk.token(age=30, acr=GOLD)
    token = desk.verifier.verify(header, acr_values=(SILVER, GOLD), max_age=60)
    assert (token.acr, token.judged_at) == (GOLD, desk.clock())


@pytest.mark.parametrize(("age", "acr"), [(None, GOLD), (71, GOLD), (30, None), (30, "gold")])
def test_an_old_or_weak_sign_in_is_challenged_for_both(desk, age, acr):
    with pytest.raises(InsufficientUserAuthentication) as caught:
        desk.verifier.verify(desk.token(age=age, acr=acr), acr_values=(SILVER, GOLD), max_age=60)
    said = challenge(desk, caught.value)
    assert said["error"] == "insufficient_user_authentication"
    assert (said["acr_values"], said["max_age"]) == (f"{SILVER} {GOLD}", "60")


def test_what_is_not_demanded_is_not_told(desk):
    with pytest.raises(InsufficientUserAuthentication) as caught:
        desk.verifier.verify(desk.token(age=3600), max_age=0)
    said = challenge(desk, caught.value)
    assert (said["max_age"], "acr_values" in said) == ("0", False)
    with pytest.raises(InsufficientUserAuthentication) as caught:
        desk.verifier.verify(desk.token(age=3600), acr_values=[GOLD])
    assert "max_age" not in challenge(desk, caught.value)


def test_ten_seconds_of_difference_between_clocks_are_forgiven(desk):
    desk.verifier.verify(desk.token(age=70), max_age=60)
    desk.verifier.verify(desk.token(age=9), max_age=0)
    desk.verifier.verify(desk.token(age=-5), max_age=0)


def test_a_token_that_is_bound_to_a_key_is_challenged_in_its_own_scheme(desk):
    token = desk.verifier.verify(desk.token(age=3600))
    bound = msgspec.structs.replace(token, jkt="a-thumbprint")
    with pytest.raises(InsufficientUserAuthentication) as caught:
        bound.require_sign_in(max_age=60)
    said = dict(desk.verifier.answer(caught.value).headers)["WWW-Authenticate"]
    assert said.startswith("DPoP ")
    read = challenges.step_up(said)
    assert read is not None
    assert read.max_age == 60


def test_nobody_is_asked_to_sign_in_anew_for_a_scope_that_is_missing(desk):
    with pytest.raises(InsufficientScope):
        desk.verifier.verify(desk.token(age=3600), scopes=("admin",), max_age=60)


def test_a_remembered_token_grows_old(issuer, clock):
    desk = Desk(issuer, clock, "opaque")
    desk.verifier.close()
    desk.verifier = Verifier(
        issuer.url,
        audience=RESOURCE,
        now=clock,
        client_id="service",
        client_secret=SECRET,
        cache_seconds=120,
    )
    header = desk.token(age=30)
    desk.verifier.verify(header, max_age=60)
    clock.at += 45_000
    with pytest.raises(InsufficientUserAuthentication):
        desk.verifier.verify(header, max_age=60)
    assert issuer.counts["/introspect"] == 1
    desk.verifier.close()


def asgi_headers(header):
    return [(b"authorization", header.encode())]


def test_the_whole_of_an_asgi_application_can_demand_it(desk):
    app = App()
    protected = ProtectAsgi(app, desk.verifier, acr_values=(GOLD,), max_age=60)
    sent = run(desk.verifier, Peer(protected, headers=asgi_headers(desk.token(age=99, acr=GOLD))))
    assert sent[0]["status"] == 401
    assert b'max_age="60"' in dict(sent[0]["headers"])[b"www-authenticate"]
    assert not app.scopes
    run(desk.verifier, Peer(protected, headers=asgi_headers(desk.token(age=9, acr=GOLD))))
    assert app.scopes[0]["sojourn.token"].acr == GOLD


async def needs_gold(scope, send):
    scope["sojourn.token"].require_sign_in(acr_values=(GOLD,))


def test_one_route_can_demand_it(desk):
    peer = Peer(
        ProtectAsgi(App(needs_gold), desk.verifier), headers=asgi_headers(desk.token(age=1))
    )
    sent = run(desk.verifier, peer)
    assert sent[0]["status"] == 401
    assert f'acr_values="{GOLD}"'.encode() in dict(sent[0]["headers"])[b"www-authenticate"]


def test_a_websocket_is_closed_before_it_opens(desk):
    protected = ProtectAsgi(App(), desk.verifier, max_age=60)
    peer = Peer(protected, type="websocket", headers=asgi_headers(desk.token(age=99)))
    assert [message["type"] for message in run(desk.verifier, peer)] == ["websocket.close"]


def ask_wsgi(app, header):
    told = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_AUTHORIZATION": header}
    body = b"".join(app(environ, lambda status, headers: told.append((status, dict(headers)))))
    return *told[0], body


def test_a_wsgi_application_and_its_routes_can_demand_it(desk):
    def diary(environ, start_response):
        environ["sojourn.token"].require_sign_in(acr_values=(GOLD,))
        start_response("200 OK", [])
        return [b"dear diary"]

    app = ProtectWsgi(diary, desk.verifier, max_age=60)
    status, headers, _ = ask_wsgi(app, desk.token(age=99, acr=GOLD))
    assert (status, 'max_age="60"' in headers["WWW-Authenticate"]) == ("401 Unauthorized", True)
    status, headers, _ = ask_wsgi(app, desk.token(age=9))
    assert (status, GOLD in headers["WWW-Authenticate"]) == ("401 Unauthorized", True)
    assert ask_wsgi(app, desk.token(age=9, acr=GOLD)) == ("200 OK", {}, b"dear diary")


def test_what_no_challenge_could_tell_is_refused_when_it_is_written(issuer):
    verifier = Verifier(issuer.url, audience=RESOURCE)
    for wrong in ({"max_age": -1}, {"acr_values": "gold"}, {"acr_values": ['a"b']}):
        with pytest.raises(ConfigurationError):
            ProtectAsgi(App(), verifier, **wrong)
        with pytest.raises(ConfigurationError):
            ProtectWsgi(lambda *_: [], verifier, **wrong)
        with pytest.raises(ConfigurationError):
            verifier.verify(None, **wrong)


def test_one_text_in_a_route_is_no_collection_of_names(desk):
    token = asyncio.run(both(desk))
    with pytest.raises(TypeError):
        token.require_sign_in(acr_values=GOLD)


async def both(desk):
    try:
        return await desk.verifier.averify(desk.token(age=1, acr="urn"), max_age=60)
    finally:
        await desk.verifier.aclose()
