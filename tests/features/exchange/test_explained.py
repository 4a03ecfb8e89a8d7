"""`explain` and acceptance judge an exchanged token alike, whichever rule it breaks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sojourn.wire import exchange
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import Setting, active, given, login

OFFLINE = "openid profile offline_access notes mail"

LOSSES: dict[str, tuple[str, dict[str, Any], str]] = {
    "the client that acts, its resource": ("api", {"resources": ()}, "lost the resource"),
    "the client that acts, token exchange": (
        "api",
        {"grant_types": ("client_credentials",)},
        "lost token exchange",
    ),
    "the application, its resource": ("app", {"resources": ()}, "lost the resource"),
    "the client that acts, all": ("api", {"status": "disabled"}, "disabled"),
    "the application, all": ("app", {"status": "disabled"}, "disabled"),
}


def change(provider: Provider, party: RelyingParty, **fields: Any) -> None:
    provider.server.call(
        lambda site: site.clients.change(
            party.client.client_id, lambda old: replace(old, **fields), event="client.changed"
        )
    )


def story(provider: Provider, text: str) -> Any:
    return provider.server.call(lambda site: site.sessions.explain(text))


def why(told: Any) -> list[str]:
    return [step.why for step in told.steps if not (step.live or step.handed_over)]


def listed(provider: Provider, of: str) -> list[str]:
    """Why each of those who act with a token is dead, as My sessions lists them."""

    async def found(site: Any) -> list[str]:
        info = await site.sessions.get_session_info_by_token(of)
        seen = await site.sessions.overviews.of(info["user_id"])
        grants = [grant for one in seen.sign_ins for grant in one.grants]
        mine = [grant for grant in grants if grant.grant.id == info["grant_id"]]
        return [entry.why for grant in mine for entry in grant.delegations]

    return provider.server.call(found)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_was_lost_since_is_told_and_refused(provider: Provider, setting: Setting, loss: str):
    tokens = login(provider, setting)
    text = given(setting.api, tokens.access, resource=setting.back)
    assert (story(provider, text).live, active(setting.vault, text)) == (True, True)
    whose, fields, said = LOSSES[loss]
    change(provider, getattr(setting, whose), **fields)
    told = story(provider, text)
    assert (told.live, active(setting.vault, text)) == (False, False)
    assert any(said in one for one in why(told)), why(told)
    assert [said in one for one in listed(provider, tokens.access)] == [True]


def test_offline_access_that_was_lost_is_told_and_refused(provider: Provider, setting: Setting):
    tokens = login(provider, setting, scope=OFFLINE)
    text = given(setting.app, tokens.refresh, subject_token_type=exchange.REFRESH_TOKEN)
    assert (story(provider, text).live, active(setting.api, text)) == (True, True)
    change(provider, setting.app, scope=("openid", "profile", "notes", "mail"))
    told = story(provider, text)
    assert (told.live, active(setting.api, text)) == (False, False)
    assert why(told) == ["lost its offline access since"]


def test_an_ordinary_token_whose_client_lost_the_resource_is_told_and_refused(
    provider: Provider, setting: Setting
):
    text = login(provider, setting).access
    assert (story(provider, text).live, active(setting.api, text)) == (True, True)
    change(provider, setting.app, resources=())
    assert (story(provider, text).live, active(setting.api, text)) == (False, False)


def test_what_would_end_leaves_out_what_its_actors_have_ended_already(
    provider: Provider, setting: Setting
):
    tokens = login(provider, setting)
    by_itself = given(setting.app, tokens.access)
    acted = given(setting.api, tokens.access, resource=setting.back)
    info = provider.server.call(lambda site: site.sessions.get_session_info_by_token(tokens.access))
    session = info["session_id"]

    def would_end() -> set[str]:
        steps = provider.server.call(lambda site: site.sessions.what_if_revoked(session))
        return {step.id for step in steps}

    every = would_end()
    assert {story(provider, one).steps[0].id for one in (by_itself, acted)} <= every
    change(provider, setting.api, grant_types=("client_credentials",))
    assert every - would_end() == {story(provider, acted).steps[0].id}
    change(provider, setting.app, resources=())
    assert would_end() <= every - {story(provider, tokens.access).steps[0].id}
