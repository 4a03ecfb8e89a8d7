"""A service that wants a newer sign-in (RFC 9470): our server, our resource server, our client and a real Chromium."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sojourn import errors
from sojourn.model.grant import Grant
from sojourn.testing.server import ServerInTest
from tests.flows.test_own_client import held, service, sit_at_desk

__all__ = ["service", "sit_at_desk"]

pytestmark = [pytest.mark.browser]

AN_HOUR = 3_600_000


def let_the_sign_in_grow_old(server: ServerInTest, token: str) -> None:
    """Have the person behind `token` have signed in an hour earlier."""

    def aged(grant: Grant) -> Grant:
        event = grant.authentication_event
        assert event
        earlier = msgspec.structs.replace(event, authn_time=event.authn_time - AN_HOUR)
        return msgspec.structs.replace(grant, authentication_event=earlier)

    async def age(site: Any) -> None:
        located = await site.sessions.acceptance.locate(token)
        key = next(node.key for node in located.path if type(node.value) is Grant)
        assert await site.sessions.tree.change(key, Grant, aged)

    server.call(age)


@pytest.mark.parametrize(
    ("server", "kind"), [("memory", "threads"), ("sqlite", "loop")], indirect=["server"]
)
@pytest.mark.parametrize("service", ["opaque", "jwt"], indirect=True)
def test_the_diary_opens_to_a_new_sign_in_of_the_same_person(server, service, sit_at_desk, kind):
    desk = sit_at_desk(kind)
    first = desk.get(f"{service}/diary")
    before = held(desk)
    let_the_sign_in_grow_old(server, before.access_token)
    desk.auth.invalidate()  # a JWT keeps what it said
    assert desk.get(f"{service}/hello")["sub"] == first["sub"]
    desk.auth.interactive = False
    with pytest.raises(errors.StepUpRequired, match="--max-age 300"):
        desk.get(f"{service}/diary")

    desk.auth.interactive = True
    again = desk.get(f"{service}/diary")
    assert again["sub"] == first["sub"]
    assert held(desk).since > before.since
    assert desk.get(f"{service}/diary") == again
