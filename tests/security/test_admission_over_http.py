"""security.md §6.3 over HTTP: every path to a token or by one, crossed with every state that must stop it.

Each cell is a test: the path worked, something above it died, the path refuses. What a state leaves alive is
listed with its reason, and is a test too. Below HTTP the same matrix is `test_admission_matrix`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from tests.security.browser import introspected
from tests.security.paths import IDLE, PATHS, basic_of, stay
from tests.security.states import STATES, State, scopes_removed_from_client
from tests.security.wire import request


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
