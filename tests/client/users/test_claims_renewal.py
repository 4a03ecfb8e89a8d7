"""Users who are renewed in the background: when, how long, and that nobody is asked."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from itertools import pairwise
from math import inf, nan

import pytest

from sojourn import AsyncUser, Authenticator, DefaultsManager, User, errors
from sojourn.client.claims_renewal import AFTER_FAILURE, LOOK, UNKNOWN, ClaimsRenewal
from sojourn.client.credential import Credential
from sojourn.client.dialects.shotgrid.user import ShotgunUser
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.interaction import NotAsked
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.client.who import Who
from sojourn.driver import drive
from sojourn.testing.shotgrid import ShotgridInTest
from tests.client.users.people import Asked
from tests.features.jobs.conftest import Place, provider, served, sit

__all__ = ["provider", "served", "sit"]

HOUR = 3_600_000


class Sitting:
    """A user whose credentials last an hour, at a time that the test moves."""

    claims_renewal: ClaimsRenewal | None = None

    def __init__(self, life: int | None = HOUR) -> None:
        self.now = 1_000_000
        self.life = life
        self.renewed: list[int] = []
        self.fails: list[Exception] = []
        self.held = self.made()

    def made(self) -> Credential:
        ends = None if self.life is None else self.now + self.life
        return Credential(self.now, "text", self.now, expires_at=ends)

    def current_credential(self) -> Credential:
        return self.held

    def keep_good(self) -> Credential:
        if self.fails:
            raise self.fails.pop(0)
        self.renewed.append(self.now)
        self.held = self.made()
        return self.held

    def watched(self, until: int, ratio: float = 0.9, interval: float | None = None) -> list[int]:
        """Return the moments of renewals up to `until`."""
        started = self.now

        def wait(seconds: float) -> bool:
            assert 0 <= seconds <= LOOK / 1000
            self.now += int(seconds * 1000)
            return self.now - started > until

        self.claims_renewal = ClaimsRenewal(self, ratio, interval=interval, clock=lambda: self.now)
        self.claims_renewal.run(wait)
        return [at - started for at in self.renewed]


@pytest.mark.parametrize(
    ("life", "ratio", "interval", "times"),
    [
        (HOUR, 0.9, None, [HOUR * 9 // 10, HOUR * 18 // 10, HOUR * 27 // 10]),
        (HOUR, 0.5, None, [HOUR // 2, HOUR, HOUR * 3 // 2, HOUR * 2, HOUR * 5 // 2, HOUR * 3]),
        (None, 0.9, None, [UNKNOWN, 2 * UNKNOWN, 3 * UNKNOWN]),
        (HOUR, 0.9, 7200, [2 * HOUR]),
    ],
)
def test_it_renews_when_that_share_of_the_life_is_over(life, ratio, interval, times):
    assert Sitting(life).watched(3 * HOUR, ratio, interval) == times


def test_what_has_ended_already_is_renewed_at_once_and_no_answer_makes_it_hurry():
    sitting = Sitting(1)
    sitting.now += HOUR
    times = sitting.watched(5_000)
    assert times[0] == 0
    assert all(later - earlier >= 1000 for earlier, later in pairwise(times))


def test_a_service_that_cannot_be_reached_is_tried_again():
    sitting = Sitting()
    busy = errors.HttpServerError("busy", status=503)
    sitting.fails = [errors.ConnectFailure("no"), busy, errors.Malformed("a page of a proxy")]
    due = HOUR * 9 // 10
    assert sitting.watched(2 * HOUR)[0] == due + 3 * AFTER_FAILURE


def test_a_refusal_may_be_a_proxys_and_three_in_a_row_are_the_services():
    sitting = Sitting()
    sitting.fails = [errors.AuthenticationError("no"), errors.AuthenticationError("no")]
    assert len(sitting.watched(2 * HOUR)) == 2
    sitting.fails = [errors.AuthenticationError("no")] * 9
    sitting.renewed.clear()
    assert sitting.watched(9 * HOUR) == []
    assert len(sitting.fails) == 6


def test_it_ends_where_only_a_person_can_help(caplog):
    sitting = Sitting()
    sitting.fails = [errors.InteractionRequired("Sign in again.")]
    assert sitting.watched(10 * HOUR) == []
    assert "is not renewed early any more" in caplog.text


def test_it_ends_with_its_user_and_where_another_takes_its_place():
    sitting = Sitting()
    looks: list[float] = []

    def alone(renewal: ClaimsRenewal, then: Callable[[], None]) -> None:
        def wait(seconds: float) -> bool:
            looks.append(seconds)
            then()
            return len(looks) > 5

        renewal.run(wait)

    def another() -> None:
        sitting.claims_renewal = None

    sitting.claims_renewal = first = ClaimsRenewal(sitting, 0.9, clock=lambda: 1_000_000)
    alone(first, another)
    assert len(looks) == 1
    holder = [Sitting()]
    holder[0].claims_renewal = second = ClaimsRenewal(holder[0], 0.9, clock=lambda: 1_000_000)

    def dropped() -> None:
        holder.clear()
        gc.collect()

    alone(second, dropped)
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("ratio", "interval"), [(0, None), (1.5, None), (nan, None), (0.9, 0), (0.9, -1), (0.9, inf)]
)
def test_a_share_or_an_interval_that_cannot_be_is_refused(ratio, interval):
    with pytest.raises(ValueError, match=r"preemptive_renewal_ratio=|interval="):
        ClaimsRenewal(Sitting(), ratio, interval=interval)


# On a real thread, at services ---------------------------------------------------------------------------------------


def test_a_session_without_an_end_is_used_again_on_its_thread_and_nobody_is_asked(
    store, dynect, monkeypatch
):
    asked = Asked("ada's", login="acme/ada")
    user = Authenticator(
        DefaultsManager(dynect.url), kind="dynect", prompt=asked, store=store
    ).get_user()
    assert user.get_claims_expiration() is None
    used, go_on = threading.Event(), threading.Event()
    check = User._check

    async def seen(self: User, env: object) -> None:
        await check(self, env)  # type: ignore[arg-type]
        used.set()
        go_on.wait(60)

    monkeypatch.setattr(User, "_check", seen)
    user.start_claims_renewal(interval=0.001)
    assert used.wait(60)
    with pytest.raises(ValueError, match="ratio="):
        user.start_claims_renewal(2.0)
    assert user.is_claims_renewal_active()
    renewal = user.claims_renewal
    assert renewal is not None
    user.stop_claims_renewal()
    go_on.set()
    renewal._thread.join(60)
    assert not user.is_claims_renewal_active()
    assert len(asked.forms) == 1


def test_a_script_has_nothing_to_renew(store, dynect):
    script = Authenticator(DefaultsManager(dynect.url), kind="dynect", store=store)
    user = AsyncUser(script.create_script_user("acme/ada", "ada's"))
    user.start_claims_renewal()
    assert user.is_claims_renewal_active() is False
    user.stop_claims_renewal()


def test_the_toolkits_variable_says_the_interval(monkeypatch):
    with ShotgridInTest() as site:
        user = ShotgunUser(Who("shotgrid", site.url, "ada"), lambda: pytest.fail("not needed"))
        for told in ("soon", "-1", "inf", "nan"):
            monkeypatch.setenv("SHOTGUN_SSO_RENEWAL_INTERVAL", told)
            with pytest.raises(errors.ConfigurationError, match="SHOTGUN_SSO_RENEWAL_INTERVAL"):
                user.start_claims_renewal()
        with pytest.raises(ValueError, match="ratio="):
            user.start_claims_renewal(2, interval=60)


def held(place: Place) -> Credential:
    found = place.plugin._current
    assert found is not None
    return found


def test_a_newer_credential_comes_before_the_old_one_ends_which_serves_until_then(sit):
    place = sit(public=False, dpop=False)
    before = held(place)
    ends = place.user.get_claims_expiration()
    assert ends == (before.expires_at or 0) / 1000
    newer = place.user.keep_good()
    assert newer.generation > before.generation
    assert newer.refresh_token != before.refresh_token
    assert held(place) == newer
    place.app.revoke(newer.refresh_token)
    with pytest.raises(errors.InteractionRequired):
        place.user.keep_good()
    assert held(place).access_token == newer.access_token
    assert place.user.current_credential().generation == newer.generation


def test_one_that_is_past_its_margin_is_renewed_once(sit, monkeypatch):
    place = sit(public=False, dpop=False)
    now = held(place).issued_at
    short = held(place)._replace(
        generation=now + 1, issued_at=now - 290_000, expires_at=now + 10_000
    )
    place.plugin.adopt(short)
    renewals, renew = [], place.plugin.renew

    async def counted(env, previous, nonce):
        renewals.append(previous.generation)
        return await renew(env, previous, nonce)

    monkeypatch.setattr(place.plugin, "renew", counted)
    first = place.user.keep_good()
    assert renewals == [short.generation]
    place.user.keep_good()
    assert renewals == [short.generation, first.generation]


def test_whoever_joins_an_early_renewal_that_fails_goes_on_with_what_is_live(sit):
    place = sit(public=False, dpop=False)
    now = held(place).issued_at

    async def flight(of, work):
        raise NotAsked("Only a person can help.")

    env = BlockingEnv(HttpxTransport(Trust(), Proxies(None, trust_env=False)))
    env.flight = flight  # type: ignore[method-assign]
    late = held(place)._replace(
        generation=now + 1, issued_at=now - 9_000_000, expires_at=now + 60_000
    )
    place.plugin.adopt(late)
    assert drive(place.plugin.credential(env, ask=False)) == late


def test_a_user_of_this_process_alone_takes_no_cache(sit):
    with pytest.raises(ValueError, match="cache="):
        sit(public=False, dpop=False).user.create_session(cache=True)
