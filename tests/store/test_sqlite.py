"""The SQLite store keeps the contract, grouped and blocking."""

from __future__ import annotations

from pathlib import Path

from sojourn.store.contract import Store
from sojourn.store.open import open_store
from sojourn.testing.store_contract import StoreContract


class TestSQLite(StoreContract):
    def open(self, folder: Path, *, blocking: bool) -> Store:
        return open_store(f"sqlite:///{folder}/store.db", blocking=blocking)
