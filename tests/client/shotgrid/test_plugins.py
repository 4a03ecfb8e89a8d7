"""ShotGrid's plugins in plain sessions, on threads and on a loop: users by password, token and browser, and scripts."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn import AsyncSession, Session, errors
from sojourn.client.dialects.shotgrid import (
    AppSession,
    Password,
    PasswordsNotTaken,
    Script,
    SessionEnded,
    SessionToken,
    ShotgridFault,
    rpc,
)
from sojourn.client.loading import loader
from sojourn.driver import drive
from sojourn.testing.loopback import LoopbackAnswer
from sojourn.wire import shotgrid
from tests.client.servers import ok


def methods(site):
    return [json.loads(call.body)["method_name"] for call in site.made("POST", shotgrid.RPC)]


def sign_ins(site):
    return methods(site).count("get_session_token")


def rest(site):
    return f"{site.url}/api/v1/entity/shots"


def test_a_session_reads_the_rest_api_with_a_token_of_its_own(face, site):
    session = face.session(Password(site.url, "bob", "sesame"))
    assert session.request(rest(site)).json()["data"]["id"] == "bob"
    assert session.request(rest(site)).ok
    assert [call.path for call in site.calls] == [
        shotgrid.RPC,
        shotgrid.ACCESS_TOKEN,
        "/api/v1/entity/shots",
        "/api/v1/entity/shots",
    ]
    assert session.access().user_id == "bob"


def test_a_rest_token_that_is_refused_is_got_anew_from_the_same_session(face, site):
    session = face.session(Password(site.url, "bob", "sesame"))
    session.request(rest(site))
    site.expire_rest()
    assert session.request(rest(site)).ok
    assert (sign_ins(site), len(site.made("POST", shotgrid.ACCESS_TOKEN))) == (1, 2)


def test_a_session_that_ended_is_renewed_in_place_with_a_kept_password(face, site):
    session = face.session(Password(site.url, "bob", "sesame", keep_password=True))
    session.request(rest(site))
    site.expire()
    site.expire_rest()
    assert session.request(rest(site)).ok
    assert sign_ins(site) == 2


def test_a_password_is_forgotten_unless_the_user_chose_to_keep_it(face, site):
    auth = Password(site.url, "bob", "sesame")
    session = face.session(auth)
    session.request(rest(site))
    assert "sesame" not in str(vars(auth)) + str(auth.secrets())
    site.expire()
    site.expire_rest()
    with pytest.raises(errors.InteractionRequired):
        session.request(rest(site))
    assert sign_ins(site) == 1
    assert Password(site.url, "bob", "sesame", keep_password=True).secrets() == {
        "password": "sesame"
    }


def test_attachments_get_the_sessions_cookie_and_other_origins_nothing(face, site, serve):
    site.attachments["1"] = b"picture"
    other = serve(lambda _: ok())
    session = face.session(Script(site.url, "publisher", "key of publisher"))
    assert session.request(f"{site.url}/file_serve/attachment/1").content == b"picture"
    session.request(f"{other.url}/file_serve/attachment/1")
    assert "cookie" not in other.received[0].headers
    assert "authorization" not in other.received[0].headers


def test_a_download_after_a_long_pause_asks_first_whether_the_session_lives(site, still):
    auth = Password(site.url, "bob", "sesame", keep_password=True)
    first = drive(auth.recent(still)).access_token
    still.clock.advance(seconds=299)
    site.expire()
    assert drive(auth.recent(still)).access_token == first
    still.clock.advance(seconds=2)
    second = drive(auth.recent(still)).access_token
    assert second in site.tokens
    still.clock.advance(seconds=301)
    assert drive(auth.recent(still)).access_token == second
    assert methods(site) == ["get_session_token", "read", "get_session_token", "read"]


def test_a_user_who_may_not_read_people_has_a_session_all_the_same(site, still):
    auth = Password(site.url, "bob", "sesame", keep_password=True)
    first = drive(auth.recent(still))
    still.clock.advance(seconds=301)
    fault = b'{"exception":true,"error_code":104,"message":"HumanUser is not visible to you."}'
    site.answer_next(LoopbackAnswer(200, fault))
    assert drive(auth.recent(still)) == first
    assert sign_ins(site) == 1


def test_scripts_call_with_their_key_and_make_no_session_for_it(site, still):
    auth = Script(site.url, "publisher", "key of publisher")
    assert drive(auth.entity(still)) == {"type": "ApiUser", "id": 1}
    assert site.tokens == {}


def test_a_script_gets_rest_tokens_with_its_key(face, site):
    session = face.session(Script(site.url, "publisher", "key of publisher"))
    assert session.request(rest(site)).json()["data"]["id"] == "publisher"
    assert methods(site) == []


def test_a_wrong_key_is_refused_and_not_tried_again(site, still):
    auth = Script(site.url, "publisher", "wrong")
    with pytest.raises(errors.AuthenticationError, match="publisher"):
        drive(auth.entity(still))
    with Session(auth, trust_env=False) as session, pytest.raises(errors.AuthenticationError):
        session.get(rest(site))
    assert len(site.calls) == 2


def test_a_user_finds_who_they_are_and_a_stranger_is_told(site, still):
    auth = Password(site.url, "bob", "sesame")
    assert drive(auth.entity(still)) == {"type": "HumanUser", "id": 1}
    site.entities["HumanUser"].clear()
    with pytest.raises(errors.CredentialError, match="HumanUser 'bob'"):
        drive(auth.entity(still))


def test_a_second_factor_is_asked_for_and_used_once(site, still):
    with pytest.raises(errors.SecondFactorRequired):
        drive(Password(site.url, "ann", "lotus").credential(still))
    with pytest.raises(errors.SecondFactorRequired):
        drive(Password(site.url, "ann", "lotus", auth_token="000000").credential(still))
    auth = Password(site.url, "ann", "lotus", auth_token="123456", keep_password=True)
    drive(auth.credential(still))
    site.expire()
    with pytest.raises(errors.InteractionRequired, match="second factor"):
        drive(auth.entity(still))
    sent = [json.loads(call.body)["params"][0] for call in site.made("POST", shotgrid.RPC)]
    assert [one["auth_token"] for one in sent if "auth_token" in one] == ["000000", "123456"]


@pytest.mark.parametrize("method", ["saml2", "oxygen"])
def test_a_site_that_takes_no_passwords_says_where_to_go(site, still, method):
    site.leave_sign_ins_to(method)
    with pytest.raises(PasswordsNotTaken, match="in the browser"):
        drive(Password(site.url, "bob", "sesame").credential(still))


def test_an_end_that_is_told_by_a_redirect_to_single_sign_on_is_an_end(site, still):
    auth = Password(site.url, "bob", "sesame")
    drive(auth.credential(still))
    site.leave_sign_ins_to("saml2")
    site.expire()
    with pytest.raises(errors.InteractionRequired):
        drive(auth.call(still, "read", shotgrid.reading("HumanUser", "login", "bob")))
    with pytest.raises(SessionEnded):
        drive(SessionToken(site.url, "bob", "dead").first(still))


def test_a_token_that_was_got_elsewhere_is_used_until_it_ends(site, still):
    token = drive(Password(site.url, "bob", "sesame").credential(still)).access_token
    auth = SessionToken(site.url, "bob", token)
    assert drive(auth.entity(still))["id"] == 1
    site.expire()
    with pytest.raises(errors.InteractionRequired):
        drive(auth.entity(still))


def test_twelve_threads_on_one_expired_token_make_one_sign_in(site):
    auth = Password(site.url, "bob", "sesame", keep_password=True)

    def read(session):
        return session.get(rest(site)).json()["data"]["id"]

    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(12) as pool:
        read(session)
        site.expire()
        site.expire_rest()
        assert list(pool.map(read, [session] * 12)) == ["bob"] * 12
    assert (sign_ins(site), len(site.tokens)) == (2, 1)


def test_twelve_tasks_on_one_expired_token_make_one_sign_in(site):
    auth = Password(site.url, "bob", "sesame", keep_password=True)

    async def main():
        async with AsyncSession(auth, trust_env=False) as session:
            await session.get(rest(site))
            site.expire()
            site.expire_rest()
            return await asyncio.gather(*(session.get(rest(site)) for _ in range(12)))

    assert {answer.status_code for answer in asyncio.run(main())} == {200}
    assert sign_ins(site) == 2


def test_a_wrong_password_is_one_attempt_for_all_threads_and_the_right_one_is_not_held_up(
    site, store
):
    def ask(session):
        with pytest.raises(errors.AuthenticationError, match="bob"):
            session.get(rest(site))

    wrong = Password(site.url, "bob", "wrong")
    with Session(wrong, trust_env=False, cache=store) as session, ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, [session] * 8))
    assert sign_ins(site) == 1
    with Session(Password(site.url, "bob", "sesame"), trust_env=False, cache=store) as session:
        assert session.get(rest(site)).ok


def test_a_gateway_that_does_not_answer_is_asked_again_after_growing_pauses(site, still):
    auth = Password(site.url, "bob", "sesame")
    site.busy(shotgrid.RPC, 502, 504)
    drive(auth.credential(still))
    assert still.waits == [0.75, 1.5]
    site.busy(shotgrid.RPC, 502, 502, 502)
    with pytest.raises(errors.HttpServerError):
        drive(auth.entity(still))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (LoopbackAnswer(503, b"down"), errors.ServiceUnavailable),
        (LoopbackAnswer(403, b"no api here"), errors.Forbidden),
        (LoopbackAnswer(302, b"", (("Location", "https://elsewhere.example/"),)), errors.HttpError),
        (LoopbackAnswer(200, b"<html>"), errors.Malformed),
        (
            LoopbackAnswer(200, b'{"exception":true,"error_code":104,"message":"Bad"}'),
            ShotgridFault,
        ),
        (LoopbackAnswer(200, b'{"results":{"session_id":"a; b"}}'), errors.Malformed),
        (None, errors.ConnectFailure),
    ],
)
def test_what_is_no_answer_is_told_by_kind(site, still, answer, error):
    site.answer_next(answer)
    with pytest.raises(error):
        drive(Password(site.url, "bob", "sesame").credential(still))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("https://Studio.shotgrid.com/", "https://studio.shotgrid.com"),
        ("studio.shotgrid.com", "https://studio.shotgrid.com"),
        (" https://studio.shotgrid.com:443/projects?x=1 ", "https://studio.shotgrid.com"),
        ("https://studio.shotgrid.com:8443", "https://studio.shotgrid.com:8443"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
        ("[::1]:80", "http://[::1]"),
    ],
)
def test_a_site_has_one_spelling(typed, found):
    assert rpc.site_of(typed) == found


@pytest.mark.parametrize(
    "typed", ["", "http://studio.shotgrid.com", "ftp://studio", "https://bob:sesame@studio", "a b"]
)
def test_what_is_no_address_of_a_site_is_refused(typed):
    with pytest.raises(errors.IncompleteCredentials):
        rpc.site_of(typed)


def test_the_plugins_are_loaded_by_name(site):
    assert isinstance(
        loader("shotgrid").load(host=site.url, login="bob", password="sesame"), Password
    )
    script = loader("shotgrid_script").load(
        site=site.url, script_name="publisher", script_key="key"
    )
    assert isinstance(script, Script)
    assert isinstance(loader("shotgrid_browser").load(host=site.url), AppSession)
    token = loader("shotgrid_token").load(host=site.url, login="bob", token="4dcf")
    assert isinstance(token, SessionToken)
    with pytest.raises(errors.ConfigurationError, match="yes or no"):
        loader("shotgrid").load(
            host=site.url, login="bob", password="sesame", keep_password="perhaps"
        )


def test_no_secret_shows_in_what_is_printed(site, still):
    auths = [
        Password(site.url, "bob", "sesame", auth_token="123456", keep_password=True),
        SessionToken(site.url, "bob", "s3cret-token"),
        Script(site.url, "publisher", "key of publisher"),
    ]
    shown = repr(auths) + str([auth.state() for auth in auths])
    for secret in ("sesame", "123456", "s3cret-token", "key of publisher"):
        assert secret not in shown


def test_headers_that_are_asked_for_by_themselves_carry_the_session(site):
    """As keystoneauth1's Session asks for them, which does not say what for."""
    auth = Password(site.url, "bob", "sesame")
    with Session(auth, trust_env=False) as session:
        headers = session.get_auth_headers()
        assert headers is not None
        assert list(headers) == ["Cookie"]
        assert headers == auth.get_headers(session)
