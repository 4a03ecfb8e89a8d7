"""Many accounts: which one is meant, and what reading, closing and damage do."""

from __future__ import annotations

import threading
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from sojourn import Account, Accounts, Authenticator, Session, errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials
from tests.client.small_provider import SmallProvider, refused, signed_in

ISSUER = "https://id.example"


def add(store, user, *, issuer=ISSUER, token=None, name=None):
    plugin = AuthorizationCode(issuer, "native", interactive=False)
    plugin.adopt(Credential(1, token or f"token-of-{user}", 1, refresh_token="r"))
    account = store.account_id("oidc", issuer, user)
    named = {"name": name or f"{user} at id.example", "subject": f"sub-{user}", "username": user}
    store.write(account, {**plugin.record(), **named})
    return account


@pytest.fixture
def accounts(store):
    for user in ("ada", "grace"):
        add(store, user)
    return Accounts(store)


def test_where_nobody_is_signed_in_a_token_is_never_asked_for(store):
    with pytest.raises(errors.InteractionRequired, match="sojourn login"):
        Accounts(store).get().token(silent=True)


def test_the_command_that_signs_in_again_says_what_is_not_usual(store):
    usual = AuthorizationCode(
        ISSUER, "sojourn-cli", scope="openid profile email offline_access account"
    )
    narrow = AuthorizationCode(
        ISSUER, "native", scope="openid notes", resource="https://notes.example", interactive=False
    )
    program = ClientCredentials(ISSUER, "nightly", client_secret="s", scope="notes")
    said = []
    for plugin in (usual, narrow, program):
        plugin.adopt(Credential(1, "token", 1))
        store.write(
            store.account_id("oidc", ISSUER, "one"),
            {**plugin.record(), "name": "one", "subject": "s"},
        )
        said.append(Accounts(store).get("one").again)
    assert said == [
        f"sojourn login {ISSUER}",
        f"sojourn login {ISSUER} --client-id native --scope 'openid notes' --resource https://notes.example",
        f"sojourn login {ISSUER} --client-id nightly --client-secret - --scope notes",
    ]


def test_a_plugin_that_may_not_ask_names_ways_out():
    quiet = AuthorizationCode(ISSUER, "native", interactive=False)
    with (
        pytest.raises(errors.InteractionRequired, match="yet") as caught,
        Session(quiet) as session,
    ):
        session.get_token()
    assert len(caught.value.ways_out) == 3
    assert "sojourn login https://id.example --client-id native" in caught.value.ways_out[0]


def test_the_only_account_is_the_current_one(store):
    add(store, "ada")
    choice = Accounts(store).explain()
    assert (choice.account.username, choice.why) == ("ada", "only")
    assert choice.account.token() == "token-of-ada"


def test_among_several_accounts_one_must_be_chosen(accounts):
    with pytest.raises(errors.IncompleteCredentials, match=r"ada at .*grace at .*sojourn use"):
        accounts.get()


def test_the_current_account_is_argument_then_with_then_environment_then_profile(
    accounts, store, monkeypatch
):
    for user in ("barbara", "joan"):
        add(store, user)
    accounts.choose("ada")
    assert _who(accounts.explain()) == ("ada", "profile")
    monkeypatch.setenv("SOJOURN_ACCOUNT", "grace")
    assert _who(accounts.explain()) == ("grace", "environment")
    with accounts.use("barbara"):
        assert _who(Accounts(store).explain()) == ("barbara", "with")
        with accounts.use("joan"):
            assert _who(accounts.explain()) == ("joan", "with")
        assert _who(accounts.explain()) == ("barbara", "with")
        assert _who(accounts.explain("ada")) == ("ada", "argument")
    assert _who(accounts.explain()) == ("grace", "environment")


def test_a_with_block_binds_its_own_thread_only(accounts):
    accounts.choose("ada")
    seen = []
    with accounts.use("grace"):
        other = threading.Thread(target=lambda: seen.append(_who(accounts.explain())))
        other.start()
        other.join()
    assert seen == [("ada", "profile")]


@pytest.mark.parametrize("by", ["name", "id", "prefix", "username", "subject"])
def test_an_account_answers_to_its_name_id_user_and_subject(accounts, store, by):
    account = store.account_id("oidc", ISSUER, "grace")
    names = {
        "name": "grace at id.example",
        "id": account,
        "prefix": account[:6],
        "username": "grace",
        "subject": "sub-grace",
    }
    assert accounts.get(names[by]).username == "grace"
    assert accounts[account].id == account


def test_a_name_that_means_several_or_none_is_refused_and_lists_what_there_is(accounts, store):
    add(store, "ada", issuer="https://other.example", name="ada at other.example")
    with pytest.raises(errors.IncompleteCredentials, match=r"may mean any of: .*other\.example"):
        accounts.get("ada")
    with pytest.raises(errors.IncompleteCredentials, match=r"Known accounts: .*grace"):
        accounts.get("nobody")
    with pytest.raises(KeyError):
        accounts["../../etc/passwd"]


def test_a_damaged_account_hides_none_of_the_others(accounts, store):
    Path(store.paths.credentials, f"{store.account_id('oidc', ISSUER, 'ada')}.sealed").write_bytes(
        b"x"
    )
    readable, problems = accounts.readable()
    assert [account.username for account in readable] == ["grace"]
    assert len(problems) == 1
    assert "damaged" in problems[0]
    assert accounts.get("grace").token() == "token-of-grace"


def test_a_profile_that_is_no_json_is_a_clear_error(accounts, store):
    Path(store.paths.profile).write_text("{")
    with pytest.raises(errors.ConfigurationError, match=r"profile\.json"):
        accounts.get()


