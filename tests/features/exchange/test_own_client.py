"""The client's plugin `TokenExchange` at our own server: whose token it trades, when it does so again, what is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials, TokenExchange
from sojourn.server.services.context import system_now
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from tests.client.conftest import face, serve, store
from tests.client.servers import Received, ok
from tests.conformance.fixtures import provider
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import Setting, active, login, program, setting

__all__ = ["face", "provider", "serve", "setting", "store"]


class Wall(Clock):
    """The clock on the wall."""

    def now(self) -> int:
        return system_now()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider whose clock is the client's, for proofs of keys are made just now."""
    with ServerInTest(tmp_path_factory.mktemp("provider")) as server:
        provider = Provider(server, Wall())
        yield provider
        provider.let_go()


class Service:
    """A service at `back`: it introspects what it gets, and says no to what is not live."""

    def __init__(self, setting: Setting) -> None:
        self.vault = setting.vault
        self.seen: list[dict[str, Any]] = []

    def answer(self, received: Received) -> Any:
        token = received.headers.get("authorization", "").partition(" ")[2]
        told = self.vault.introspect(token)
        self.seen.append(told)
        return ok(told) if told["active"] else ok({}, 401)


def acting(setting: Setting, subject: Any, **more: Any) -> TokenExchange:
    party = setting.api
    given: dict[str, Any] = {"resource": setting.back, "client_secret": party.secret} | more
    return TokenExchange(party.issuer, party.client.client_id, subject=subject, **given)


def caller(provider: Provider, setting: Setting, **more: Any) -> ClientCredentials:
    """The plugin of a program that calls the front."""
    party = program(provider, resources=(setting.front,))
    return of_program(party, setting.front, **more)


def of_program(party: RelyingParty, resource: str, **more: Any) -> ClientCredentials:
    return ClientCredentials(
        party.issuer,
        party.client.client_id,
        client_secret=party.secret,
        scope="notes mail",
        resource=resource,
        **more,
    )


