"""The memory store keeps the contract."""

from __future__ import annotations

from pathlib import Path

from sojourn.store.contract import Store
from sojourn.store.open import open_store
from sojourn.testing.store_contract import StoreContract


class TestMemory(StoreContract):
    def open(self, folder: Path, *, blocking: bool) -> Store:
        return open_store("memory:", blocking=blocking)