def test_a_choice_that_was_closed_falls_back_to_the_only_one_left(accounts, store):
    accounts.choose("ada")
    store.remove(store.account_id("oidc", ISSUER, "ada"))
    assert _who(accounts.explain()) == ("grace", "only")


def test_secrets_are_in_no_repr_of_an_account(accounts):
    account = accounts.get("ada")
    shown = [
        account,
        accounts,
        accounts.explain("ada"),
        account.auth(),
        account.auth().endpoints.client,
    ]
    assert "token-of-ada" not in repr(shown)


def test_a_program_signs_in_once_and_its_token_is_kept(store, serve):
    small = SmallProvider()
    issuer = small.at(serve(small.answer)).issuer
    accounts = Accounts(store)
    account = accounts.login(
        ClientCredentials(issuer, "job", client_secret="hush", scope="api"), name="nightly"
    )
    assert (account.name, account.grant, account.renewable) == (
        "nightly",
        "client_credentials",
        True,
    )
    assert Accounts(store).get("nightly").token() == account.token() == "access-1"
    assert len(small.token_calls) == 1
    assert b"hush" not in Path(store.paths.credentials, f"{account.id}.sealed").read_bytes()


def test_an_account_for_several_services_names_them_at_each_renewal(store, serve):
    small = SmallProvider()
    issuer = small.at(serve(small.answer)).issuer
    resources = ["urn:a", "urn:b"]
    plugin = ClientCredentials(issuer, "job", client_secret="hush", resource=resources)
    account = Accounts(store).login(plugin)
    again = Accounts(store).get().auth()
    assert again.invalidate()
    with Session(again, trust_env=False) as session:
        assert session.get(f"{issuer}/r").ok
    assert len(small.token_calls) == 2
    for call in small.token_calls:
        assert parse_qs(call.body.decode())["resource"] == resources
    other = ClientCredentials(issuer, "job", client_secret="hush", resource="urn:a")
    assert Accounts(store).login(other).id != account.id


def test_signing_in_again_replaces_a_damaged_record_and_sets_it_aside(store, serve):
    small = SmallProvider()
    issuer = small.at(serve(small.answer)).issuer
    accounts = Accounts(store)
    plugin = ClientCredentials(issuer, "job", client_secret="hush")
    account = accounts.login(plugin)
    path = Path(store.paths.credentials, f"{account.id}.sealed")
    path.write_bytes(b"broken")
    again = accounts.login(ClientCredentials(issuer, "job", client_secret="hush"))
    assert again.id == account.id
    assert accounts.get().token() == "access-2"
    assert Path(f"{path}.damaged").read_bytes() == b"broken"


def test_a_cached_credential_of_a_session_is_shared_with_the_next_one(store, serve):
    small = SmallProvider()
    issuer = small.at(serve(small.answer)).issuer
    for _ in range(2):
        auth = ClientCredentials(issuer, "job", client_secret="hush")
        with Session(auth, cache=True, trust_env=False) as session:
            assert session.get(f"{issuer}/r").ok
    assert len(small.token_calls) == 1
    assert Accounts(store).get().name == f"job at {issuer}"


def test_closing_where_the_provider_refuses_or_is_away_keeps_the_account_unless_forced(
    store, serve
):
    small = SmallProvider()
    issuer = small.at(serve(small.answer)).issuer
    signed_in(issuer, store, lasts=3600)
    accounts = Accounts(store)
    small.on_revoke = lambda _: None
    with pytest.raises(errors.ConnectFailure):
        accounts.close()
    assert accounts.get().username == "ada"
    small.on_revoke = lambda _: refused("server_error", 400)
    with pytest.raises(errors.AuthenticationError, match="did not revoke"):
        accounts.close()
    closed = accounts.close(force=True)
    assert (closed.name, closed.revoked) == ("ada", False)
    assert list(accounts) == []


def _who(choice):
    return choice.account.username, choice.why


@pytest.mark.parametrize(
    ("own", "key", "command"),
    [
        ({"scope": "openid notes"}, None, "--client-id app --scope 'openid notes'"),
        (
            {"grant": "device_code", "scope": "openid", "resource": ["https://notes.example"]},
            "k",
            "--client-id app --scope openid --resource https://notes.example --device --dpop",
        ),
        ({"grant": "client_credentials"}, None, "--client-id app --client-secret -"),
    ],
)
def test_the_command_that_signs_in_again_asks_for_the_same(store, own, key, command):
    """Another client or a bearer token instead of a bound one would be another account."""
    told = {"issuer": ISSUER, "client_id": "app", "grant": "authorization_code"} | own
    now = 1_700_000_000_000
    held = Credential(now, "t", now, key=key)
    record = {
        "kind": "oidc",
        "state": {**told, "token": held.public()},
        "secrets": {"token": held.secret()},
    }
    assert Account(store, "id", record).again == f"sojourn login {ISSUER} {command}"


def test_who_acts_for_another_account_names_the_command_that_signs_that_one_in(store):
    account = add(store, "ada")
    ada = Accounts(store)[account]
    state = {"issuer": ISSUER, "client_id": "back", "grant": "token_exchange"}
    record = {"kind": "oidc", "state": {**state, "subject_account": account}, "secrets": {}}
    assert Account(store, "id", record).again == ada.again
    assert "--client-id native" in ada.again


def test_an_account_that_acts_for_a_person_is_not_that_person(store):
    account = add(store, "ada")
    accounts = Accounts(store)
    accounts.choose("ada")
    assert Authenticator(store=store).get_default_user() is not None
    record = accounts[account].record
    store.write(account, {**record, "state": {**record["state"], "grant": "token_exchange"}})
    assert Authenticator(store=store).get_default_user() is None
