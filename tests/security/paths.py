"""Every path that hands out or accepts a token, for one person and one application: the columns of the matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from msgspec import Struct

from sojourn.model.resource import ACCOUNT, ADMIN, Resource
from sojourn.model.user import User
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from sojourn.wire import exchange
from tests.security.browser import (
    PASSWORD,
    Browser,
    Tokens,
    app,
    authorize_url,
    bearer,
    code_for,
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
    job: str = ""
    offline_job: str = ""


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
    grants = ("authorization_code", "refresh_token", "client_credentials", exchange.GRANT)
    resources = (shop, jwt, ACCOUNT, ADMIN)
    secret = server.add_client(app(client_id, scope=scope, grant_types=grants, resources=resources))
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
    held.job = exchanged(held, held.online.access).json["access_token"]
    held.offline_job = exchanged(held, held.offline.refresh).json["access_token"]
    held.code = code_for(browser, client_id, scope=online)
    held.offline_code = code_for(browser, client_id, scope=SCOPE)
    return held


def exchanged(held: Stay, text: str) -> Answer:
    """Trade a token of the application for a narrower one of its own (RFC 8693)."""
    kind = exchange.REFRESH_TOKEN if text.startswith("sj_r_") else exchange.ACCESS_TOKEN
    form = {"subject_token": text, "subject_token_type": kind, "scope": "openid"}
    return token(held.server, held.client_id, held.secret, grant_type=exchange.GRANT, **form)


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
    "introspection, exchanged": lambda h: active(h, h.job),
    "introspection, exchanged offline": lambda h: active(h, h.offline_job),
    "userinfo, exchanged": lambda h: userinfo(h.server, h.job).status == 200,
    "exchange": lambda h: exchanged(h, h.online.access).status == 200,
    "exchange of an exchanged token": lambda h: exchanged(h, h.job).status == 200,
    "exchange, offline": lambda h: exchanged(h, h.offline.refresh).status == 200,
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
        "introspection, exchanged offline",
        "userinfo, offline",
        "exchange, offline",
    }
)
EXCHANGED = frozenset(
    {"introspection, exchanged", "introspection, exchanged offline", "userinfo, exchanged"}
)
EXCHANGING = frozenset({"exchange", "exchange of an exchanged token", "exchange, offline"})
REFRESHING = frozenset({"refresh", "offline refresh", "refresh for a resource"})
CODES = frozenset({"code", "offline code"})


# the states
