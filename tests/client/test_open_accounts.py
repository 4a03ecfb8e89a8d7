"""Many open sessions, each of an account; why one was chosen; and the same for event loops."""

from __future__ import annotations

import asyncio

import pytest

from sojourn import Accounts, AsyncAccounts, AsyncSession, Session, errors
from sojourn.client.dialects.dynect import DynectAuth
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials
from sojourn.testing.dynect import DynectInTest
from tests.client.small_provider import SmallProvider, signed_in


@pytest.fixture
def small(serve):
    provider = SmallProvider()
    return provider.at(serve(provider.answer))


def program(small, name="job"):
    return ClientCredentials(small.issuer, name, client_secret="hush", scope="api")


def opened(auth):
    return Session(auth, trust_env=False)


def test_many_sessions_are_open_side_by_side_and_the_current_one_is_meant(store, small):
    accounts = Accounts(store)
    with opened(program(small, "blue")) as blue, opened(program(small, "red")) as red:
        assert accounts.open("blue", session=blue).name == "blue"
        accounts.open("red", session=red)
        assert accounts.session("blue") is blue
        assert accounts.session() is red, "the last sign-in is the current one"
        with accounts.use("blue"):
            assert accounts.session() is blue
            assert accounts.session().get(f"{small.issuer}/r").ok
        assert len(small.token_calls) == 2
        assert [entry.account for entry in blue.history] == ["blue"]


def test_a_session_of_an_account_that_is_kept_does_not_sign_in_again(store, small):
    Accounts(store).login(program(small), name="nightly")
    later = Accounts(store)
    with opened(program(small)) as session:
        account = later.open("nightly", session=session)
        assert (account.name, account.token()) == ("nightly", "access-1")
        assert session.get(f"{small.issuer}/r").ok
        assert later.open(session=session).id == account.id
    assert len(small.token_calls) == 1


def test_a_name_of_another_account_is_not_taken_over(store, small):
    accounts = Accounts(store)
    accounts.login(program(small, "blue"), name="mine")
    with (
        opened(program(small, "red")) as session,
        pytest.raises(errors.IncompleteCredentials, match="another account"),
    ):
        accounts.open("mine", session=session)
    assert len(small.token_calls) == 1


def test_a_session_without_a_plugin_cannot_be_opened(store):
    with Session() as session, pytest.raises(errors.IncompleteCredentials, match="pass auth="):
        Accounts(store).open(session=session)


def test_an_account_without_an_open_session_gets_one(store, small):
    Accounts(store).login(program(small), name="nightly")
    accounts = Accounts(store)
    with accounts.session() as session:
        assert accounts.session("nightly") is session
        assert session.get(f"{small.issuer}/r").ok


def test_after_a_sign_in_the_plugin_renews_what_is_kept_and_no_second_copy(store, small):
    auth = program(small)
    accounts = Accounts(store)
    accounts.login(auth)
    with opened(auth) as session:
        session.invalidate()
        session.get(f"{small.issuer}/r")
    assert Accounts(store).get().token() == "access-2"
    assert len(small.token_calls) == 2


def test_closing_an_account_forgets_it_and_its_plugin_begins_anew_without_it(store, small):
    accounts = Accounts(store)
    with opened(program(small)) as session:
        account = accounts.open("job", session=session)
        assert accounts.close("job").revoked
        assert session.get(f"{small.issuer}/r").ok
    assert list(accounts) == []
    assert len(small.token_calls) == 2
    stale = account.auth()
    stale.invalidate()
    with opened(stale) as other, pytest.raises(errors.InteractionRequired, match="signed out"):
        other.get(f"{small.issuer}/r")


def test_the_choice_tells_every_rule_that_was_asked(store, small, monkeypatch):
    accounts = Accounts(store)
    accounts.login(program(small, "blue"), name="blue")
    accounts.login(program(small, "red"), name="red")
    profile = accounts.explain()
    assert [(step.rule, step.chosen) for step in profile.steps] == [
        ("argument", None), ("with", None), ("environment", None), ("profile", "red")
    ]  # fmt: skip
    assert (
        "SOJOURN_ACCOUNT is not set; chosen with `sojourn use` or at the last sign-in: red"
        in str(profile)
    )
    monkeypatch.setenv("SOJOURN_ACCOUNT", "blue")
    assert [step.rule for step in accounts.explain().steps] == ["argument", "with", "environment"]
    assert [step.rule for step in accounts.explain("red").steps] == ["argument"]
    monkeypatch.delenv("SOJOURN_ACCOUNT")
    accounts.close("red")
    assert [step.rule for step in accounts.explain().steps][-1] == "only"


