"""The shapes of ShotGrid: calls and callers, answers and faults, sites, REST grants and browser sign-ins; what is
accepted, what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import InvalidGrant, Malformed
from sojourn.wire import shotgrid
from sojourn.wire.shotgrid import Answer, Call, Caller, Fault, Info, RestGrant
from sojourn.wire.shotgrid_launcher import Approval, Launch, LaunchRequest

BY_TOKEN = {"session_token": "4dcf", "reject_if_expired": True}


def body(method: object = "read", params: object = None) -> bytes:
    return json.dumps(
        {"method_name": method, "params": [BY_TOKEN] if params is None else params}
    ).encode()


@pytest.mark.parametrize(
    "members",
    [
        {"user_login": "bob", "user_password": "sesame"},
        {"user_login": "bob", "user_password": "sesame", "auth_token": "123456"},
        {"script_name": "publisher", "script_key": "k"},
        {"session_token": "4dcf"},
        {**BY_TOKEN, "session_uuid": "u", "sudo_as_login": "ann"},
    ],
)
def test_a_caller_comes_back_as_it_was_sent(members):
    assert Caller.parse(members).members() == members


@pytest.mark.parametrize(
    "members",
    [
        None,
        [],
        {},
        {"user_login": "bob"},
        {"user_password": "sesame"},
        {"user_login": "", "user_password": "sesame"},
        {"user_login": "bob", "user_password": None},
        {"script_name": "publisher"},
        {"session_token": ""},
        {"session_token": 1},
        {"session_token": "a", "script_name": "b", "script_key": "c"},
        {"session_token": "a", "user_login": "bob"},
        {"session_token": "a", "auth_token": "123456"},
        {"session_token": "a\n"},
        {"session_token": "a" * 4097},
        {"session_token": "a", "reject_if_expired": "yes"},
    ],
)
def test_a_caller_is_one_user_one_script_or_one_session(members):
    with pytest.raises(Malformed):
        Caller.parse(members)


def test_a_call_comes_back_as_it_was_sent():
    call = Call("read", Caller(session_token="4dcf", reject_if_expired=True), {"type": "Shot"})
    assert Call.parse(call.text()) == call
    assert Call.parse(Call("info").text()) == Call("info")
    assert json.loads(call.text()) == {
        "method_name": "read",
        "params": [BY_TOKEN, {"type": "Shot"}],
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        body(method=1),
        body(method=""),
        body(method="a b"),
        body(method="../x"),
        body(method="a" * 65),
        body(params={}),
        body(params=[]),
        body(params=[BY_TOKEN, {}, {}]),
        body(params=["4dcf"]),
        b'{"method_name":"read","method_name":"read","params":[]}',
    ],
)
def test_what_is_no_call_is_refused(content):
    with pytest.raises(Malformed):
        Call.parse(content)


def test_only_info_is_called_by_nobody():
    assert Call.parse(body("info", [])).caller is None
    with pytest.raises(Malformed):
        Call.parse(body("read", []))


def test_an_answer_holds_results_or_a_fault():
    assert Answer.parse(b'{"results":{"session_id":"4dcf"}}').results == {"session_id": "4dcf"}
    assert Answer.parse(b'{"results":null}') == Answer(None)
    assert Answer.parse(b'{"session_id":"4dcf"}').results == {"session_id": "4dcf"}
    fault = Answer.parse(Fault("No.", 102).text())
    assert fault.fault == Fault("No.", 102)
    assert Answer.parse(fault.text()) == fault
    assert Answer.parse(b'{"exception":true}').fault == Fault("The site does not say why.")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'"results"',
        b'{"exception":"yes"}',
        b'{"exception":true,"error_code":"102"}',
        b'{"exception":true,"error_code":true}',
        b'{"exception":true,"message":7}',
        b'{"results":NaN}',
        b'{"results":' + b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_refused(content):
    with pytest.raises(Malformed):
        Answer.parse(content)


@given(st.binary(max_size=64))
def test_an_answer_of_any_bytes_is_read_or_refused(content):
    try:
        Answer.parse(content)
    except Malformed:
        return


@pytest.mark.parametrize(
    "results",
    [
        None,
        {},
        [],
        {"session_id": None},
        {"session_id": ""},
        {"session_id": "a b"},
        {"session_id": "a;b"},
        {"session_id": "a,b"},
        {"session_id": 'a"b'},
        {"session_id": "a\r\nX: y"},
        {"session_id": "ä"},
        {"session_id": "a" * 4097},
    ],
)
def test_a_session_token_is_fit_for_a_cookie(results):
    assert shotgrid.token_of({"session_id": "4dcf-_=/+"}) == "4dcf-_=/+"
    with pytest.raises(Malformed):
        shotgrid.token_of(results)


def test_one_entity_is_read():
    found = {"entities": [{"type": "HumanUser", "id": 7, "login": "bob"}]}
    assert shotgrid.entity_of(found) == {"type": "HumanUser", "id": 7}
    assert shotgrid.entity_of({"entities": []}) is None


@pytest.mark.parametrize(
    "results",
    [
        None,
        {},
        {"entities": {}},
        {"entities": [{}, {}]},
        {"entities": [7]},
        {"entities": [{"id": 7}]},
        {"entities": [{"type": "HumanUser"}]},
        {"entities": [{"type": "HumanUser", "id": "7"}]},
        {"entities": [{"type": "HumanUser", "id": True}]},
    ],
)
def test_what_is_not_one_entity_is_refused(results):
    with pytest.raises(Malformed):
        shotgrid.entity_of(results)


def test_a_site_says_how_people_sign_in():
    info = Info.parse(
        {
            "version": [8, 50, 1, "Dev"],
            "user_authentication_method": "saml2",
            "authentication_app_session_launcher_enabled": True,
        }
    )
    assert info == Info((8, 50, 1), "saml2", launcher=True)
    assert not info.takes_passwords
    assert Info.parse({}).takes_passwords
    assert Info.parse(info.members()) == info


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        {"version": "8"},
        {"user_authentication_method": 1},
        {"unified_login_flow_enabled": 1},
    ],
)
def test_what_is_no_site_is_refused(results):
    with pytest.raises(Malformed):
        Info.parse(results)


@pytest.mark.parametrize(
    "params",
    [
        {"grant_type": "session_token", "session_token": "4dcf"},
        {"grant_type": "client_credentials", "client_id": "s", "client_secret": "k"},
        {"grant_type": "password", "username": "bob", "password": "p"},
        {"grant_type": "password", "username": "bob", "password": "p", "auth_token": "1"},
    ],
)
def test_a_rest_grant_comes_back_as_it_was_sent(params):
    assert RestGrant.parse(params).params() == params


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"grant_type": "refresh_token"},
        {"grant_type": "session_token"},
        {"grant_type": "client_credentials", "client_id": "s"},
        {"grant_type": "password", "password": "p"},
    ],
)
def test_what_is_no_rest_grant_is_refused(params):
    with pytest.raises(Malformed):
        RestGrant.parse(params)


def test_a_rest_token_is_a_bearer_token():
    found = shotgrid.rest_token(b'{"token_type":"Bearer","access_token":"a.b.c","expires_in":600}')
    assert (found.access_token, found.expires_in) == ("a.b.c", 600)
    for content in (
        b"{}",
        b'{"token_type":"mac","access_token":"a"}',
        b'{"token_type":"Bearer","access_token":"a b"}',
    ):
        with pytest.raises(Malformed):
            shotgrid.rest_token(content)
    with pytest.raises(InvalidGrant):
        shotgrid.rest_token(b'{"error":"invalid_grant"}')


def test_a_browser_sign_in_comes_back_as_it_was_sent():
    request = LaunchRequest("Sojourn", "machine")
    assert LaunchRequest.parse(request.params()) == request
    launch = Launch("1f-_", "https://site/app_session_request/1f")
    assert Launch.parse(launch.text()) == launch
    for approval in (Approval(), Approval("4dcf", "bob")):
        assert Approval.parse(approval.text()) == approval


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"sessionRequestId":"1f"}',
        b'{"sessionRequestId":"../x","url":"https://site"}',
        b'{"sessionRequestId":"a/b","url":"https://site"}',
        b'{"sessionRequestId":"","url":"https://site"}',
        b'{"sessionRequestId":7,"url":"https://site"}',
        b'{"sessionRequestId":"1f","url":""}',
    ],
)
def test_what_is_no_launch_is_refused(content):
    with pytest.raises(Malformed):
        Launch.parse(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"approved":"true"}',
        b'{"approved":1}',
        b'{"approved":true}',
        b'{"approved":true,"sessionToken":"4dcf"}',
        b'{"approved":true,"userLogin":"bob"}',
        b'{"approved":true,"sessionToken":"a b","userLogin":"bob"}',
        b'{"approved":true,"sessionToken":"4dcf","userLogin":""}',
    ],
)
def test_what_is_no_approval_is_refused(content):
    with pytest.raises(Malformed):
        Approval.parse(content)


def test_no_secret_shows_in_what_is_printed():
    secret = "s3same-sesame"
    shown = [
        Caller(user_login="bob", user_password=secret, auth_token=secret),
        Caller(script_name="s", script_key=secret),
        Caller(session_token=secret),
        Call("read", Caller(session_token=secret)),
        RestGrant("password", secret, "bob", secret),
        RestGrant("session_token", secret),
        Approval(secret, "bob"),
    ]
    assert secret not in repr(shown)
