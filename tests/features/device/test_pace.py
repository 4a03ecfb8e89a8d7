"""How many requests of devices are taken from one place, and that they are bounded in memory."""

from __future__ import annotations

import pytest

from sojourn.errors import TooOften
from sojourn.server.services.pace import BURST, INTERVAL, MOST, Pace
from sojourn.testing.clock import Clock
from tests.conformance.setting import Provider
from tests.features.device.conftest import Television, television


def test_a_program_that_runs_wild_is_told_to_wait_and_nothing_is_written_for_it(
    provider: Provider, tv: Television
):
    answers = [tv.ask().status_code for _ in range(BURST + 3)]
    assert answers == [200] * BURST + [429] * 3
    refused = tv.ask()
    assert (refused.json()["error"], refused.headers["retry-after"]) == ("slow_down", "6")
    assert television(provider).ask().status_code == 200, "another client is not held up"
    provider.clock.advance(seconds=6)
    assert [tv.ask().status_code for _ in range(2)] == [200, 429]


def test_what_is_refused_for_another_reason_costs_nothing(provider: Provider, tv: Television):
    for _ in range(2 * BURST):
        assert tv.ask(scope="nothing").status_code == 400
    assert tv.ask().status_code == 200


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(pace: Pace, name: str = "a") -> int:
    """How long to wait, in seconds; 0 where the turn was given."""
    try:
        pace.take(name)
    except TooOften as error:
        return error.retry_after
    return 0


def test_a_refusal_costs_no_turn_and_says_when_the_next_one_is(clock: Clock):
    pace = Pace(clock.now)
    assert [refused(pace) for _ in range(BURST)] == [0] * BURST
    assert {refused(pace) for _ in range(50)} == {6}
    clock.advance(INTERVAL - 1)
    assert refused(pace) == 1
    clock.advance(1)
    assert [refused(pace), refused(pace)] == [0, 6]


def test_who_waits_long_enough_has_all_turns_again_and_no_more(clock: Clock):
    pace = Pace(clock.now)
    for _ in range(BURST):
        refused(pace)
    clock.advance(10 * BURST * INTERVAL)
    assert [refused(pace) for _ in range(BURST + 1)] == [0] * BURST + [6]


def test_a_clock_that_is_set_back_locks_nobody_out():
    times = [86_400_000]
    pace = Pace(lambda: times[-1])
    for _ in range(BURST):
        refused(pace)
    times.append(0)
    assert refused(pace) == INTERVAL // 1000
    times.append(INTERVAL)
    assert refused(pace) == 0


def test_what_is_counted_is_bounded_and_the_newest_stay(clock: Clock):
    pace = Pace(clock.now)
    for _ in range(BURST):
        refused(pace, "first")
    for number in range(MOST - 1):
        refused(pace, str(number))
    assert refused(pace, "first") == 6
    for number in range(MOST):
        refused(pace, f"more {number}")
    assert len(pace._due) == MOST
    assert refused(pace, "first") == 0
