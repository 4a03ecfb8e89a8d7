"""Users who go off with jobs: what their text carries, what it may, and what ends it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from sojourn import AsyncUser, Session, deserialize_user, errors, serialize_jobs, serialize_user
from sojourn.client.credential import Credential
from sojourn.client.dialects.keystone import v3
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.user import User
from sojourn.client.who import Who
from sojourn.wire import base64url, job
from tests.client.servers import Received, ok
from tests.conformance.browser import Page
from tests.features.jobs.conftest import Farm, Place, userinfo

Sit = Callable[..., Place]


def off(place: Place, farm: Farm, name: str = "render 42", **more: Any) -> str:
    given: dict[str, Any] = {"scope": "openid notes", "recipient": farm.public} | more
    return serialize_user(place.user, for_job=name, **given)


def arrived(text: str, farm: Farm, **more: Any) -> User:
    return deserialize_user(text, key=farm.private, **more)


def held(user: User) -> Credential:
    found = user.auth._current
    assert found is not None
    return found


@pytest.mark.parametrize("public", [True, False])
def test_a_job_acts_for_the_person_with_less_and_a_key_of_its_own(
    sit: Sit, farm: Farm, public: bool
):
    place = sit(public=public)
    user = arrived(off(place, farm), farm)
    assert (user.login, user.host) == (place.person.login, place.app.issuer)
    assert userinfo(user) == 200
    mine, theirs = held(user), held(place.user)
    assert mine.scope == "openid notes"
    assert mine.refresh_token is None
    assert mine.key not in (None, theirs.key)
    assert mine.access_token != theirs.access_token
    assert not user.are_credentials_expired()
    assert user.resolve_entity() == {"type": "User", "id": place.user.who.subject}


def test_the_session_goes_on_untouched(sit: Sit, farm: Farm):
    place = sit()
    before = held(place.user)
    off(place, farm)
    assert held(place.user) == before
    assert userinfo(place.user) == 200
    assert place.plugin.invalidate()
    assert userinfo(place.user) == 200


def test_a_copy_without_the_key_is_of_no_use(sit: Sit, farm: Farm):
    place = sit()
    user = arrived(off(place, farm), farm)
    at = f"{user.host}/userinfo"
    token = held(user).access_token
    for scheme in ("Bearer", "DPoP"):
        headers = {"authorization": f"{scheme} {token}"}
        assert httpx2.get(at, headers=headers, trust_env=False).status_code == 401
    # Nor with the key of the session that it came from.
    thief = AuthorizationCode(user.host, place.app.client.client_id, interactive=False)
    thief.adopt(held(place.user)._replace(access_token=token, refresh_token=None))
    with pytest.raises(errors.InteractionRequired), Session(thief, trust_env=False) as session:
        session.request(at, "GET")


def test_what_stands_in_clear_is_what_binds_it_and_no_more(sit: Sit, farm: Farm):
    place = sit()
    text = off(place, farm, expires_in=3600)
    header = json.loads(base64url.decode(text.split(".")[0]))
    told = {name: header[name] for name in ("v", "kid", "aud")}
    assert told == {"v": 1, "kid": farm.public["kid"], "aud": place.app.issuer}
    assert set(header) == {"typ", "v", "kid", "aud", "exp", "jti", "alg", "epk", "enc"}
    assert 3500 < header["exp"] - place.provider.clock.now() // 1000 <= 3600
    user = arrived(text, farm)
    for hidden in (held(user).access_token, held(user).key or "", "render 42", "artist"):
        assert hidden not in text
    shown = f"{user!r}{user.auth!r}{held(user)!r}"
    for secret in (held(user).access_token, held(user).key or ""):
        assert secret[:20] not in shown


def test_it_cannot_be_widened_and_lives_no_longer_than_the_session(sit: Sit, farm: Farm):
    place = sit()
    with pytest.raises(errors.AuthenticationError, match="scope"):
        off(place, farm, scope="openid offline_access")
    with pytest.raises(errors.AuthenticationError, match="scope"):
        off(place, farm, scope="openid admin")
    text = off(place, farm, expires_in=400 * 86_400)
    life = job.JobText.parse(text).exp - place.provider.clock.now()
    assert life <= 24 * 3600 * 1000
    user = arrived(text, farm)
    with pytest.raises(errors.AuthenticationError):
        serialize_user(user, for_job="more", scope="openid mail", recipient=farm.public)
    further = arrived(
        serialize_user(user, for_job="part 1", scope="openid", recipient=farm.public), farm
    )
    assert userinfo(further) == 200
    assert held(further).scope == "openid"


def test_it_lives_beyond_an_access_token_and_then_is_refused(sit: Sit, farm: Farm):
    place = sit()
    clock: Any = place.provider.clock
    text = off(place, farm, expires_in=8 * 3600)
    user = arrived(text, farm)
    assert job.JobText.parse(text).exp - clock.now() > 7 * 3_600_000
    assert userinfo(user) == 200
    short = off(place, farm, expires_in=1)
    while job.JobText.parse(short).exp > clock.now():
        pass
    with pytest.raises(errors.BadSerializedUser, match="expired"):
        arrived(short, farm)


def sessions(place: Place) -> Page:
    page = place.browser.open(f"{place.app.issuer}/sessions")
    assert isinstance(page, Page)
    return page


def end_first_job(place: Place) -> None:
    """Press the button beside the newest job on My sessions."""
    html = sessions(place).html
    before = html.partition('name="action" value="end_delegation"')[0]
    name = before.rpartition('name="id" value="')[2].partition('"')[0]
    csrf = html.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"csrf": csrf, "action": "end_delegation", "id": name}
    answer = place.browser.http.post(f"{place.app.issuer}/sessions", data=form)
    assert answer.headers["location"].endswith("done=delegation")


def test_it_is_on_my_sessions_by_its_name_and_ends_there_alone(sit: Sit, farm: Farm):
    place = sit()
    user = arrived(off(place, farm), farm)
    below = arrived(
        serialize_user(user, for_job="part 1", scope="openid", recipient=farm.public), farm
    )
    assert "part 1" in sessions(place).html
    end_first_job_named = sessions(place).html.count('value="end_delegation"')
    assert end_first_job_named == 2
    while 'value="end_delegation"' in sessions(place).html:
        end_first_job(place)
    for job_user in (user, below):
        with pytest.raises(errors.InteractionRequired, match="ended"):
            userinfo(job_user)
        assert job_user.are_credentials_expired()
    assert userinfo(place.user) == 200


def sign_out(place: Place) -> None:
    place.provider.server.call(
        lambda site: (
            site.signins_of(place) if hasattr(site, "signins_of") else _end_all(site, place)
        )
    )


async def _end_all(site: Any, place: Place) -> None:
    user = await site.users.by_login(place.person.login)
    await site.sessions.signins.end_all(user.id, "signed_out")


@pytest.mark.parametrize("way", ["sign-in", "refresh token", "client"])
def test_it_ends_with_the_session(sit: Sit, farm: Farm, way: str):
    place = sit()
    user = arrived(off(place, farm), farm)
    assert userinfo(user) == 200
    if way == "sign-in":
        sign_out(place)
    elif way == "refresh token":
        place.app.revoke(held(place.user).refresh_token or "")
    else:
        place.provider.server.call(
            lambda site: site.clients.change(
                place.app.client.client_id,
                lambda old: replace(old, status="disabled"),
                event="client.disabled",
            )
        )
    with pytest.raises(errors.InteractionRequired, match="render 42"):
        userinfo(user)


def test_a_session_without_a_key_is_exchanged_with_the_jobs_own(sit: Sit, farm: Farm):
    """A bearer session of a public client: its refresh token proves nothing, so its access token is exchanged."""
    place = sit(dpop=False)
    user = arrived(off(place, farm), farm)
    assert userinfo(user) == 200
    assert held(user).expires_at is not None
    assert (held(user).expires_at or 0) <= (held(place.user).expires_at or 0) + 2000


def test_a_dead_access_token_is_renewed_first(sit: Sit, farm: Farm):
    place = sit(public=False, dpop=False)
    place.app.revoke(held(place.user).access_token)
    assert userinfo(arrived(off(place, farm), farm)) == 200


def test_one_call_sends_many_off(sit: Sit, farm: Farm):
    place = sit()
    names = [f"frame {number}" for number in range(30)]
    texts = serialize_jobs(place.user, names, scope="openid", recipient=farm.public)
    users = [arrived(text, farm) for text in texts]
    assert [getattr(user.auth, "job", "") for user in users] == names
    assert len({held(user).access_token for user in users}) == len(names)
    assert len({held(user).key for user in users}) == len(names)
    assert userinfo(users[0]) == userinfo(users[-1]) == 200
    html = sessions(place).html
    assert "frame 29" in html
    assert "10 more act for you" in html


def test_event_loops_send_jobs_off_too(sit: Sit, farm: Farm):
    place = sit()
    given: dict[str, Any] = {"scope": "openid", "recipient": farm.public}

    async def work() -> list[str]:
        user = AsyncUser(place.user)
        one = await user.serialize(for_job="render 42", **given)
        return [one, *await user.serialize_jobs(["frame 1", "frame 2"], **given)]

    users = [arrived(text, farm) for text in asyncio.run(work())]
    named = [getattr(user.auth, "job", "") for user in users]
    assert named == ["render 42", "frame 1", "frame 2"]
    assert [userinfo(user) for user in users] == [200, 200, 200]


def test_no_names_are_no_jobs_and_one_text_is_a_mistake(sit: Sit, farm: Farm):
    place = sit()
    assert serialize_jobs(place.user, [], recipient=farm.public) == []
    with pytest.raises(TypeError, match="several"):
        serialize_jobs(place.user, "render 42", recipient=farm.public)


def test_a_farm_that_shares_a_key_with_us(sit: Sit, farm: Farm, monkeypatch: Any, tmp_path: Any):
    place = sit()
    shared = b"s" * 32
    text = off(place, farm, recipient=shared)
    assert userinfo(deserialize_user(text, key=shared)) == 200
    monkeypatch.setenv("SOJOURN_JOB_KEY", base64url.encode(shared))
    assert userinfo(deserialize_user(text, audience=place.app.issuer)) == 200
    path = tmp_path / "farm.jwk"
    path.write_text(json.dumps(farm.private))
    path.chmod(0o600)
    monkeypatch.setenv("SOJOURN_JOB_KEY", str(path))
    assert userinfo(deserialize_user(off(place, farm).encode())) == 200
    path.chmod(0o644)
    with pytest.raises(errors.ConfigurationError, match="600"):
        deserialize_user(off(place, farm))


def test_what_is_not_for_here_and_now_is_refused_with_one_typed_error(
    sit: Sit, farm: Farm, store: Any, monkeypatch: Any
):
    place = sit()
    text = off(place, farm)
    other, _ = job.new_keys()
    monkeypatch.delenv("SOJOURN_JOB_KEY", raising=False)
    with pytest.raises(errors.BadSerializedUser, match="another key"):
        deserialize_user(text, key=other)
    with pytest.raises(errors.BadSerializedUser, match="not of https://other"):
        arrived(text, farm, audience="https://other.example")
    with pytest.raises(errors.BadSerializedUser, match="farm's key"):
        deserialize_user(text, key=store)
    with pytest.raises(errors.ConfigurationError, match="SOJOURN_JOB_KEY"):
        deserialize_user(text)
    with pytest.raises(errors.ConfigurationError):
        deserialize_user(text, key=b"short")
    for changed in (
        text[:-4],
        f"{text[:-6]}AAAAAA",
        text.replace(".", "..", 1),
        "a.b.c.d.e",
        "....",
    ):
        with pytest.raises(errors.BadSerializedUser):
            arrived(changed, farm)
    with pytest.raises(errors.BadSerializedUser):
        arrived("x" * 2_000_000 + "....", farm)


@pytest.mark.parametrize(
    "more",
    [
        {"recipient": None},
        {"recipient": b"short"},
        {"recipient": {"kty": "RSA"}},
        {"for_job": ""},
        {"for_job": "x" * 101},
        {"for_job": "a\nb"},
        {"expires_in": 0},
        {"for_job": None},
    ],
)
def test_what_cannot_be_asked_for(sit: Sit, farm: Farm, more: dict[str, Any]):
    place = sit()
    given: dict[str, Any] = {"for_job": "j", "recipient": farm.public} | more
    with pytest.raises(ValueError, match=r"recipient|name|expires_in|for_job"):
        serialize_user(place.user, **given)


def test_a_private_key_is_no_recipient(sit: Sit, farm: Farm):
    with pytest.raises(ValueError, match="private") as caught:
        off(sit(), farm, recipient=farm.private)
    assert farm.private["d"] not in str(caught.value)


@pytest.mark.parametrize(
    "lacking",
    [
        ({"grant_types_supported": ["authorization_code"]}, {}, "no token exchange"),
        ({"dpop_signing_alg_values_supported": []}, {}, "binds no tokens"),
        ({}, {"error": "unsupported_grant_type"}, "no token exchange"),
        ({}, {"token_type": "Bearer"}, "did not bind"),
        ({}, {"token_type": "DPoP"}, "did not bind"),
        ({}, {"token_type": "DPoP", "cnf": {"jkt": "x"}}, "did not bind"),
    ],
)
def test_a_provider_that_cannot_do_it_is_told_apart(
    sit: Sit, farm: Farm, serve: Any, lacking: tuple[Any, Any, str]
):
    place = sit()
    metadata, answer, words = lacking

    def respond(received: Received) -> Any:
        if received.method == "GET":
            own = {"issuer": server.url, "token_endpoint": f"{server.url}/token"}
            return ok({"dpop_signing_alg_values_supported": ["ES256"], **own, **metadata})
        given = {"access_token": "a", "expires_in": 60, **answer}
        return ok(given, 400 if "error" in answer else 200)

    server = serve(respond)
    plugin = AuthorizationCode(server.url, "paint", interactive=False, dpop=True)
    plugin.adopt(held(place.user))
    user = User(place.user.who._replace(host=server.url), lambda: plugin)
    with pytest.raises(errors.DelegationNotSupported, match=words):
        serialize_user(user, for_job="j", recipient=farm.public)


def test_other_services_have_no_jobs(farm: Farm):
    plugin = v3.Password(
        "https://k.example/v3", username="ada", password="x", user_domain_id="default"
    )
    user = User(Who("keystone", "https://k.example", "ada"), lambda: plugin)
    with pytest.raises(errors.DelegationNotSupported):
        serialize_user(user, for_job="j", recipient=farm.public)
