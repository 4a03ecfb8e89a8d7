"""Token exchange with keys (RFC 9449): whose key is proved, which key the new token is bound to, what that allows."""

from __future__ import annotations

from typing import Any

import pytest

from sojourn.wire import exchange
from tests.conformance.holder import KeyHolder, bound
from tests.conformance.relying_party import refused
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import SCOPE, Setting, active, login


@pytest.fixture
def holder(provider: Provider, setting: Setting) -> KeyHolder:
    """The application, which holds a key."""
    return KeyHolder(setting.app, now=provider.clock.now)


@pytest.fixture
def job(provider: Provider, setting: Setting) -> KeyHolder:
    """A job, with a key of its own."""
    return KeyHolder(setting.app, now=provider.clock.now)


def traded(holder: KeyHolder, subject: str, **more: Any) -> Any:
    kind = exchange.REFRESH_TOKEN if subject.startswith("sj_r_") else exchange.ACCESS_TOKEN
    return holder.token(
        grant_type=exchange.GRANT, subject_token=subject, subject_token_type=kind, **more
    )


def held(provider: Provider, holder: KeyHolder, **more: Any) -> dict[str, Any]:
    """Tokens of a person that are bound to the holder's key."""
    asked: dict[str, Any] = {"scope": "openid notes"} | more
    sent, landing = holder.rp.ask(provider.browser(), provider.diana, **asked)
    return bound(holder.redeem(landing.parameters["code"], sent))


def test_what_is_given_is_bound_to_the_key_that_is_proved(
    provider: Provider, setting: Setting, job: KeyHolder
):
    tokens = login(provider, setting, resource=None)
    said = bound(traded(job, tokens.access, scope="openid"))
    told = setting.app.introspect(said["access_token"])
    assert (told["cnf"], told["token_type"]) == ({"jkt": job.thumbprint}, "DPoP")
    assert job.userinfo(said["access_token"]).status_code == 200
    assert setting.app.userinfo(said["access_token"]).status_code == 401


def test_a_clients_own_bound_token_needs_its_key(
    provider: Provider, setting: Setting, holder: KeyHolder, job: KeyHolder
):
    text = held(provider, holder)["access_token"]
    assert refused(traded(job, text), "invalid_request")
    bare = setting.app.token(
        grant_type=exchange.GRANT, subject_token=text, subject_token_type=exchange.ACCESS_TOKEN
    )
    assert refused(bare, "invalid_request")
    given = bound(traded(holder, text))
    assert setting.app.introspect(given["access_token"])["cnf"] == {"jkt": holder.thumbprint}


def test_the_new_token_may_be_anothers(
    provider: Provider, setting: Setting, holder: KeyHolder, job: KeyHolder
):
    """The session's key is proved, the job's key is named: only the job can use the token."""
    tokens = held(provider, holder)
    said = bound(traded(holder, tokens["access_token"], dpop_jkt=job.thumbprint))
    assert job.userinfo(said["access_token"]).status_code == 200
    assert holder.userinfo(said["access_token"]).status_code == 401
    assert refused(traded(holder, said["access_token"]), "invalid_request")
    further = bound(traded(job, said["access_token"], scope="openid"))
    assert job.userinfo(further["access_token"]).status_code == 200


@pytest.mark.parametrize("named", ["x", "A" * 42, "A" * 44, "é" * 43])
def test_what_is_no_thumbprint_is_refused(
    provider: Provider, setting: Setting, job: KeyHolder, named: str
):
    tokens = login(provider, setting)
    assert refused(traded(job, tokens.access, dpop_jkt=named), "invalid_request")


def test_only_what_is_bound_to_a_key_lives_longer_than_usual(
    provider: Provider, setting: Setting, job: KeyHolder
):
    tokens = login(provider, setting)
    hours = 8 * 3600
    loose = setting.app.token(
        grant_type=exchange.GRANT,
        subject_token=tokens.refresh,
        subject_token_type=exchange.REFRESH_TOKEN,
        expires_in=str(hours),
    )
    assert loose.json()["expires_in"] == 3600
    said = bound(traded(job, tokens.refresh, expires_in=str(hours)))
    assert said["expires_in"] == hours
    # No longer than the sign-in, whatever is asked for.
    most = bound(traded(job, tokens.refresh, expires_in="999999999"))
    assert most["expires_in"] == 24 * 3600
    provider.clock.advance(seconds=hours - 1)
    assert active(setting.api, said["access_token"])
    provider.clock.advance(seconds=1)
    assert not active(setting.api, said["access_token"])


def test_a_service_exchanges_its_callers_bound_token_and_proves_its_own_key(
    provider: Provider, setting: Setting, holder: KeyHolder
):
    tokens = held(provider, holder, resource=setting.front)
    service = KeyHolder(setting.api, now=provider.clock.now)
    said = bound(traded(service, tokens["access_token"], resource=setting.back))
    assert setting.vault.introspect(said["access_token"])["cnf"] == {"jkt": service.thumbprint}
    bare = setting.api.token(
        grant_type=exchange.GRANT,
        subject_token=tokens["access_token"],
        subject_token_type=exchange.ACCESS_TOKEN,
        resource=setting.back,
    )
    assert "cnf" not in setting.vault.introspect(bare.json()["access_token"])


def test_a_public_client_exchanges_a_refresh_token_that_is_bound(
    provider: Provider, setting: Setting
):
    native = provider.relying_party(
        token_endpoint_auth_method="none",
        grant_types=("authorization_code", "refresh_token", exchange.GRANT),
        scope=SCOPE,
    )
    mine = KeyHolder(native, now=provider.clock.now)
    tokens = held(provider, mine)
    said = bound(traded(mine, tokens["refresh_token"], scope="openid", job="render 42"))
    assert mine.userinfo(said["access_token"]).status_code == 200
    other = KeyHolder(native, now=provider.clock.now)
    assert refused(traded(other, tokens["refresh_token"]), "invalid_request")


def test_a_bound_actor_token_needs_its_key(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    service = KeyHolder(setting.api, now=provider.clock.now)
    own = bound(service.token(grant_type="client_credentials", resource=setting.back))
    shown = {"actor_token": own["access_token"], "actor_token_type": exchange.ACCESS_TOKEN}
    assert bound(traded(service, tokens.access, resource=setting.back, **shown))
    other = KeyHolder(setting.api, now=provider.clock.now)
    assert refused(traded(other, tokens.access, resource=setting.back, **shown), "invalid_request")
