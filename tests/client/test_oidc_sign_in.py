"""Sign-in of a person and of programs, at npm oidc-provider."""

from __future__ import annotations

import pytest

from sojourn import Accounts, errors
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
        data={"token": header.removeprefix("Bearer ")},
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
    account = accounts.login(AuthorizationCode(provider.issuer, "native"))
    assert account.username == "grace"
    first = Accounts(store).get().token(silent=True)
    assert Accounts(store).get().whoami()["name"] == "Test grace"

    auth = Accounts(store).get().auth()
    assert auth.invalidate()
    from sojourn import Session

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
