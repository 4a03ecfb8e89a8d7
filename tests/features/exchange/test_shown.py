"""Token exchange: who acts for a person is shown to them, to administrators and by `explain`, and ended from there."""

from __future__ import annotations

import dataclasses
from typing import Any

import httpx2
import pytest

from sojourn.cli import explain, tree
from sojourn.cli.drawing import drawn
from sojourn.model.event import Event
from sojourn.model.resource import ACCOUNT
from sojourn.server import AsyncSessionManager
from sojourn.store import records
from sojourn.wire import exchange
from tests.conformance.browser import Browser, Page
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import SCOPE, Setting, active, given, login, program
from tests.features.sessions.conftest import awaited, clock
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import Flow

__all__ = ["awaited", "clock"]


@pytest.fixture
def cli(provider: Provider) -> RelyingParty:
    """An application whose tokens may look after the account."""
    return provider.relying_party(scope=(*SCOPE, "account"), resources=(ACCOUNT,))


def token_for_account(provider: Provider, cli: RelyingParty, person: Any) -> str:
    asked: dict[str, Any] = {"scope": "openid account", "resource": ACCOUNT}
    return cli.login(provider.browser(), person, **asked).access


def account(provider: Provider, token: str, body: Any = None, path: str = "sessions") -> Any:
    answer = httpx2.request(
        "POST" if body else "GET",
        f"{provider.issuer}/account/{path}",
        json=body,
        headers={"authorization": f"Bearer {token}"},
        trust_env=False,
    )
    return answer.json()


def jobs(sessions: Any) -> dict[str, Any]:
    grants = [grant for one in sessions["sign_ins"] for grant in one["grants"]]
    return {job["id"]: job for grant in grants for job in grant["delegations"]}


def test_a_person_sees_who_acts_for_them_and_ends_one(
    provider: Provider, setting: Setting, cli: RelyingParty
):
    tokens = login(provider, setting)
    job = given(setting.app, tokens.access, job="render 42", scope="notes", expires_in="600")
    other = given(setting.api, tokens.access, resource=setting.back)
    below = given(setting.app, job, job="part 1")
    own = token_for_account(provider, cli, provider.diana)
    found = account(provider, own)
    client_id = setting.app.client.client_id
    mine = {one["job"]: one for one in jobs(found).values() if one["client_id"] == client_id}
    part, render = mine["part 1"], mine["render 42"]
    assert (render["job"], render["scope"], render["live"]) == ("render 42", "notes", True)
    assert render["ends"] - render["created"] == 600
    assert render["act"] == {"sub": client_id, "client_id": client_id}
    lines = "\n".join(drawn(tree.drawing(found, every=False)))
    assert "job render 42" in lines
    assert "acting: The Front" in lines
    (target,) = tree.targets(found, render["id"][:10])
    assert target == ("end_delegation", render["id"], "job render 42")
    ending = {"action": "end_delegation", "id": render["id"]}
    assert account(provider, own, ending) == {"ended": True}
    assert account(provider, own, ending) == {"ended": False}
    assert not active(setting.api, job)
    assert not active(setting.api, below)
    assert active(setting.vault, other)
    assert active(setting.api, tokens.access)
    after = jobs(account(provider, own))
    assert (after[render["id"]]["live"], after[render["id"]]["why"]) == (False, "revoked")
    assert not after[part["id"]]["live"]


def test_nobody_ends_what_is_anothers(provider: Provider, setting: Setting, cli: RelyingParty):
    tokens = login(provider, setting)
    given(setting.app, tokens.access, job="hers")
    hers = account(provider, token_for_account(provider, cli, provider.diana))
    eve = provider.person(f"eve-{setting.front[-3:].replace('/', '')}")
    own = token_for_account(provider, cli, eve)
    for name in (*jobs(hers), "r" * 23, "../x", "j" + "A" * 22):
        said = account(provider, own, {"action": "end_delegation", "id": name})
        assert said["error"] == "not_found"
    # Her own tokens are not delegations, so they are not ended by this word.
    told = account(provider, own, {"token": own}, "explain")["steps"]
    said = account(provider, own, {"action": "end_delegation", "id": told[0]["id"]})
    assert said["error"] == "not_found"