def test_it_trades_the_token_of_another_plugin(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    subject = caller(provider, setting)
    session = face.session(acting(setting, subject, scope="notes"))
    service = Service(setting)
    at = serve(service.answer).url
    for _ in range(3):
        session.request(at)
    told = service.seen[0]
    actor = setting.api.client.client_id
    assert told["sub"] == subject.endpoints.client.client_id
    assert (told["scope"], told["aud"]) == ("notes", setting.back)
    assert told["act"] == {"sub": actor, "client_id": actor}
    assert len({seen["iat"] for seen in service.seen}) == 1


@pytest.mark.parametrize("way", ["text", "function"])
def test_it_trades_a_text_or_what_a_function_returns(
    provider: Provider, setting: Setting, face: Any, serve: Any, way: str
):
    token = login(provider, setting).access
    asked: list[str] = []

    def current() -> str:
        asked.append(token)
        return token

    service = Service(setting)
    at = serve(service.answer).url
    session = face.session(acting(setting, token if way == "text" else current))
    assert session.request(at).json()["active"]
    session.request(at)
    assert len(asked) == (1 if way == "function" else 0)


def test_it_trades_again_when_the_subjects_token_has_ended(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    """The first 401 finds the traded token dead, the second exchange finds the subject's dead: both are made anew."""
    party = program(provider, resources=(setting.front,))
    subject = of_program(party, setting.front)
    plugin = acting(setting, subject)
    session = face.session(plugin)
    service = Service(setting)
    at = serve(service.answer).url
    session.request(at)
    held = subject._current
    assert held is not None
    party.revoke(held.access_token)
    assert session.request(at).json()["active"]
    assert [seen["active"] for seen in service.seen] == [True, False, True]
    assert subject._current is not None
    assert subject._current.access_token != held.access_token


def test_an_actor_may_be_another_plugin(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    actor = of_program(setting.api, setting.back)
    service = Service(setting)
    session = face.session(acting(setting, caller(provider, setting), actor=actor))
    session.request(serve(service.answer).url)
    name = setting.api.client.client_id
    assert service.seen[0]["act"] == {"sub": name, "client_id": name}


def test_what_the_provider_refuses_is_told(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    at = serve(lambda _: ok()).url
    dead = caller(provider, setting)
    for plugin, words in (
        (acting(setting, "sj_a_nothing"), "subject_token"),
        (acting(setting, dead, scope="profile"), "scope"),
        (acting(setting, dead, resource=setting.front), "resource"),
        (acting(setting, dead, client_secret="wrong"), "authentication"),
    ):
        with pytest.raises(errors.AuthenticationError, match=words) as caught:
            face.session(plugin).request(at)
        assert "sj_a_" not in f"{caught.value!r}{caught.value}{caught.value.detail}{plugin!r}"


@pytest.mark.parametrize("listed", [{"grant_types_supported": ["authorization_code"]}, {}])
def test_a_provider_without_it_is_told_apart(face: Any, serve: Any, listed: dict[str, Any]):
    def answer(received: Received) -> Any:
        if received.method == "GET":
            own = server.url
            return ok({"issuer": own, "token_endpoint": f"{own}/token", **listed})
        return ok({"error": "unsupported_grant_type"}, 400)

    server = serve(answer)
    plugin = TokenExchange(server.url, "front", subject="t", client_secret="s")
    with pytest.raises(errors.DelegationNotSupported, match="RFC 8693"):
        face.session(plugin).request(server.url)


def test_it_asks_no_person_while_it_holds_a_lock(provider: Provider, setting: Setting, store: Any):
    taken: list[str] = []

    class Asking(ClientCredentials):
        """A subject that takes its time: meanwhile nobody must wait for the lock of what it is traded for."""

        async def credential(self, env: Any, *, ask: bool = True) -> Credential:
            account = store.account_id(plugin.kind, *plugin.identity())
            with store.locked(account):  # CredentialBusy if it is held
                taken.append(account)
            return await super().credential(env, ask=ask)

    party = program(provider, resources=(setting.front,))
    subject = Asking(
        party.issuer,
        party.client.client_id,
        client_secret=party.secret,
        scope="notes",
        resource=setting.front,
    )
    plugin = acting(setting, subject, store=store, dpop=False)
    with Session(plugin, trust_env=False) as session:
        assert session.get_token()
    assert taken


def test_an_account_acts_for_another_account_and_comes_back(
    provider: Provider, setting: Setting, store: Any
):
    accounts = Accounts(store)
    tokens = login(provider, setting, scope="openid notes")
    person = signed_in(setting, tokens)
    account = kept(accounts, person, setting)
    made = accounts.login(acting(setting, account, scope="notes", dpop=False), name="at the back")
    assert setting.vault.introspect(made.token())["scope"] == "notes"
    again = Accounts(store).get("at the back")
    fresh = again.auth()
    assert isinstance(fresh, TokenExchange)
    assert fresh.invalidate()
    with Session(fresh, trust_env=False) as session:
        assert active(setting.vault, session.get_token() or "")
    assert again.renewable
    assert "the account that it acts for" in again.credential
    store.remove(account.id)
    with pytest.raises(errors.InteractionRequired, match="signed out"):
        Accounts(store).get("at the back").auth()


def signed_in(setting: Setting, tokens: Any) -> AuthorizationCode:
    """The plugin of a person who is signed in at the application."""
    party = setting.app
    plugin = AuthorizationCode(
        party.issuer,
        party.client.client_id,
        client_secret=party.secret,
        scope="openid notes",
        resource=setting.front,
        interactive=False,
    )
    now = time.time_ns() // 1_000_000
    plugin.adopt(
        Credential(
            now,
            tokens.access,
            now,
            expires_at=now + 3_600_000,
            refresh_token=tokens.refresh,
            claims={"sub": tokens.claims["sub"]},
        )
    )
    return plugin


def kept(accounts: Accounts, plugin: AuthorizationCode, setting: Setting) -> Any:
    name = "diana at the app"
    account = accounts.store.account_id("oidc", setting.front, "diana")
    record = {**plugin.record(), "name": name, "subject": "diana", "username": "diana"}
    accounts.store.write(account, record)
    return accounts.get(name)


def test_only_what_can_come_back_becomes_an_account(
    provider: Provider, setting: Setting, store: Any
):
    with pytest.raises(errors.IncompleteCredentials, match="Accounts"):
        Accounts(store).login(acting(setting, login(provider, setting).access))


def test_a_functions_tokens_are_never_kept_for_others(
    provider: Provider, setting: Setting, store: Any
):
    """Two people, one plugin configuration: the second must not get the first one's credential from the store."""
    other = provider.person(f"other-{setting.front[-3:].replace('/', '')}")
    first = login(provider, setting).access
    second = setting.app.login(
        provider.browser(), other, scope="openid notes", resource=setting.front
    )
    subs = []
    for token in (first, second.access):
        plugin = acting(setting, lambda token=token: token, store=store, dpop=False)
        with Session(plugin, trust_env=False) as session:
            subs.append(setting.vault.introspect(session.get_token() or "")["sub"])
    assert len(set(subs)) == 2
    assert not store.ids()


def test_a_plugin_with_an_identity_is_kept_apart_by_it(
    provider: Provider, setting: Setting, store: Any
):
    subjects = [caller(provider, setting), caller(provider, setting)]
    for subject in subjects:
        with Session(acting(setting, subject, store=store, dpop=False), trust_env=False) as session:
            told = setting.vault.introspect(session.get_token() or "")
        assert told["sub"] == subject.endpoints.client.client_id
    assert len(store.ids()) == 2


def test_what_it_gets_is_bound_to_a_key_of_its_own(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    """A service cannot prove its caller's key; it proves one of its own, and the new token is bound to that."""
    subject = caller(provider, setting)
    plugin = acting(setting, subject)
    service = Service(setting)
    face.session(plugin).request(serve(service.answer).url)
    assert subject._current is not None
    assert plugin._current is not None
    (told,) = service.seen
    assert told["token_type"] == "DPoP"
    key = plugin.endpoints.prover.key_of(plugin._current)
    assert key is not None
    assert key.thumbprint == told["cnf"]["jkt"]
    assert subject._current.key not in (None, plugin._current.key)


def test_the_key_of_a_clients_own_token_is_proved_and_kept(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    subject = of_program(setting.api, setting.back)
    plugin = acting(setting, subject, actor=of_program(setting.api, setting.back, dpop=False))
    service = Service(setting)
    face.session(plugin).request(serve(service.answer).url)
    assert subject._current is not None
    assert plugin._current is not None
    assert plugin._current.key == subject._current.key


def test_a_bound_token_is_not_exchanged_without_its_key(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    subject = of_program(setting.api, setting.back)
    service = Service(setting)
    at = serve(service.answer).url
    face.session(subject).request(at)
    assert subject._current is not None
    stolen = acting(setting, subject._current.access_token)
    with pytest.raises(errors.AuthenticationError, match="subject_token"):
        face.session(stolen).request(at)


def test_a_refused_token_is_not_shown_again_at_once_and_another_one_is(
    provider: Provider, setting: Setting, face: Any, serve: Any
):
    texts = ["sj_a_nothing"] * 5
    plugin = acting(setting, texts.pop)
    session = face.session(plugin)
    at = serve(lambda _: ok()).url
    sent: list[str] = []
    asking = plugin.endpoints.tokens

    async def counted(env: Any, form: Any, **more: Any) -> Any:
        sent.append(form["subject_token"])
        return await asking(env, form, **more)

    plugin.endpoints.tokens = counted  # type: ignore[method-assign]
    for _ in range(5):
        with pytest.raises(errors.AuthenticationError, match="subject_token"):
            session.request(at)
    assert sent == ["sj_a_nothing"]
    texts.append(login(provider, setting).access)
    session.request(at)
    assert len(sent) == 2
