"""security.md §6.3 over HTTP: every path that hands out or accepts a token, crossed with every state that must stop it.

Each cell is a test: the path worked, something above it died, the path refuses. What a state leaves alive is listed with
its reason, and is a test too. Below HTTP the same matrix is `test_admission_matrix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count

import pytest
from msgspec import Struct
from msgspec.structs import replace

from sojourn.model.client import Client
from sojourn.model.resource import ACCOUNT, ADMIN, Resource
from sojourn.model.user import User
from sojourn.model.value import Ending
from sojourn.server.pages.site import Site
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from tests.security.browser import (
    PASSWORD,
    Browser,
    Tokens,
    app,
    authorize_url,
    bearer,
    code_for,
    hidden,
    introspected,
    landed,
    redeem,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.security.wire import Answer, request

SHOP = "https://shop.example/api"
SCOPE = "openid profile offline_access account users:read"
DAY = 86_400
IDLE = 140
_numbers = count(1)


class Stay(Struct):
    """A person signed in with two applications (one whose tokens are JWTs), and all that this gave."""

    server: ServerInTest
    clock: Clock
    login: str
    user: User
    client_id: str
    secret: str
    browser: Browser
    code: str
    offline_code: str
    online: Tokens
    offline: Tokens
    jwt: Tokens
    shop: Tokens
    own: str


def own_token(server: ServerInTest, client_id: str, secret: str) -> Answer:
    form = {"grant_type": "client_credentials", "resource": ACCOUNT}
    return token(server, client_id, secret, **form)


def stay(server: ServerInTest, clock: Clock) -> Stay:
    number = next(_numbers)
    login, client_id = f"person{number}", f"client{number}"
    user = server.add_user(login, PASSWORD, roles=("administrator",))
    shop = f"{SHOP}/{number}"
    server.add_resource(Resource(identifier=shop, client_id=client_id))
    jwt = f"{SHOP}/jwt/{number}"
    server.add_resource(Resource(identifier=jwt, client_id=client_id, token_format="jwt"))
    scope = (*SCOPE.split(), "email")
    secret = server.add_client(app(client_id, scope=scope, resources=(shop, jwt, ACCOUNT, ADMIN)))
    browser = Browser(server.issuer)

    def tokens(**more: str) -> Tokens:
        code = code_for(browser, client_id, login=login, **more)
        return tokens_of(redeem(server, client_id, secret, code))

    online = "openid profile account users:read"
    held = Stay(
        server=server,
        clock=clock,
        login=login,
        user=user,
        client_id=client_id,
        secret=secret,
        browser=browser,
        code="",
        offline_code="",
        online=tokens(scope=online),
        offline=tokens(scope=SCOPE),
        jwt=tokens(scope=SCOPE, resource=jwt),
        shop=tokens(scope=SCOPE, resource=shop),
        own=own_token(server, client_id, secret).json["access_token"],
    )
    held.code = code_for(browser, client_id, scope=online)
    held.offline_code = code_for(browser, client_id, scope=SCOPE)
    return held


# the paths: True when a path hands out or accepts


def active(held: Stay, text: str) -> bool:
    answer = request(
        held.server.issuer,
        "POST",
        "/introspect",
        form={"token": text},
        headers=basic_of(held),
    )
    return answer.status == 200 and answer.json["active"] is True


def basic_of(held: Stay) -> dict[str, str]:
    from tests.security.browser import basic

    return basic(held.client_id, held.secret)


def with_api(text: str, held: Stay, path: str) -> bool:
    return request(held.server.issuer, "GET", path, headers=bearer(text)).status == 200


def asks(held: Stay, **more: str) -> bool:
    """Whether `prompt=none` gives a code, with the cookies as they are."""
    url = authorize_url(held.browser, held.client_id, prompt="none", **more)
    answer = held.browser.send("GET", url, keep=False)
    return answer.status == 303 and "code" in landed(answer)


def shows_sessions(held: Stay) -> bool:
    answer = held.browser.send("GET", f"{held.server.issuer}/sessions", keep=False)
    return answer.status == 200


def goes_on(held: Stay) -> bool:
    """Whether authorize answers with a code, without a page."""
    url = authorize_url(held.browser, held.client_id)
    answer = held.browser.send("GET", url, keep=False)
    return answer.status == 303 and "code=" in answer.location


PATHS: Mapping[str, Callable[[Stay], bool]] = {
    "code": lambda h: redeem(h.server, h.client_id, h.secret, h.code).status == 200,
    "offline code": lambda h: redeem(h.server, h.client_id, h.secret, h.offline_code).status == 200,
    "refresh": lambda h: refresh(h.server, h.client_id, h.secret, h.online.refresh).status == 200,
    "offline refresh": lambda h: (
        refresh(h.server, h.client_id, h.secret, h.offline.refresh).status == 200
    ),
    "refresh for a resource": lambda h: (
        refresh(h.server, h.client_id, h.secret, h.shop.refresh).status == 200
    ),
    "client_credentials": lambda h: own_token(h.server, h.client_id, h.secret).status == 200,
    "introspection": lambda h: active(h, h.online.access),
    "introspection, offline": lambda h: active(h, h.offline.access),
    "introspection, refresh token": lambda h: active(h, h.online.refresh),
    "introspection, JWT": lambda h: active(h, h.jwt.access),
    "introspection, resource": lambda h: active(h, h.shop.access),
    "introspection, own token": lambda h: active(h, h.own),
    "userinfo": lambda h: userinfo(h.server, h.online.access).status == 200,
    "userinfo, offline": lambda h: userinfo(h.server, h.offline.access).status == 200,
    "account API": lambda h: with_api(h.online.access, h, "/account/sessions"),
    "admin API": lambda h: with_api(h.online.access, h, "/admin/users"),
    "session cookie": shows_sessions,
    "authorize": goes_on,
    "prompt=none": asks,
}
ALL = frozenset(PATHS)
OWN = frozenset({"client_credentials", "introspection, own token"})
COOKIE = frozenset({"session cookie", "authorize", "prompt=none"})
OFFLINE = frozenset(
    {
        "offline code",
        "offline refresh",
        "refresh for a resource",
        "introspection, offline",
        "introspection, JWT",
        "introspection, resource",
        "userinfo, offline",
    }
)
REFRESHING = frozenset({"refresh", "offline refresh", "refresh for a resource"})
CODES = frozenset({"code", "offline code"})


# the states


def status_of_user(status: str) -> Callable[[Stay], None]:
    def kill(held: Stay) -> None:
        held.server.call(lambda site: site.users.set_status(held.user.id, status))

    return kill


def deleted(held: Stay) -> None:
    held.server.call(lambda site: site.users.delete(held.user.id))


def password_changed_elsewhere(held: Stay) -> None:
    other = Browser(held.server.issuer)
    other.sign_in(held.login)
    form = {"current": PASSWORD, "password": "quiet long river", "password_again": "quiet long river"}
    page = other.get(f"{held.server.issuer}/password")
    answer = other.post(f"{held.server.issuer}/password", hidden(page.text) | form)
    assert answer.location.endswith("done=1"), answer.text


def all_others_ended_elsewhere(held: Stay) -> None:
    other = Browser(held.server.issuer)
    other.sign_in(held.login)
    page = other.get(f"{held.server.issuer}/sessions")
    answer = other.post(
        f"{held.server.issuer}/sessions", {"csrf": hidden(page.text)["csrf"], "action": "end_others"}
    )
    assert answer.location.endswith("done=others"), answer.text


def consent_withdrawn(held: Stay) -> None:
    page = held.browser.get(f"{held.server.issuer}/sessions")
    form = hidden(page.text) | {"action": "end_client", "id": held.client_id}
    answer = held.browser.post(f"{held.server.issuer}/sessions", form)
    assert answer.location.endswith("done=client"), answer.text


def signed_out(held: Stay) -> None:
    before = dict(held.browser.jar)
    page = held.browser.get(f"{held.server.issuer}/sign-out")
    answer = held.browser.post(
        f"{held.server.issuer}/sign-out", hidden(page.text) | {"decision": "sign_out"}
    )
    assert answer.status == 200
    held.browser.jar = before  # whoever copied the cookies still has them


def change_client(held: Stay, **fields: object) -> None:
    def alter(old: Client) -> Client:
        return replace(old, **fields)

    async def change(site: Site) -> None:
        await site.clients.change(held.client_id, alter, event="client.changed")

    held.server.call(change)


def client_disabled(held: Stay) -> None:
    change_client(held, status="disabled")


def client_deleted(held: Stay) -> None:
    change_client(held, ended=Ending(held.clock.now(), "deleted"))


def scopes_removed_from_client(held: Stay) -> None:
    change_client(held, scope=("email",))


def grants_removed_from_client(held: Stay) -> None:
    change_client(held, grant_types=())


def offline_access_removed_from_client(held: Stay) -> None:
    change_client(held, scope=("openid", "profile", "account", "users:read"))


def resources_removed_from_client(held: Stay) -> None:
    change_client(held, resources=())


def resource_removed(held: Stay) -> None:
    number = held.client_id.removeprefix("client")
    for name in (f"{SHOP}/{number}", f"{SHOP}/jwt/{number}"):
        ended = Resource(identifier=name, client_id=held.client_id, ended=Ending(1, "removed"))
        held.server.add_resource(ended)


def secret_changed(held: Stay) -> None:
    held.server.call(lambda site: site.clients.new_secret(held.client_id))


def role_withdrawn(held: Stay) -> None:
    held.server.call(
        lambda site: site.users.change(
            held.user.id, lambda old: replace(old, roles=()), event="user.roles_changed"
        )
    )


def grants_ended(held: Stay) -> None:
    """Every grant, one by one: by the code it came from, or by its refresh token."""
    for tokens in (held.online, held.offline, held.jwt, held.shop):
        answer = request(
            held.server.issuer,
            "POST",
            "/revoke",
            form={"token": tokens.refresh},
            headers=basic_of(held),
        )
        assert answer.status == 200


def a_day_passed(held: Stay) -> None:
    held.clock.advance(seconds=DAY)


def everything_expired(held: Stay) -> None:
    held.clock.advance(seconds=91 * DAY)


def lay_idle(held: Stay) -> None:
    held.clock.advance(seconds=IDLE - 1)
    assert goes_on(held)
    held.clock.advance(seconds=IDLE)


def signing_key_retired(held: Stay) -> None:
    async def rotate(site: Site) -> None:
        signing = site.context.signing
        for alg in ("ES256", "RS256"):
            old = signing.active(alg).kid
            fresh = await signing.publish(alg, now=site.context.now())
            await signing.activate(fresh.kid, now=site.context.now())
            await signing.retire(old, now=site.context.now())

    held.server.call(rotate)


class State(Struct, frozen=True):
    """How it comes about, and what it leaves alive, with the reason."""

    kill: Callable[[Stay], None]
    alive: frozenset[str] = frozenset()
    because: str = ""


STATES: Mapping[str, State] = {
    "user locked": State(status_of_user("locked"), OWN, "the client's own tree has no user"),
    "user disabled": State(status_of_user("disabled"), OWN, "the client's own tree has no user"),
    "user deleted": State(deleted, OWN, "the client's own tree has no user"),
    "password changed": State(password_changed_elsewhere, OWN, "the client's own tree"),
    "all others ended": State(all_others_ended_elsewhere, OWN, "the client's own tree"),
    "consent withdrawn": State(
        consent_withdrawn, OWN | {"session cookie"}, "the sign-in is not the client's"
    ),
    "sign-in ended": State(signed_out, OWN | OFFLINE, "offline grants outlive their sign-in"),
    "grants ended": State(
        grants_ended, OWN | COOKIE | CODES, "the sign-in, and codes of grants of their own"
    ),
    "client disabled": State(client_disabled, frozenset({"session cookie"}), "it is the person's"),
    "client deleted": State(client_deleted, frozenset({"session cookie"}), "it is the person's"),
    "client's secret changed": State(
        secret_changed,
        COOKIE | {"userinfo", "userinfo, offline", "account API", "admin API"},
        "what is used without the secret",
    ),
    "client's grant types removed": State(
        grants_removed_from_client,
        ALL - REFRESHING - CODES - {"client_credentials", "authorize", "prompt=none"},
        "tokens that are out live their short life",
    ),
    "client's scopes removed": State(
        scopes_removed_from_client,
        OWN | {"session cookie", *(name for name in ALL if name.startswith("introspection"))},
        "tokens that are out are worth nothing: introspection names no scope that was removed",
    ),
    "client's offline access removed": State(
        offline_access_removed_from_client,
        ALL - {"offline refresh", "refresh for a resource", "offline code"},
        "what was given before lives its short life, but is not renewed",
    ),
    "client's resources removed": State(
        resources_removed_from_client,
        ALL - {"refresh for a resource", "introspection, JWT", "introspection, resource"}
        - OWN,
        "tokens that name no resource",
    ),
    "resource removed": State(
        resource_removed,
        ALL - {"refresh for a resource", "introspection, JWT", "introspection, resource"},
        "tokens that name no resource, or another one",
    ),
    "role withdrawn": State(role_withdrawn, ALL - {"admin API"}, "roles carry no other scope"),
    "lay idle": State(
        lay_idle,
        ALL - CODES - {"authorize", "prompt=none"},
        "idle bars new authorizations only",
    ),
    "a day passed": State(
        a_day_passed,
        frozenset({"offline refresh", "refresh for a resource", "client_credentials"}),
        "offline access is for ninety days; a client acts for itself anew",
    ),
    "everything expired": State(
        everything_expired, frozenset({"client_credentials"}), "a client acts for itself anew"
    ),
    "signing keys retired": State(
        signing_key_retired, ALL - {"introspection, JWT"}, "opaque tokens bear no signature"
    ),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerInTest, Clock]]:
    clock, folder = Clock(), tmp_path_factory.mktemp("matrix")
    with ServerInTest(folder, now=clock.now, options={"signin_idle": IDLE}) as server:
        yield server, clock


@pytest.fixture(scope="module")
def after(
    request: pytest.FixtureRequest, running: tuple[ServerInTest, Clock]
) -> tuple[State, Mapping[str, bool]]:
    """Every path tried once after one state came about."""
    state = STATES[request.param]
    held = stay(*running)
    state.kill(held)
    return state, {name: path(held) for name, path in PATHS.items()}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("after", STATES, indirect=True, scope="module")
def test_a_path_refuses_in_a_dead_state(after: tuple[State, Mapping[str, bool]], path: str):
    state, outcome = after
    assert outcome[path] is (path in state.alive), state.because


def test_every_path_works_while_nothing_has_died(running: tuple[ServerInTest, Clock]):
    held = stay(*running)
    dead = [name for name, path in PATHS.items() if not path(held)]
    assert not dead


def test_introspection_names_no_scope_that_was_removed(running: tuple[ServerInTest, Clock]):
    held = stay(*running)
    scopes_removed_from_client(held)
    answer = request(
        held.server.issuer,
        "POST",
        "/introspect",
        form={"token": held.offline.access},
        headers=basic_of(held),
    )
    assert answer.json["scope"] == ""
    assert introspected(held.server, held.client_id, held.secret, held.own)
