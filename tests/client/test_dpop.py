"""Tokens that are bound to a key of the credential's own (RFC 9449): on by itself, proved anew for each hop and try."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.cache.store import CredentialStore
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials
from sojourn.client.dialects.oidc.proving import Prover
from sojourn.client.transport.contract import Reply
from sojourn.wire.oauth import basic_header
from tests.cli.conftest import Cli
from tests.client.bound_provider import BoundProvider
from tests.client.servers import Answer, Received, Server, ok


@pytest.fixture
def bound(serve) -> BoundProvider:
    provider = BoundProvider()
    return provider.at(serve(provider.answer))


def program(provider: BoundProvider, **options: Any) -> ClientCredentials:
    return ClientCredentials(provider.issuer, "job", client_secret="secret", **options)


def test_dpop_is_on_by_itself_where_the_provider_offers_it(face, bound):
    session = face.session(program(bound))
    assert session.request(f"{bound.issuer}/notes?page=2").json() == {"path": "/notes?page=2"}
    session.request(f"{bound.issuer}/notes", "POST", data=b"x")
    assert [proof["htm"] for proof in bound.proofs] == ["POST", "GET", "POST"]
    assert len({proof["jkt"] for proof in bound.proofs}) == 1
    assert len(bound.token_calls) == 1


@pytest.mark.parametrize("offered", [[], ["PS256", "EdDSA"]])
def test_a_provider_without_es256_gives_bearer_tokens(face, bound, offered):
    bound.algorithms = offered
    assert face.session(program(bound)).request(f"{bound.issuer}/notes").ok
    assert not bound.proofs
    strict = face.session(program(bound, dpop=True))
    with pytest.raises(errors.AuthenticationError, match="does not offer DPoP"):
        strict.request(f"{bound.issuer}/notes")


def test_it_can_be_switched_off(face, bound):
    assert face.session(program(bound, dpop=False)).request(f"{bound.issuer}/notes").ok
    assert not bound.proofs


def test_a_bearer_token_instead_of_a_bound_one_is_taken_unless_it_was_demanded(face, bound):
    bound.token_type = "Bearer"
    assert face.session(program(bound)).request(f"{bound.issuer}/notes").ok
    strict = face.session(program(bound, dpop=True))
    with pytest.raises(errors.AuthenticationError, match="bound to no key"):
        strict.request(f"{bound.issuer}/notes")


def test_nonces_are_taken_up_by_origin_and_cost_one_try_each(face, bound):
    bound.nonces = {"token": "t-1", "service": "t-1"}
    session = face.session(program(bound))
    assert session.request(f"{bound.issuer}/notes").ok
    assert len(bound.token_calls) == 2
    assert session.request(f"{bound.issuer}/notes").ok
    # The one origin's nonce was learnt at the token endpoint and served for the service from the start.
    assert [proof.get("nonce") for proof in bound.proofs] == [None, "t-1", "t-1", "t-1"]
    bound.nonces["service"] = "s-2"
    assert session.request(f"{bound.issuer}/notes").ok
    assert [proof.get("nonce") for proof in bound.proofs[4:]] == ["t-1", "s-2"]
    assert len(bound.token_calls) == 2


def test_a_nonce_in_a_good_answer_serves_the_next_request(face, bound):
    bound.on_resource = lambda _: ok("fine", DPoP_Nonce="next")
    session = face.session(program(bound))
    session.request(f"{bound.issuer}/notes")
    bound.nonces["service"] = "next"
    assert session.request(f"{bound.issuer}/notes").ok
    assert [proof.get("nonce") for proof in bound.proofs[1:]] == [None, "next"]


@pytest.mark.parametrize(("reauth", "tries", "sign_ins"), [(False, 2, 1), (True, 3, 2)])
def test_a_service_that_never_has_enough_of_nonces_is_not_asked_for_ever(
    face, bound, reauth, tries, sign_ins
):
    session = face.session(program(bound))
    session.request(f"{bound.issuer}/notes")
    asked: list[str] = []

    def another(received: Received) -> Answer:
        asked.append(received.headers["dpop"])
        error = "use_dpop_nonce" if len(asked) < 2 else "invalid_token"
        return 401, {"WWW-Authenticate": f'DPoP error="{error}"', "DPoP-Nonce": "more"}, b""

    bound.on_resource = another
    bound.nonces = {"token": None, "service": None}
    with pytest.raises(errors.Unauthorized):
        session.request(f"{bound.issuer}/notes", allow_reauth=reauth)
    assert len(asked) == tries
    assert len(bound.token_calls) == sign_ins


def test_one_call_may_need_both_a_nonce_and_a_new_token(face, bound):
    session = face.session(program(bound))
    session.request(f"{bound.issuer}/notes")
    bound.nonces = {"token": "now", "service": "now"}
    refused = list(bound.live)

    def revoked(received: Received) -> Answer | None:
        if received.headers["authorization"].partition(" ")[2] in refused:
            return 401, {"WWW-Authenticate": 'DPoP error="invalid_token"'}, b""
        return None

    bound.on_resource = revoked
    assert session.request(f"{bound.issuer}/notes").ok
    assert len(bound.token_calls) == 2
    assert len({proof["jkt"] for proof in bound.proofs}) == 1


def test_a_redirect_and_a_retry_get_proofs_of_their_own(face, bound):
    answers: list[Answer] = [
        (307, {"Location": "/b?x=1"}, b""),
        (503, {}, b""),
        ok("there"),
    ]
    bound.on_resource = lambda _: answers.pop(0)
    session = face.session(program(bound))
    answer = session.request(
        f"{bound.issuer}/a", status_code_retries=1, status_code_retry_delay=0.01
    )
    assert answer.json() == "there"
    own = [proof["htu"].removeprefix(bound.issuer) for proof in bound.proofs[1:]]
    assert own == ["/a", "/b", "/b"]


def test_neither_token_nor_proof_crosses_an_origin(face, bound, serve):
    other: Server = serve(lambda _: ok("elsewhere"))
    bound.on_resource = lambda _: (307, {"Location": f"{other.url}/x"}, b"")
    assert face.session(program(bound)).request(f"{bound.issuer}/a").json() == "elsewhere"
    assert not {"authorization", "dpop"} & other.received[0].headers.keys()


def test_programs_share_the_key_through_the_store(bound, store):
    for _ in range(2):
        with Session(program(bound), cache=store, trust_env=False) as session:
            assert session.get(f"{bound.issuer}/notes").ok
    assert len(bound.token_calls) == 1
    assert len({proof["jkt"] for proof in bound.proofs}) == 1
    with Session(program(bound, dpop=False), cache=store, trust_env=False) as session:
        assert session.get(f"{bound.issuer}/notes").ok
    assert len(bound.token_calls) == 2


def test_the_key_is_renewed_with_and_lies_sealed(bound, store):
    with Session(program(bound), cache=store, trust_env=False) as session:
        session.get(f"{bound.issuer}/notes")
        session.invalidate()
        session.get(f"{bound.issuer}/notes")
    assert len(bound.token_calls) == 2
    assert len({proof["jkt"] for proof in bound.proofs}) == 1
    (account,) = store.ids()
    record = store.read(account)
    assert record is not None
    assert record["secrets"]["token"]["key"]
    assert "key" not in record["state"]["token"]


def kept(bound: BoundProvider, store: CredentialStore) -> Accounts:
    """An account of a program, bound to a key."""
    accounts = Accounts(store)
    accounts.login(program(bound), name="job")
    return accounts


def test_an_account_lends_its_key_to_sessions_and_to_nobody_else(bound, store):
    account = kept(bound, store).get("job")
    assert account.bound
    assert "DPoP token bound to a key" in account.credential
    with Session(account.auth(), trust_env=False) as session:
        assert session.get(f"{bound.issuer}/notes").ok
        with pytest.raises(errors.KeyBound):
            session.get_token()
    with pytest.raises(errors.KeyBound, match="sojourn login"):
        account.token()


def test_a_session_of_keystoneauth_is_told_that_it_cannot_prove_a_key(bound):
    from keystoneauth1.session import Session as KeystoneauthSession

    for auth, code in ((program(bound), None), (program(bound, dpop=False), 200)):
        session = KeystoneauthSession(auth=auth)
        if code is None:
            with pytest.raises(errors.KeyBound, match="dpop=False"):
                session.get(f"{bound.issuer}/notes", authenticated=True)
        else:
            assert session.get(f"{bound.issuer}/notes", authenticated=True).status_code == code


def test_the_command_line_hands_out_no_bound_token(bound, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    cli = Cli(tmp_path)
    login = ("login", bound.issuer, "--client-id", "job", "--client-secret", "s", "--name", "job")
    cli.good(*login, "--dpop")
    for words in (("token",), ("exec", "true"), ("credential-process", "kubectl")):
        ran = cli(*words)
        assert (ran.code, ran.out) == (4, "")
        assert "bound to a key (DPoP)" in ran.err
        assert "--no-dpop" in ran.err
    assert json.loads(cli.good("get", f"{bound.issuer}/notes").out) == {"path": "/notes"}
    cli.good(*login)
    assert cli.good("token").out.startswith("access-")
    assert cli.good("get", f"{bound.issuer}/notes").code == 0


def test_a_person_stays_bound_when_the_token_is_renewed(bound):
    plugin = AuthorizationCode(bound.issuer, "native", scope="x", interactive=False)
    bound_program = program(bound)
    with Session(bound_program, trust_env=False) as session:
        session.get(f"{bound.issuer}/notes")
    held = bound_program._current
    assert held is not None
    plugin.adopt(held)
    with Session(plugin, trust_env=False) as session:
        session.invalidate()
        assert session.get(f"{bound.issuer}/notes").ok
        assert bound.token_calls[-1].form["grant_type"] == "refresh_token"
        bound.token_type = "Bearer"
        session.invalidate()
        with pytest.raises(errors.AuthenticationError, match="bound to no key"):
            session.get(f"{bound.issuer}/notes")
    assert len({proof["jkt"] for proof in bound.proofs}) == 1


def test_history_shows_neither_proof_nor_token(bound):
    with Session(program(bound), history="full", trust_env=False) as session:
        session.get(f"{bound.issuer}/notes")
        shown = json.dumps(session.history.har())
    assert "access-1" not in shown
    assert bound.proofs[-1]["jti"] not in shown
    assert "eyJ" not in shown


@pytest.mark.parametrize("nonce", ["", 'a"b', "a b", "é", "x" * 1001])
def test_a_nonce_that_breaks_its_grammar_is_no_nonce(nonce):
    prover = Prover()
    reply = Reply(401, (("DPoP-Nonce", nonce), ("WWW-Authenticate", "use_dpop_nonce")), b"")
    assert not prover.noticed("https://a.example/", reply)
    assert not prover._nonces


@pytest.mark.peer
def test_npm_oidc_provider_gets_its_nonce_and_binds_the_tokens(face, provider):
    auth = ClientCredentials(
        provider.issuer, "nonce-basic", client_secret=provider.secret, scope="api", dpop=True
    )
    session = face.session(auth)
    before = provider.calls("/token")
    bound_to = set()
    for tokens in (2, 3):  # the first one is asked for a nonce, the second one has it
        session.request(f"{provider.issuer}/nothing", raise_exc=False)
        assert provider.calls("/token") == before + tokens
        held = auth._current
        assert held is not None
        bound_to.add(held.key)
        told = face.session().request(
            f"{provider.issuer}/token/introspection",
            "POST",
            data={"token": held.access_token},
            headers={"Authorization": basic_header("by-basic", provider.secret)},
        )
        assert (told.json()["active"], told.json()["token_type"]) == (True, "DPoP")
        auth.invalidate()
    assert len(bound_to) == 1
