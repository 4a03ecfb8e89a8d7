"""Every state that must stop a path, and what each leaves alive, with the reason: the rows of the matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.model.value import Ending
from sojourn.server.pages.site import Site
from tests.security.browser import (
    PASSWORD,
    Browser,
    hidden,
)
from tests.security.paths import (
    ALL,
    CODES,
    COOKIE,
    DAY,
    EXCHANGED,
    EXCHANGING,
    IDLE,
    OFFLINE,
    OWN,
    REFRESHING,
    SHOP,
    Stay,
    basic_of,
    goes_on,
)
from tests.security.wire import request


def status_of_user(status: str) -> Callable[[Stay], None]:
    def kill(held: Stay) -> None:
        held.server.call(lambda site: site.users.set_status(held.user.id, status))

    return kill


def deleted(held: Stay) -> None:
    held.server.call(lambda site: site.users.delete(held.user.id))


def password_changed_elsewhere(held: Stay) -> None:
    other = Browser(held.server.issuer)
    other.sign_in(held.login)
    form = {
        "current": PASSWORD,
        "password": "quiet long river",
        "password_again": "quiet long river",
    }
    page = other.get(f"{held.server.issuer}/password")
    answer = other.post(f"{held.server.issuer}/password", hidden(page.text) | form)
    assert answer.location.endswith("done=1"), answer.text


def all_others_ended_elsewhere(held: Stay) -> None:
    other = Browser(held.server.issuer)
    other.sign_in(held.login)
    page = other.get(f"{held.server.issuer}/sessions")
    answer = other.post(
        f"{held.server.issuer}/sessions",
        {"csrf": hidden(page.text)["csrf"], "action": "end_others"},
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
        COOKIE
        | {"userinfo", "userinfo, offline", "userinfo, exchanged", "account API", "admin API"},
        "what is used without the secret",
    ),
    "client's grant types removed": State(
        grants_removed_from_client,
        ALL
        - REFRESHING
        - CODES
        - EXCHANGING
        - EXCHANGED
        - {"client_credentials", "authorize", "prompt=none"},
        "tokens that are out live their short life, but for those that may have a long one",
    ),
    "client's scopes removed": State(
        scopes_removed_from_client,
        OWN
        | {"session cookie", *(name for name in ALL if name.startswith("introspection"))}
        - {"introspection, exchanged offline"},
        "tokens that are out are worth nothing: introspection names no scope that was removed",
    ),
    "client's offline access removed": State(
        offline_access_removed_from_client,
        ALL
        - {"offline refresh", "refresh for a resource", "offline code"}
        - {"exchange, offline", "introspection, exchanged offline"},
        "what was given before lives its short life, but is not renewed",
    ),
    "client's resources removed": State(
        resources_removed_from_client,
        ALL - {"refresh for a resource", "introspection, JWT", "introspection, resource"} - OWN,
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
        frozenset(
            {
                "offline refresh",
                "refresh for a resource",
                "exchange, offline",
                "client_credentials",
            }
        ),
        "offline access is for ninety days; a client acts for itself anew",
    ),
    "everything expired": State(
        everything_expired, frozenset({"client_credentials"}), "a client acts for itself anew"
    ),
    "signing keys retired": State(
        signing_key_retired, ALL - {"introspection, JWT"}, "opaque tokens bear no signature"
    ),
}
