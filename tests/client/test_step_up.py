"""A service that wants a newer or stronger sign-in (RFC 9470), as the client meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.auth import Stamp
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials, TokenExchange
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from sojourn.testing.clock import Clock
from tests.client.small_provider import signed_in
from tests.client.vault import CHALLENGE, Ada, vault

__all__ = ["vault"]

ROOT = Path(__file__).parents[2]


def test_the_person_is_asked_as_the_service_wants_and_the_request_is_sent_once_more(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    session = face.session(auth)
    assert session.request(vault.door, "POST", data=b"a letter").ok
    (reason,) = ada.asked
    assert isinstance(reason, errors.StepUpRequired)
    assert (reason.acr_values, reason.max_age) == (("urn:gold", "urn:silver"), 60)
    assert vault.knocks == ["access-0", "anew-1"]
    assert session.request(vault.door).ok
    assert (vault.knocks[2:], len(ada.asked)) == (["anew-1"], 1)
    assert vault.token_calls == []


@pytest.mark.parametrize("raise_exc", [True, False])
def test_a_silent_plugin_says_what_is_wanted_and_what_to_run(face, vault, raise_exc):
    session = face.session(signed_in(vault.issuer, lasts=3600))
    with pytest.raises(errors.StepUpRequired) as caught:
        session.request(f"{vault.door}?key=s3cret", raise_exc=raise_exc)
    error = caught.value
    assert (error.acr_values, error.max_age) == (("urn:gold", "urn:silver"), 60)
    assert isinstance(error, errors.InteractionRequired)
    text = str(error)
    assert "by one of urn:gold, urn:silver and at most 60 seconds old" in text
    assert text.endswith(
        f"Run: sojourn login {vault.issuer} --client-id native --scope openid "
        "--acr urn:gold --acr urn:silver --max-age 60"
    )
    assert "s3cret" not in text
    assert vault.knocks == ["access-0"]


def test_what_a_service_says_cannot_break_out_of_the_command_that_is_named(face, vault):
    vault.challenge = 'Bearer error="insufficient_user_authentication", acr_values="$(reboot);x"'
    session = face.session(signed_in(vault.issuer, lasts=3600))
    with pytest.raises(errors.StepUpRequired, match=r"--acr '\$\(reboot\);x'"):
        session.request(vault.door)


def test_where_nobody_can_be_reached_the_plugin_says_the_same(face, vault, nobody):
    auth = signed_in(vault.issuer, lasts=3600)
    auth.interactive = True
    with pytest.raises(errors.StepUpRequired, match="--max-age 60"):
        face.session(auth).request(vault.door)


def test_a_program_has_nobody_to_ask(face, vault):
    plugin = ClientCredentials(vault.issuer, "job", client_secret="s")
    with pytest.raises(errors.StepUpRequired, match="No person stands behind"):
        face.session(plugin).request(vault.door)


def test_who_acts_for_somebody_says_that_they_must_sign_in(vault):
    at = At()
    plugin = TokenExchange(vault.issuer, "front", client_secret="s", subject="their-token")
    reply = Reply(401, (("WWW-Authenticate", CHALLENGE),), b"")
    with pytest.raises(errors.StepUpRequired, match="exchanged for must sign in"):
        drive(plugin.challenged(at.env, Request("GET", vault.door), reply, Stamp()))
    at.transport.close()


def test_a_service_that_is_never_content_is_asked_twice_and_the_person_once(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.opens = False
    session = face.session(auth)
    with pytest.raises(errors.Unauthorized):
        session.request(vault.door)
    assert (len(vault.knocks), len(ada.asked)) == (2, 1)
    with pytest.raises(errors.StepUpRequired, match="not enough"):
        session.request(vault.door)
    assert (len(vault.knocks), len(ada.asked)) == (3, 1)


def test_a_provider_that_gives_another_way_than_was_asked_for_is_not_asked_for_ever(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.opens, ada.acr = False, lambda _: "urn:tin"
    assert face.session(auth).request(vault.door, raise_exc=False).status_code == 401
    assert len(ada.asked) == 1


class At:
    """Environments at a time that the test holds."""

    def __init__(self):
        self.clock = Clock()
        self.transport = HttpxTransport(Trust(), Proxies(None, trust_env=False))
        self.env = BlockingEnv(self.transport, clock=self.clock.now)

    def challenged(self, auth: RenewingAuth, url: str):
        request = Request("GET", url)
        stamp = drive(auth.authorize(self.env, request))
        reply = drive(self.env.send(request._replace(headers=stamp.headers)))
        assert reply.status == 401
        return drive(auth.challenged(self.env, request, reply, stamp))


def test_a_sign_in_that_grew_old_is_asked_for_again(vault):
    at = At()
    auth = AuthorizationCode(vault.issuer, "native", scope="openid")
    ada = Ada(vault, auth)
    ada.opens = False
    at.challenged(auth, vault.door)
    first = len(ada.asked)
    at.clock.advance(59_999)
    with pytest.raises(errors.StepUpRequired, match="not enough"):
        at.challenged(auth, vault.door)
    at.clock.advance(1)
    at.challenged(auth, vault.door)
    assert len(ada.asked) == first + 1
    at.transport.close()


def test_something_else_that_is_wanted_is_asked_for_at_once(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    session = face.session(auth)
    session.request(vault.door)
    vault.opens_to.clear()
    vault.challenge = 'Bearer error="insufficient_user_authentication"'
    assert session.request(vault.door).ok
    assert [
        reason.max_age for reason in ada.asked if isinstance(reason, errors.StepUpRequired)
    ] == [
        60,
        None,
    ]


def test_a_refreshed_token_of_the_same_sign_in_is_not_taken_for_a_new_one(face, vault):
    auth = signed_in(vault.issuer)
    ada = Ada(vault, auth)
    session = face.session(auth)
    assert session.request(vault.door).ok
    assert vault.knocks == ["access-1", "anew-1"]
    assert len(ada.asked) == 1
    auth.invalidate()
    assert session.request(f"{vault.issuer}/r").ok
    vault.opens_to = {"access-2"}
    assert session.request(vault.door).ok
    assert len(ada.asked) == 1


def test_a_challenge_that_breaks_its_grammar_is_a_plain_401(face, vault):
    vault.challenge = f"{CHALLENGE} oops"
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    with pytest.raises(errors.Unauthorized):
        face.session(auth).request(vault.door)
    assert (vault.knocks, ada.asked) == (["access-0", "access-1"], [])


def test_a_signed_out_account_is_not_brought_back(vault, store):
    auth = signed_in(vault.issuer, store, lasts=3600)
    Ada(vault, auth)
    with Session(auth, trust_env=False) as session:
        session.get_token()
        store.remove(Accounts(store).get().id)
        with pytest.raises(errors.InteractionRequired, match="signed out"):
            session.get(vault.door)
    assert list(Accounts(store)) == []
