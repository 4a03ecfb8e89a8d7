"""A provider on the clock of its clients, a person who is signed in with an application on this machine, and a farm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from msgspec import Struct

from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.user import User
from sojourn.client.who import Who
from sojourn.server.services.context import system_now
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from sojourn.wire import base64url, exchange, job
from tests.client.conftest import serve, store
from tests.conformance.browser import Browser, Person
from tests.conformance.holder import KeyHolder, bound
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider

__all__ = ["provider", "serve", "store"]

SCOPE = ("openid", "profile", "offline_access", "notes", "mail")
_numbers = count(1)


class Wall(Clock):
    """The clock on the wall, which can be ahead of itself."""

    ahead = 0

    def now(self) -> int:
        return system_now() + self.ahead


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    clock = Wall()
    with ServerInTest(tmp_path_factory.mktemp("provider"), now=clock.now) as server:
        provider = Provider(server, clock)
        yield provider
        provider.let_go()


@pytest.fixture
def provider(served: Provider) -> Iterator[Provider]:
    served.clock.ahead = 0  # type: ignore[attr-defined]
    yield served
    served.let_go()


class Place(Struct):
    """A person who sits at a machine: their browser, the application's session, and who they are there."""

    provider: Provider
    app: RelyingParty
    person: Person
    browser: Browser
    plugin: AuthorizationCode
    user: User

    def told(self, token: str) -> dict[str, Any]:
        """What the provider says of a token: asked by an application of its own, as a service would."""
        return self.app.introspect(token)


@pytest.fixture
def sit(provider: Provider) -> Callable[..., Place]:
    """Sign a new person in: `sit(public=True)` at an application without a secret, whose tokens are bound to a key."""

    def made(*, public: bool = True, dpop: bool = True, **metadata: Any) -> Place:
        plain: dict[str, Any] = {
            "grant_types": ("authorization_code", "refresh_token", exchange.GRANT),
            "scope": SCOPE,
            "client_name": "Paint",
        }
        if public:
            plain["token_endpoint_auth_method"] = "none"
        app = provider.relying_party(**(plain | metadata))
        person = provider.person(f"artist-{next(_numbers)}")
        browser = provider.browser()
        asked: dict[str, Any] = {"scope": "openid profile notes mail"}
        sent, landing = app.ask(browser, person, **asked)
        holder = KeyHolder(app, now=provider.clock.now)
        code = landing.parameters["code"]
        said = bound(holder.redeem(code, sent)) if dpop else app.redeem(code, sent).json()
        sub = str(app.verified(said["id_token"]).claims["sub"])
        plugin = AuthorizationCode(
            app.issuer,
            app.client.client_id,
            client_secret=app.secret or None,
            scope=str(asked["scope"]),
            interactive=False,
            dpop=dpop,
        )
        now = system_now()
        plugin.adopt(
            Credential(
                now,
                said["access_token"],
                now,
                token_type="DPoP" if dpop else "Bearer",
                expires_at=now + said["expires_in"] * 1000,
                refresh_token=said["refresh_token"],
                claims={"sub": sub},
                key=base64url.encode(holder.key.as_der(private=True)) if dpop else None,
            )
        )
        who = Who("oidc", app.issuer, person.login, subject=sub)
        return Place(provider, app, person, browser, plugin, User(who, lambda: plugin))

    return made


class Farm(Struct):
    """Where jobs run."""

    private: dict[str, str]
    public: dict[str, str]


@pytest.fixture
def farm() -> Farm:
    return Farm(*job.new_keys())


def userinfo(user: User) -> int:
    """Ask userinfo as the user, as anything would be asked, and return the status."""
    with user.create_session(trust_env=False) as session:
        answer = session.request(f"{user.host}/userinfo", "GET", raise_exc=False)
        return int(answer.status_code)
