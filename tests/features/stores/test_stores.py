"""Stores as devices: a program tells our server where it keeps what a sign-in gave, the person sees the place among
their sessions, and ends all that is kept there."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import pytest

from sojourn import Accounts, Session, errors
from sojourn.cli import drawing, tree
from sojourn.client.cache.store import CredentialStore
from sojourn.client.dialects.oidc import AuthorizationCode, DeviceCode, kept_in
from sojourn.client.running import run
from sojourn.server.services.sessions.stores import stores_of
from sojourn.testing.server import ServerInTest
from sojourn.wire.oidc import ProviderMetadata

PERSON = Path(__file__).parents[2] / "cli" / "person.py"
PASSWORD = "a long password of ada's"
SCOPE = "openid profile offline_access account"
_csrf = re.compile(r'name="csrf" value="([^"]+)"').search
_store = re.compile(r'name="id" value="([^"]+)">\s*<button[^>]*value="end_store"').search


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[ServerInTest]:
    monkeypatch.setenv("SOJOURN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {PERSON} %s")
    monkeypatch.setenv("PERSON_LOGIN", "ada")
    monkeypatch.setenv("PERSON_PASSWORD", PASSWORD)
    monkeypatch.delenv("SOJOURN_ACCOUNT", raising=False)
    with ServerInTest(tmp_path / "server") as server:
        server.add_user("ada", PASSWORD)
        server.add_user("grace", "a long password of grace's")
        yield server


def signed_in(server: ServerInTest, store: CredentialStore | None = None):
    plugin = AuthorizationCode(server.issuer, "sojourn-cli", scope=SCOPE)
    return Accounts(store).login(plugin)


def sessions(account):
    session = Session(auth=account.auth(), trust_env=False)
    with session:
        return session.get(f"{account.issuer}/account/sessions").json()


def end(account, store_id):
    with Session(auth=account.auth(), trust_env=False) as session:
        body = {"action": "end_store", "id": store_id}
        return session.post(f"{account.issuer}/account/sessions", json=body).json()


def test_a_store_is_listed_by_its_machine_with_what_it_keeps(server):
    account = signed_in(server)
    found = sessions(account)
    (store,) = found["stores"]
    assert store["name"] == os.uname().nodename[:64]
    (grant,) = found["offline"]
    assert store["grants"] == [grant["id"]]
    assert grant["store"] == store["name"]


def test_the_shell_draws_it_and_finds_it_by_the_beginning_of_its_id(server, capsys):
    account = signed_in(server)
    found = sessions(account)
    (store,) = found["stores"]
    (target,) = tree.targets(found, store["id"][:10])
    assert (target.action, target.id) == ("end_store", store["id"])
    assert target.words == f"all on {store['name']}"
    drawing.print_tree(tree.drawing(found, every=False))
    said = capsys.readouterr().out
    assert "kept on" in said
    assert said.count(store["name"]) == 2
    assert store["id"][: tree.SHORT] in said


def test_two_stores_are_two_and_ending_one_leaves_the_other(server, tmp_path):
    here = signed_in(server)
    there = signed_in(server, CredentialStore(tmp_path / "elsewhere"))
    found = sessions(here)
    assert len(found["stores"]) == 2
    mine = next(
        one for one in found["stores"] if one["id"] == CredentialStore().known_as(server.issuer).id
    )
    other = next(one for one in found["stores"] if one is not mine)
    assert end(here, other["id"]) == {"ended": True}
    assert [one["id"] for one in sessions(here)["stores"]] == [mine["id"]]
    plugin = there.auth()
    plugin.invalidate()
    with pytest.raises(errors.InteractionRequired, match="has ended"):
        run(plugin.credential)
    assert end(here, other["id"]) == {"ended": False}


def test_a_new_sign_in_from_the_same_store_is_the_same_device(server):
    account = signed_in(server)
    signed_in(server)
    (store,) = sessions(account)["stores"]
    assert len(store["grants"]) == 2


def test_nobody_ends_what_another_person_keeps(server, monkeypatch):
    ada = signed_in(server)
    (store,) = sessions(ada)["stores"]
    monkeypatch.setenv("PERSON_LOGIN", "grace")
    monkeypatch.setenv("PERSON_PASSWORD", "a long password of grace's")
    grace = signed_in(server, CredentialStore(Path(os.environ["SOJOURN_HOME"]) / "g"))
    assert end(grace, store["id"]) == {"ended": False}
    assert [one["id"] for one in sessions(ada)["stores"]] == [store["id"]]


def test_the_page_shows_it_and_ends_it(server):
    account = signed_in(server)
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{server.issuer}/sign-in").read().decode()
    form = {"csrf": found_in(_csrf, page), "login": "ada", "password": PASSWORD}
    hidden = re.search(r'name="i" value="([^"]*)"', page)
    if hidden:
        form["i"] = hidden[1]
    posted(browser, f"{server.issuer}/sign-in", form)
    page = browser.open(f"{server.issuer}/sessions").read().decode()
    assert "Kept on your machines" in page
    assert page.count(os.uname().nodename[:64]) >= 2
    form = {"csrf": found_in(_csrf, page), "action": "end_store", "id": found_in(_store, page)}
    page = posted(browser, f"{server.issuer}/sessions", form)
    assert "Nothing that was kept there works any more." in page
    assert "Kept on your machines" not in page
    plugin = account.auth()
    plugin.invalidate()
    with pytest.raises(errors.InteractionRequired):
        run(plugin.credential)


def posted(browser, url, form):
    request = urlencode(form).encode()
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    browser.addheaders = [("Origin", origin)]
    return browser.open(url, request).read().decode()


def found_in(pattern, page):
    match = pattern(page)
    assert match is not None
    return match[1]


def test_a_device_without_a_browser_is_told_of_by_its_store_too(server):
    approved = threading.Event()

    def approve(given):
        path = urlsplit(given.verification_uri_complete)
        assert parse_qs(path.query)
        approved.set()
        server.call(_approving(given.user_code, server))

    plugin = DeviceCode(server.issuer, "sojourn-cli", scope=SCOPE, show=approve)
    account = Accounts().login(plugin)
    assert approved.is_set()
    (store,) = sessions(account)["stores"]
    assert store["id"] == CredentialStore().known_as(server.issuer).id


def _approving(code, server):
    from sojourn.model.authentication_event import create_authn_event
    from sojourn.server.services.sessions.grants import GrantOrder

    async def approve(site):
        waiting = await site.sessions.devices.find(code)
        user = await site.users.by_login("ada")
        event = create_authn_event(user.id, now=site.context.now(), amr=("pwd",))
        started = await site.sessions.signins.start(event)
        admitted = await site.sessions.signins.find(started.text)
        client = await site.clients.get("sojourn-cli")
        order = GrantOrder(
            user_id=user.id,
            client_id="sojourn-cli",
            scope=waiting.request.scope,
            signin=admitted.leaf.value.id,
            offline=True,
            request=dict(waiting.request.store),
        )
        await site.sessions.devices.approve(waiting, admitted, order, client=client)

    return approve


@pytest.mark.parametrize("issuer", ["https://a.example", "https://b.example"])
def test_providers_cannot_tie_a_store_together(tmp_path, issuer):
    store = CredentialStore(tmp_path)
    assert store.known_as(issuer) == CredentialStore(tmp_path).known_as(issuer)
    assert store.known_as(issuer).id != store.known_as("https://c.example").id


@pytest.mark.parametrize(("said", "told"), [(True, 2), (False, 0), (None, 0)])
def test_only_a_provider_that_reads_it_is_told_the_name_of_the_machine(tmp_path, said, told):
    issuer = "https://id.example"
    plugin = AuthorizationCode(issuer, "x", store=CredentialStore(tmp_path))
    metadata = ProviderMetadata(issuer=issuer, store_parameters_supported=said)

    async def asked(env):
        plugin.endpoints.provider._metadata = (env.now(), metadata)
        return await kept_in.parameters(env, plugin)

    assert len(run(asked)) == told


def test_without_a_store_that_can_be_written_nothing_is_told():
    issuer = "https://id.example"
    metadata = ProviderMetadata(issuer=issuer, store_parameters_supported=True)
    plugins = [
        AuthorizationCode(issuer, "x", store=store)
        for store in (None, CredentialStore("/proc/sojourn"))
    ]

    async def asked(env):
        for plugin in plugins:
            plugin.endpoints.provider._metadata = (env.now(), metadata)
        return [await kept_in.parameters(env, plugin) for plugin in plugins]

    assert run(asked) == [{}, {}]


def test_a_store_that_only_keeps_what_has_ended_is_not_listed(server):
    account = signed_in(server)
    (grant,) = sessions(account)["offline"]
    signed_in(server)

    async def look(site):
        user = await site.users.by_login("ada")
        return stores_of(await site.sessions.overviews.of(user.id))

    (entry,) = server.call(look)
    assert len(entry.grants) == 2
    account = Accounts().get()
    with Session(auth=account.auth(), trust_env=False) as session:
        body = {"action": "end_grant", "id": grant["id"]}
        session.post(f"{account.issuer}/account/sessions", json=body)
    (entry,) = server.call(look)
    assert len(entry.grants) == 1
