"""Texts that somebody else sealed to a farm, whose public key is no secret; and what a job does with what it has."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sojourn import Session, errors
from sojourn.client.dialects.oidc.jobs import JobAuth
from sojourn.client.dialects.oidc.proving import new_key
from sojourn.client.env.wall_clock import wall_clock
from sojourn.wire import job
from sojourn.wire.masking import masked
from tests.client.servers import Received, ok
from tests.features.jobs.conftest import Farm
from tests.features.jobs.test_jobs import Sit, arrived, held, off

AT = "https://id.example"
STATE: dict[str, Any] = {
    "grant": "job",
    "issuer": AT,
    "client_id": "app",
    "job": "j",
    "scope": None,
    "resource": [],
}
TOKEN = {
    "generation": 1,
    "issued_at": 1,
    "expires_at": 9_999_999_999_999,
    "token_type": "DPoP",
    "claims": {"sub": "ada"},
}
GOOD = {"access_token": "t", "key": new_key().dump()}
WRONG: list[dict[str, Any]] = [
    {"generation": "x"},
    {"issued_at": None},
    {"expires_at": "later"},
    {"expires_at": None},
    {"claims": [1]},
]


def sealed(farm: Farm, content: Any, aud: str = AT) -> str:
    bound = job.JobText(farm.public["kid"], aud, (wall_clock() // 1000 + 60) * 1000, "jti")
    plain = json.dumps(content).encode()
    return bound.sealed(plain, job.recipient(farm.public), nonce=b"n" * 12)


def content(state: Any = (), secrets: Any = None, **who: Any) -> dict[str, Any]:
    told = {"kind": "oidc", "host": AT, "login": "ada", "subject": "ada"} | who
    return {"who": told, "record": {"state": {**STATE, **dict(state)}, "secrets": secrets or {}}}


@pytest.mark.parametrize(
    "own",
    [
        {"grant": "client_credentials", "assertion": {"file": "/var/run/secrets/token"}},
        {"grant": "client_credentials", "assertion": {"github": None}},
        {"grant": "authorization_code", "redirect_uri": "http://127.0.0.1/", "scope": "openid"},
        {"grant": "device_code", "scope": "openid"},
        {"grant": "token_exchange", "subject_account": "a", "types": ["t", "t"]},
        {"issuer": "https://elsewhere.example"},
    ],
)
def test_a_text_brings_a_jobs_own_credential_and_no_other_plugin(farm: Farm, own: Any):
    """Else whoever knows the farm's public key could have a worker send its platform's token where they like."""
    with pytest.raises(errors.BadSerializedUser):
        arrived(sealed(farm, content(own)), farm)


def test_who_it_is_for_stands_in_clear_and_is_the_same_inside(farm: Farm):
    text = sealed(farm, content(), aud="https://good.example")
    with pytest.raises(errors.BadSerializedUser):
        arrived(text, farm, audience="https://good.example")


def test_a_text_names_no_proxy_for_the_machine_where_it_is_read(sit: Sit, farm: Farm):
    user = arrived(off(sit(), farm), farm)
    told = user.who._asdict() | {"http_proxy": "http://thief.example"}
    record = json.loads(json.dumps(user.auth.record()))
    found = arrived(sealed(farm, {"who": told, "record": record}, aud=user.host), farm)
    assert found.http_proxy is None


@pytest.mark.parametrize(
    "given",
    [
        {"who": None, "record": None},
        {"who": [], "record": []},
        {"who": {}, "record": {}},
        content(kind="cubicweb"),
        content(kind="keystone"),
        content(kind="shotgrid"),
        content(kind="nothing"),
        content(kind=7),
        content({"resource": 7}),
        content({"token": 7}, {"token": 7}),
        content({"token": TOKEN}, {"token": {"access_token": 7, "key": 7}}),
        content({"token": TOKEN}, {"token": {"access_token": "t", "key": "no key"}}),
        content({"token": TOKEN}, {"token": {"access_token": "t", "key": None}}),
        *(content({"token": {**TOKEN, **wrong}}, {"token": GOOD}) for wrong in WRONG),
    ],
)
def test_what_is_sealed_in_another_shape_is_one_typed_error(farm: Farm, given: Any):
    with pytest.raises(errors.BadSerializedUser):
        arrived(sealed(farm, given), farm)


@pytest.mark.parametrize("plain", [b"[" * 500_000, b"\xff", b"", b"NaN"])
def test_what_is_sealed_and_no_json_object_is_the_same_error(farm: Farm, plain: bytes):
    bound = job.JobText(farm.public["kid"], AT, (wall_clock() // 1000 + 60) * 1000, "jti")
    text = bound.sealed(plain, job.recipient(farm.public), nonce=b"n" * 12)
    with pytest.raises(errors.BadSerializedUser):
        arrived(text, farm)


def test_a_job_takes_nothing_that_the_machine_keeps_for_somebody(sit: Sit, farm: Farm, store: Any):
    """Its session may have a cache, in which the person's own, wider session lies under the same name."""
    place = sit()
    user = arrived(off(place, farm, scope=None), farm)
    job_auth = user.auth
    assert isinstance(job_auth, JobAuth)
    kept = store.account_id("oidc", *job_auth.identity())
    place.plugin.adopt(held(place.user)._replace(generation=wall_clock() + 1000))
    wide = {"state": place.plugin.state(), "secrets": place.plugin.secrets()}
    store.write(kept, {"v": 1, "kind": "oidc", **wide})
    job_auth.invalidate()
    with (
        Session(job_auth, cache=store, trust_env=False) as session,
        pytest.raises(errors.InteractionRequired, match="has ended"),
    ):
        session.get(f"{user.host}/userinfo")
    assert held(user).access_token != held(place.user).access_token


def test_a_service_that_wants_a_newer_sign_in_does_not_end_the_job(
    sit: Sit, farm: Farm, serve: Callable[..., Any]
):
    user = arrived(off(sit(), farm), farm)
    token = held(user).access_token
    challenge = 'DPoP error="insufficient_user_authentication", max_age="5"'

    def answer(received: Received) -> Any:
        if received.path == "/diary":
            return ok({}, 401, WWW_Authenticate=challenge)
        return ok({"token": received.headers["authorization"].partition(" ")[2]})

    at = serve(answer).url
    with user.create_session(trust_env=False) as session:
        with pytest.raises(errors.StepUpRequired, match="at most 5 seconds"):
            session.get(f"{at}/diary")
        assert session.get(f"{at}/notes").json() == {"token": token}


def test_a_text_in_a_log_line_is_masked(sit: Sit, farm: Farm):
    place = sit()
    for text in (off(place, farm), off(place, farm, recipient=b"s" * 32)):
        shown = masked(f"started with {text}, and went on")
        assert not any(part in shown for part in text.split(".") if len(part) > 8)
        assert shown.endswith(", and went on")
