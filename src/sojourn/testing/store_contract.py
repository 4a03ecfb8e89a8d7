"""The conformance suite of stores, published: a backend is a store when its subclass of
`StoreContract` passes. `tests` and other packages stand above it; below are the four files of
cases.

    from sojourn.testing.store_contract import StoreContract

    class TestMine(StoreContract):
        def open(self, folder, *, blocking):
            return open_store(f"mine://localhost/{folder.name}", blocking=blocking)

Each case runs on both faces, and a third of the cases have many callers at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "sojourn.testing.store_contract_crowds",
    "sojourn.testing.store_contract_finds",
    "sojourn.testing.store_contract_races",
    "sojourn.testing.store_contract_writes",
)

from sojourn.store.contract import Store  # noqa: E402 - the cases must be imported after the lines above
from sojourn.testing.store_contract_crowds import CrowdCases  # noqa: E402
from sojourn.testing.store_contract_desk import AsyncFace, BlockingFace, Desk, Face  # noqa: E402
from sojourn.testing.store_contract_finds import FindCases  # noqa: E402
from sojourn.testing.store_contract_races import RaceCases  # noqa: E402
from sojourn.testing.store_contract_writes import WriteCases  # noqa: E402


class StoreContract(WriteCases, FindCases, RaceCases, CrowdCases, ABC):
    """Inherit, say how to open a store, and run pytest."""

    @abstractmethod
    def open(self, folder: Path, *, blocking: bool) -> Store:
        """Return the store that belongs to `folder`: empty at first, the same records again if it
        is durable.
        """

    @pytest.fixture(params=["blocking", "async"])
    def face(self, request: pytest.FixtureRequest) -> Iterator[Face]:
        """How this case drives the store."""
        face: Face = BlockingFace() if request.param == "blocking" else AsyncFace()
        yield face
        face.close()

    @pytest.fixture
    def desk(self, tmp_path: Path, face: Face) -> Iterator[Desk]:
        """An empty store."""
        desk = Desk(self.open(tmp_path, blocking=face.blocking), face)
        yield desk
        desk.close()

    @pytest.fixture
    def reopen(self, tmp_path: Path, face: Face, desk: Desk) -> Iterator[Callable[[], Desk]]:
        """Close the case's store and open it anew."""
        if not desk.store.durable:
            pytest.skip("this store does not outlive its process")
        opened: list[Desk] = []

        def again() -> Desk:
            desk.close()
            opened.append(Desk(self.open(tmp_path, blocking=face.blocking), face))
            return opened[-1]

        yield again
        for other in opened:
            other.close()
