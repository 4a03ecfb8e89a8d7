"""The same calls with `shotgun_api3` alone and with ours: the site hears the same, and the caller sees the same."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
import shotgun_api3

from sojourn.client.dialects.shotgrid import Password, SessionToken
from sojourn.driver import drive
from sojourn.wire import shotgrid

pytestmark = pytest.mark.peer


def heard(site):
    """What the site heard since the last time; tokens as numbers in the order of their first use."""
    seen: list[str] = []
    told = []
    for call in site.made("POST", shotgrid.RPC):
        body = json.loads(call.body)
        for params in body["params"]:
            if token := params.get("session_token"):
                seen += [] if token in seen else [token]
                params["session_token"] = seen.index(token)
        told.append((call.headers["content-type"], body))
    site.calls.clear()
    return told


@pytest.mark.parametrize(
    "calls",
    [
        lambda sg: sg.find_one("HumanUser", [["login", "is", "bob"]], ["login"]),
        lambda sg: sg.find("HumanUser", [], ["login"], limit=1),
        lambda sg: sg.create("Shot", {"code": "010"}),
        lambda sg: sg.info(),
    ],
)
def test_the_site_hears_the_same_of_the_package_alone(site, still, connect, calls):
    token = drive(Password(site.url, "bob", "sesame").credential(still)).access_token
    auth = SessionToken(site.url, "bob", token)
    drive(auth.credential(still))
    ours = connect(auth)
    theirs = shotgun_api3.Shotgun(site.url, session_token=token, connect=False)
    site.calls.clear()
    answer, said = calls(ours), heard(site)
    site.entities.pop("Shot", None)
    assert (calls(theirs), heard(site)) == (answer, said)
    theirs.close()


def test_the_package_alone_signs_in_at_the_same_site_in_each_of_its_ways(site):
    def faults(kind, **who):
        connection = shotgun_api3.Shotgun(site.url, connect=False, **who)
        with closing(connection), pytest.raises(kind) as told:
            connection.find_one("HumanUser", [])
        return type(told.value) is kind

    def opened(**who):
        with closing(shotgun_api3.Shotgun(site.url, **who)) as connection:
            connection.find_one("HumanUser", [])
            return connection

    by_password = opened(login="bob", password="sesame")
    assert by_password.get_session_token() in site.tokens
    factor = opened(login="ann", password="lotus", auth_token="123456")
    assert factor.config.session_token in site.tokens
    script = opened(script_name="publisher", api_key="key of publisher")
    assert script.find_one("ApiUser", [["firstname", "is", "publisher"]])["id"] == 1
    assert faults(shotgun_api3.AuthenticationFault, login="bob", password="wrong")
    assert faults(shotgun_api3.AuthenticationFault, session_token="dead")
    factor_missing = shotgun_api3.MissingTwoFactorAuthenticationFault
    assert faults(factor_missing, login="ann", password="lotus")
    site.leave_sign_ins_to("saml2")
    elsewhere = shotgun_api3.shotgun.UserCredentialsNotAllowedForSSOAuthenticationFault
    assert faults(elsewhere, login="bob", password="sesame")
    for connection in (by_password, script):
        connection.close()