def test_the_page_shows_a_job_and_ends_it(provider: Provider, setting: Setting):
    browser: Browser = provider.browser()
    asked: dict[str, Any] = {"scope": "openid notes", "resource": setting.front}
    tokens = setting.app.login(browser, provider.diana, **asked)
    job = given(setting.app, tokens.access, job="<b>render</b> 43", scope="notes")
    page = browser.open(f"{provider.issuer}/sessions")
    assert isinstance(page, Page)
    assert "&lt;b&gt;render&lt;/b&gt; 43" in page.html
    assert "<b>render" not in page.html
    assert 'class="node job live"' in page.html
    name = page.html.partition('name="action" value="end_delegation"')[0].rpartition(
        'name="id" value="'
    )[2]
    csrf = page.html.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"csrf": csrf, "action": "end_delegation", "id": name.partition('"')[0]}
    answer = browser.http.post(f"{provider.issuer}/sessions", data=form)
    assert answer.headers["location"].endswith("done=delegation")
    assert not active(setting.api, job)
    assert active(setting.api, tokens.access)
    after = browser.open(f"{provider.issuer}/sessions")
    assert isinstance(after, Page)
    assert "render&lt;/b&gt; 43" not in after.html


def test_explain_tells_of_every_actor(provider: Provider, setting: Setting, cli: RelyingParty):
    tokens = login(provider, setting)
    job = given(setting.api, tokens.access, resource=setting.signed, job="nightly")
    story = account(
        provider, token_for_account(provider, cli, provider.diana), {"token": job}, "explain"
    )
    assert story["live"]
    first, second, *_ = story["steps"]
    assert first["node"] == "access token (JWT)"
    assert f'(by {setting.api.client.client_id}, job "nightly")' in first["about"]
    assert second["node"] == "access token"
    clients = [step["id"] for step in story["steps"] if step["node"] == "client"]
    assert clients == [setting.api.client.client_id, setting.app.client.client_id]
    lines = "\n".join(drawn(explain.picture(story["steps"])))
    assert "nightly" in lines
    provider.server.call(
        lambda site: site.clients.change(
            setting.app.client.client_id, _disabled, event="client.disabled"
        )
    )
    own = token_for_account(provider, cli, provider.diana)
    after = account(provider, own, {"token": job}, "explain")
    assert not after["live"]
    dead = [step for step in after["steps"] if not (step["live"] or step["handed_over"])]
    assert [(step["id"], step["why"]) for step in dead] == [
        (setting.app.client.client_id, "disabled")
    ]


def _disabled(client: Any) -> Any:
    from msgspec.structs import replace

    return replace(client, status="disabled")


def test_a_jwt_that_was_exchanged_is_a_step_of_the_story(
    provider: Provider, setting: Setting, cli: RelyingParty
):
    tokens = login(provider, setting, resource=setting.signed)
    job = given(setting.app, tokens.access, subject_token_type=exchange.JWT)
    own = token_for_account(provider, cli, provider.diana)
    story = account(provider, own, {"token": job}, "explain")
    assert story["live"]
    assert [step["node"] for step in story["steps"][:2]] == ["access token (JWT)"] * 2
    setting.app.revoke(tokens.access)
    story = account(provider, own, {"token": job}, "explain")
    assert (story["live"], story["steps"][1]["why"]) == (False, "revoked by the client")


def test_an_event_tells_of_it_in_the_batch_that_makes_it(awaited: Insides):
    async def story() -> list[tuple[str, str, str]]:
        context = dataclasses.replace(awaited.inner.context, outbox=True)
        flow = await Flow(AsyncSessionManager(context)).registered()
        session = await flow.redeem(await flow.fresh_code())
        await flow.exchange(session.access.value)
        page = await context.store.find("event", "pending", "1", limit=100)
        events = [records.value_of(record, Event) for record in page.records]
        return [
            (one.type, one.actor, one.subject) for one in events if one.type == "token.exchanged"
        ]

    assert awaited.run(story()) == [("token.exchanged", "shop", "diana")]


def test_a_programs_name_is_not_a_persons(provider: Provider, setting: Setting):
    """A token of a client's own tree has no person, so it is on nobody's page, and still ends with the client."""
    caller = program(provider, resources=(setting.front,))
    own = caller.checked(caller.token(grant_type="client_credentials")).access
    text = given(setting.api, own, resource=setting.back)
    assert "username" not in setting.vault.introspect(text)
