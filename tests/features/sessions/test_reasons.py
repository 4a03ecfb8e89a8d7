"""What people are told of their sessions: why and when each ended, and when it was last used."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from sojourn.errors import NotLive
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.client import Client
from sojourn.server.services.administration.sessions import SessionDesk
from sojourn.server.services.sessions.grants import GrantOrder
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.overview import Overview, SignInEntry
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest


class Stay:
    """Ada on a server whose clock the test turns."""

    def __init__(self, server: ServerInTest, clock: Clock) -> None:
        self.server = server
        self.clock = clock
        self.ada = server.add_user("ada", "an otter sleeps afloat")
        server.add_client(
            Client(
                client_id="notes",
                redirect_uris=("https://notes.example/callback",),
                grant_types=("authorization_code",),
            )
        )

    def sign_in(self) -> str:
        event = AuthenticationEvent(uid=self.ada.id, authn_time=self.clock.now())
        return self.server.call(lambda site: site.sessions.signins.start(event)).signin.id

    def allow(self, sid: str) -> None:
        """Give Notes a grant and an access token from a sign-in."""

        async def work(site):
            order = GrantOrder(user_id=self.ada.id, client_id="notes", signin=sid)
            held = await site.sessions.signins.by_id(self.ada.id, sid)
            client = await site.clients.get("notes")
            code = Order(type="authorization_code")
            await site.sessions.authorizing.authorize(held, order, code, client=client)

        self.server.call(work)

    def end(self, action: str, name: str = "", keep: str = "") -> bool:
        body = {"action": action} | ({"id": name} if name else {})

        async def work(site) -> bool:
            desk = SessionDesk(site.sessions, site.clients)
            done = await desk.end(self.ada, body, current=keep, actor=self.ada.id)
            return bool(done["ended"])

        return self.server.call(work)

    def change_password(self, keep: str = "", actor: str = "") -> None:
        self.server.call(
            lambda site: site.users.set_password(self.ada.id, "hash", keep=keep, actor=actor)
        )

    def overview(self) -> Overview:
        return self.server.call(lambda site: site.sessions.overviews.of(self.ada.id))

    def entry(self, sid: str) -> SignInEntry:
        return next(one for one in self.overview().sign_ins if one.signin.id == sid)

    def told(self, sid: str) -> tuple[str, int]:
        entry = self.entry(sid)
        return entry.why, entry.ended


@pytest.fixture
def stay(tmp_path, clock: Clock) -> Iterator[Stay]:
    with ServerInTest(tmp_path, store="memory:", now=clock.now) as server:
        yield Stay(server, clock)


def test_each_way_to_end_is_told_apart_with_its_moment(stay):
    gone, revoked, others, changed = [stay.sign_in() for _ in range(4)]
    moments = []

    def later() -> None:
        stay.clock.advance(1000)
        moments.append(stay.clock.now())

    later()
    stay.server.call(lambda site: site.sessions.signins.end(stay.ada.id, gone, "sign_out"))
    later()
    stay.end("end_sign_in", revoked)
    later()
    stay.end("end_others", keep=changed)
    later()
    assert stay.told(gone) == ("sign_out", moments[0])
    assert stay.told(revoked) == ("revoked", moments[1])
    assert stay.told(others) == ("others_ended", moments[2])
    stay.change_password()
    assert stay.told(changed) == ("password_changed", moments[3])
    assert stay.told(others) == ("others_ended", moments[2])


def test_what_an_administrator_did_is_told_as_theirs(stay):
    sid = stay.sign_in()
    stay.change_password(actor="somebody else")
    assert stay.told(sid) == ("administrator", stay.clock.now())


def test_time_that_ran_out_is_told_as_such(stay):
    sid = stay.sign_in()
    end = stay.entry(sid).signin.end
    stay.clock.advance(end - stay.clock.now())
    assert stay.told(sid) == ("expired", end)


def test_the_end_of_what_ended_before_its_time_ran_out_stays_told(stay):
    sid = stay.sign_in()
    stay.end("end_others", keep=stay.sign_in())
    ended = stay.told(sid)
    stay.clock.advance(2 * 86_400_000)
    assert stay.told(sid) == ended


def test_what_ran_out_was_not_ended_later_by_anybody(stay):
    sid = stay.sign_in()
    end = stay.entry(sid).signin.end
    stay.clock.advance(2 * 86_400_000)
    stay.end("end_others", keep=stay.sign_in())
    assert stay.told(sid) == ("expired", end)


def test_a_grant_ended_when_what_stands_above_it_did(stay):
    sid = stay.sign_in()
    stay.allow(sid)
    (grant,) = stay.entry(sid).grants
    assert (grant.why, grant.ended) == ("", 0)
    stay.clock.advance(5000)
    stay.end("end_client", "notes")
    (grant,) = stay.entry(sid).grants
    assert (grant.why, grant.ended) == ("revoked", stay.clock.now())


def test_an_application_that_was_disabled_is_not_shown_as_live(stay):
    sid = stay.sign_in()
    stay.allow(sid)

    def disabled(client: Client) -> Client:
        return msgspec.structs.replace(client, status="disabled")

    stay.server.call(lambda site: site.clients.change("notes", disabled, event="client.disabled"))
    (grant,) = stay.entry(sid).grants
    assert grant.why == "disabled"


def test_a_password_change_revives_no_sign_in_that_had_ended(stay):
    lost, mine = stay.sign_in(), stay.sign_in()
    stay.end("end_others", keep=mine)
    with pytest.raises(NotLive):
        stay.change_password(keep=lost)
    assert stay.told(lost)[0] == "others_ended"
    assert stay.told(mine) == ("", 0)


def test_only_the_newest_endings_are_told_of_and_all_of_them_hold(stay):
    first = stay.sign_in()
    for _ in range(9):
        stay.end("end_others", keep=stay.sign_in())
    assert stay.told(first)[0] == "others_ended"
    assert sum(1 for one in stay.overview().sign_ins if not one.why) == 1
