"""Sign-in of a person and of programs, at npm oidc-provider."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials
from sojourn.wire.oauth import basic_header
from tests.client.servers import ok

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("client_id", ["native", "native-rs256"])
def test_a_person_signs_in_through_the_browser_when_the_session_first_needs_it(
    face, provider, person, client_id
):
    person("ada")
    session = face.session(AuthorizationCode(provider.issuer, client_id))
    claims = session.request(f"{provider.issuer}/me").json()
    assert claims["sub"] == "ada"
    assert session.access().user_id == "ada"


@pytest.mark.parametrize(
    ("client_id", "proof"), [("by-basic", "secret"), ("by-post", "secret"), ("by-key", "key")]
)
def test_a_program_signs_in_by_each_of_its_proofs(face, provider, serve, client_id, proof):
    method = {"by-post": "client_secret_post"}.get(client_id)
    own = {"client_key": provider.key} if proof == "key" else {"client_secret": provider.secret}
    plugin = ClientCredentials(provider.issuer, client_id, method=method, scope="api", **own)
    session = face.session(plugin)
    service = serve(lambda _: ok())
    before = provider.calls("/token")
    for _ in range(3):
        session.request(service.url)
    assert provider.calls("/token") == before + 1
    (header,) = {received.headers["authorization"] for received in service.received}
    told = face.session().request(
        f"{provider.issuer}/token/introspection",
        "POST",
        data={"token": header.removeprefix("DPoP ")},
        headers={"Authorization": basic_header("by-basic", provider.secret)},
    )
    assert told.json()["active"]
    assert told.json()["client_id"] == client_id


def test_a_wrong_secret_is_refused_with_the_providers_words_and_never_shown(face, provider):
    plugin = ClientCredentials(provider.issuer, "by-basic", client_secret="wrong-horse")
    session = face.session(plugin)
    with pytest.raises(errors.AuthenticationError, match="refused") as caught:
        session.request(f"{provider.issuer}/me")
    assert "wrong-horse" not in f"{caught.value!r} {caught.value} {caught.value.detail} {plugin!r}"


def test_a_person_who_says_no_is_told_apart_from_a_failure(face, provider, person):
    person(says="no")
    session = face.session(AuthorizationCode(provider.issuer, "native"))
    with pytest.raises(errors.AuthenticationCancelled):
        session.request(f"{provider.issuer}/me")


def test_an_account_is_kept_sealed_renewed_silently_and_ended_at_the_provider(
    provider, person, store
):
    person("grace")
    accounts = Accounts(store)
    account = accounts.login(AuthorizationCode(provider.issuer, "native", dpop=False))
    assert account.username == "grace"
    first = Accounts(store).get().token(silent=True)
    assert Accounts(store).get().whoami()["name"] == "Test grace"

    auth = Accounts(store).get().auth()
    assert auth.invalidate()

    with Session(auth, trust_env=False) as session:
        assert session.get(f"{provider.issuer}/me").json()["sub"] == "grace"
    second = Accounts(store).get().token()
    assert second != first

    closed = accounts.close()
    assert closed.revoked
    assert (closed.logout_url or "").startswith(f"{provider.issuer}/session/end?")
    with Session(trust_env=False) as session, pytest.raises(errors.Unauthorized):
        session.get(f"{provider.issuer}/me", headers={"Authorization": f"Bearer {second}"})
    with pytest.raises(errors.InteractionRequired, match="sojourn login"):
        Accounts(store).get()


ASKED_BY_MANY = """
import sys
from sojourn import Session, errors
from sojourn.client.dialects.oidc import AuthorizationCode
issuer, = sys.argv[1:]
with Session(AuthorizationCode(issuer, "native"), cache=True, trust_env=False) as session:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        print(session.get(issuer + "/me").json()["sub"])
    except errors.AuthenticationCancelled:
        print("cancelled")
"""


@pytest.mark.parametrize(("says", "heard"), [("yes", "ada"), ("no", "cancelled")])
def test_a_person_is_asked_once_however_many_processes_wait(provider, person, store, says, heard):
    person("ada", says=says)
    before = provider.calls("/auth")
    command = [sys.executable, "-c", ASKED_BY_MANY, provider.issuer]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    assert [worker.communicate()[0].strip() for worker in workers] == [heard] * 3
    assert provider.calls("/auth") == before + 1


def test_an_account_that_is_bound_to_a_key_lives_and_ends_like_any_other(provider, person, store):
    person("grace")
    accounts = Accounts(store)
    account = accounts.login(AuthorizationCode(provider.issuer, "native"))
    assert account.bound
    assert account.username == "grace"
    assert Accounts(store).get().whoami()["name"] == "Test grace"
    for _ in range(2):
        auth = Accounts(store).get().auth()
        auth.invalidate()
        with Session(auth, trust_env=False) as session:
            assert session.get(f"{provider.issuer}/me").json()["sub"] == "grace"
    with pytest.raises(errors.KeyBound):
        accounts.get().token()
    assert accounts.close().revoked


def test_another_person_cannot_slip_into_an_account_that_signs_in_again(provider, person, store):
    person("ada")
    accounts = Accounts(store)
    account = accounts.login(AuthorizationCode(provider.issuer, "native", dpop=False))
    _lose_refresh_token(store, account.id)
    person("eve")
    with pytest.raises(errors.AuthenticationError, match="another person"):
        accounts.get().token(silent=False)
    person("ada")
    assert accounts.get().token(silent=False) != account.token()
    assert accounts.get().subject == "ada"


def test_a_session_does_not_bring_back_an_account_that_was_signed_out(provider, store):
    accounts = Accounts(store)
    plugin = ClientCredentials(provider.issuer, "by-basic", client_secret=provider.secret)
    auth = accounts.login(plugin, name="job").auth()
    accounts.close("job")
    auth.invalidate()
    with (
        Session(auth, trust_env=False) as session,
        pytest.raises(errors.InteractionRequired, match="signed out"),
    ):
        session.get(provider.issuer)
    assert list(accounts) == []


def _lose_refresh_token(store, account):
    record = store.read(account)
    record["secrets"]["token"]["refresh_token"] = None
    record["state"]["token"]["expires_at"] = 1
    store.write(account, record)
