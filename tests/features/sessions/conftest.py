"""Opens managers on both faces and both stores, and an awaited one on a file where tasks really interleave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sojourn.server import AsyncSessionManager, SessionManager
from sojourn.testing.clock import Clock, Randomness
from tests.features.sessions.faces import Face, Insides, Waiting

Open = Callable[..., Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["blocking", "awaited"])
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    face = Face(request.param)
    yield face
    face.close()


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/sessions.db"


@pytest.fixture
def open_manager(face: Face, clock: Clock) -> Iterator[Open]:
    """Open a manager by URL, as its face has it; closed at the end."""
    opened: list[Any] = []
    randomness = Randomness()

    def opener(url: str, **chosen: Any) -> Any:
        options: dict[str, Any] = {
            "now": clock.now,
            "random": randomness.bytes,
            "issuer": "https://op.example",
        } | chosen
        manager: Any
        if face.name == "blocking":
            manager = SessionManager.open(url, **options)
        else:
            manager = Waiting(face.run(AsyncSessionManager.open(url, **options)), face.run)
        opened.append(manager)
        return manager

    yield opener
    for manager in opened:
        manager.close()


@pytest.fixture
def manager(open_manager: Open, url: str) -> Any:
    return open_manager(url)


@pytest.fixture
def awaited(clock: Clock, tmp_path: Path) -> Iterator[Insides]:
    """The parts of an awaited manager on an SQLite file, where tasks really interleave."""
    face = Face("awaited")
    inner = face.run(
        AsyncSessionManager.open(
            f"sqlite:///{tmp_path}/raced.db",
            issuer="https://op.example",
            now=clock.now,
            random=Randomness("raced").bytes,
        )
    )
    yield Insides(inner, face.run, clock)
    face.run(inner.close())
    face.close()
