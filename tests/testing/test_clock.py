"""Time and randomness that a test holds in its hand."""

from __future__ import annotations

import pytest

from sojourn.testing.clock import START, Clock, Randomness


def test_a_clock_stands_still_until_it_is_moved() -> None:
    clock = Clock()
    assert clock.now() == clock.now() == START
    assert clock.advance(5) == START + 5
    assert clock.advance(seconds=1.5) == START + 1505
    assert clock.advance(1, seconds=1) == clock.now() == START + 2506


def test_a_clock_does_not_go_back() -> None:
    clock = Clock(100)
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    assert clock.now() == 100


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    one, same, other = Randomness(1), Randomness(1), Randomness("1")
    drawn = [one.bytes(16) for _ in range(100)]
    assert [same.bytes(16) for _ in range(100)] == drawn
    assert len(set(drawn)) == 100
    assert not set(drawn) & {other.bytes(16) for _ in range(100)}
    assert [len(one.bytes(n)) for n in (0, 1, 32, 1000)] == [0, 1, 32, 1000]
