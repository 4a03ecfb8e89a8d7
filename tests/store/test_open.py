"""A URL names a store, or is refused with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from sojourn.driver import drive
from sojourn.errors import ConfigurationError
from sojourn.store.open import open_store
from sojourn.testing.store_contract_desk import record_of


def test_flags_say_what_a_store_promises(tmp_path: Path) -> None:
    memory = open_store("memory:", blocking=True)
    assert (memory.shared, memory.durable) == (False, False)
    for blocking in (True, False):
        sqlite = open_store(f"sqlite:///{tmp_path}/{blocking}.db", blocking=blocking)
        assert (sqlite.shared, sqlite.durable) == (False, True)


def test_a_relative_url_is_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    drive(open_store("sqlite:///data/my%20store%3F.db", blocking=True).close())
    assert (tmp_path / "data" / "my store?.db").is_file()


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("", "memory:, sqlite:///FILE"),
        ("/var/lib/sojourn.db", "sqlite:///FILE"),
        ("sqlite", "sqlite:///FILE"),
        ("postgers://localhost/x", "'postgers' is installed. Known here: memory:, sqlite:///FILE"),
        ("memory:x", "just memory:"),
        ("memory:?size=3", "just memory:"),
        ("memory://", "just memory:"),
        ("sqlite:", "sqlite:///FILE"),
        ("sqlite:store.db", "sqlite:///FILE"),
        ("sqlite://store.db", "sqlite:///FILE"),
        ("sqlite:///", "sqlite:///FILE"),
        ("sqlite:////var/", "sqlite:///FILE"),
        ("sqlite:///a%00b", "sqlite:///FILE"),
        ("sqlite:///a.db?timeout=3&cache=9", "no options (timeout, cache)"),
        ("SQLITE:///a.db", "'SQLITE'"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused_with_what_would_be(url: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        open_store(url, blocking=True)
    assert hint in str(refusal.value)


def test_an_installed_package_adds_a_scheme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "their_store-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: their-store\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[sojourn.stores]\ntheirs = their_store:opened\n")
    (tmp_path / "their_store.py").write_text(
        "from sojourn.store.memory import MemoryStore\n"
        "def opened(url, *, blocking):\n"
        "    assert url == 'theirs://host/name?size=3' and blocking\n"
        "    return MemoryStore()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    store = open_store("theirs://host/name?size=3", blocking=True)
    drive(store.put(record_of("t")))
    assert drive(store.get(record_of("t").key)) == record_of("t")
    with pytest.raises(ConfigurationError, match="theirs:"):
        open_store("others:", blocking=True)