def test_the_choice_tells_the_credential_and_the_address(store, small):
    accounts = Accounts(store)
    accounts.login(program(small), name="job")
    said = accounts.explain()
    assert (
        said.credential
        == "Bearer token of job, client credentials, renewed with the program's own secret or key"
    )
    assert said.endpoint == f"{small.issuer} (where the account signed in; no resource was named)"
    signed_in(small.issuer, store, lasts=3600)
    assert "renewed with the refresh token" in accounts.explain("ada").credential
    signed_in(small.issuer, store, lasts=3600, refresh_token=None)
    assert "a person must sign in when it ends" in accounts.explain("ada").credential
    assert "access-" not in str(said)
    assert "hush" not in str(said)


def test_the_address_is_the_resource_where_one_was_named(store, small):
    auth = ClientCredentials(
        small.issuer, "job", client_secret="hush", resource="https://notes.example"
    )
    Accounts(store).login(auth)
    assert Accounts(store).explain().endpoint.startswith("https://notes.example (the resource")


def test_accounts_of_several_dialects_stand_side_by_side(store, small):
    with DynectInTest() as dynect:
        dynect.add_user("customer", "user", "password")
        accounts = Accounts(store)
        accounts.login(program(small), name="notes")
        with opened(DynectAuth("customer", "user", "password", url=dynect.url)) as dns:
            accounts.open("dns", session=dns)
            assert {one.kind for one in accounts.values()} == {"oidc", "dynect"}
            assert (
                "renewed with the password that is kept, sealed"
                in accounts.explain("dns").credential
            )
            assert (
                accounts.session("dns").get(f"{dynect.url}/REST/Session/").json()["status"]
                == "success"
            )
            accounts.close("dns")


def test_a_token_that_only_a_person_can_give_is_not_asked_for(store, small, nobody):
    auth = AuthorizationCode(small.issuer, "native")
    with opened(auth) as session, pytest.raises(errors.InteractionRequired):
        Accounts(store).open(session=session)
    signed_in(small.issuer, store, refresh_token=None)
    with pytest.raises(errors.InteractionRequired, match="sojourn login"):
        Accounts(store).get().token(silent=True)


def test_awaited_accounts_are_the_same_accounts(store, small):
    async def main():
        accounts = AsyncAccounts(store)
        async with AsyncSession(program(small, "blue"), trust_env=False) as blue:
            opened = await accounts.open("blue", session=blue)
            red = await accounts.login(program(small, "red"), name="red")
            assert (opened.name, red.name, (await accounts.get()).name) == ("blue", "red", "red")
            assert await accounts.session("blue") is blue
            with accounts.use("blue"):
                assert (await accounts.explain()).why == "with"
                session = await accounts.session()
                assert (await session.get(f"{small.issuer}/r")).ok
            assert await red.token() == "access-2"
            assert (await red.whoami()) is not None
            assert [one.name for one in (await accounts.readable())[0]] == ["blue", "red"]
            assert (await accounts.choose("blue")).id == opened.id
            closed = [(await accounts.close(name)).name for name in ("blue", "red")]
            assert closed == ["blue", "red"]
            assert opened.auth().label == "blue"

    asyncio.run(main())
    assert list(Accounts(store)) == []


def test_a_block_of_one_task_is_unseen_by_the_others(store, small):
    async def main():
        accounts = AsyncAccounts(store)
        await accounts.login(program(small, "blue"), name="blue")
        await accounts.login(program(small, "red"), name="red")
        inside = asyncio.Event()
        done = asyncio.Event()

        async def one():
            with accounts.use("blue"):
                inside.set()
                await done.wait()
                return (await accounts.get()).name

        async def other():
            await inside.wait()
            name = (await accounts.get()).name
            done.set()
            return name

        return await asyncio.gather(one(), other())

    assert asyncio.run(main()) == ["blue", "red"]
