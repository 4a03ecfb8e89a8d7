"""The pool of randomness gives each byte once: to one thread, in one process."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn.server.services.randomness import POOL, SystemRandom


@pytest.mark.parametrize("count", [0, 1, 16, POOL - 1, POOL, POOL + 1, 3 * POOL])
def test_as_many_bytes_come_as_were_asked_for(count: int):
    random = SystemRandom()
    assert [len(random(count)) for _ in range(5)] == [count] * 5


def test_no_draw_repeats_another():
    random = SystemRandom()
    drawn = [random(16) for _ in range(10 * POOL // 16)]
    assert len(set(drawn)) == len(drawn)


def test_threads_never_draw_the_same():
    random = SystemRandom()
    with ThreadPoolExecutor(8) as pool:
        drawn = [
            one
            for some in pool.map(lambda _: [random(16) for _ in range(2_000)], range(8))
            for one in some
        ]
    assert len(set(drawn)) == len(drawn) == 16_000


def test_a_forked_process_draws_from_a_pool_of_its_own():
    random = SystemRandom()
    random(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random(64))
        os._exit(0)
    os.close(writing)
    theirs = os.read(reading, 64)
    os.close(reading)
    os.waitpid(child, 0)
    assert len(theirs) == 64
    assert random(64) != theirs
