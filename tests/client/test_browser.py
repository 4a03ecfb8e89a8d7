"""Which program a page is opened in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sojourn.client.prompt import browser

WRITER = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"


def writer(folder: Path, name: str) -> str:
    """A `$BROWSER` that writes the address it is given into a file."""
    script = folder / f"{name}.py"
    script.write_text(WRITER)
    return f"{sys.executable} {script} {folder / name} %s"


def test_the_browser_that_the_variable_names_now_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("one", "two"):
        monkeypatch.setenv("BROWSER", writer(tmp_path, name))
        assert browser.show(f"https://id.example/{name}")
        assert (tmp_path / name).read_text() == f"https://id.example/{name}"


def test_the_next_one_named_is_used_where_the_first_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BROWSER", f"no-such-browser:{writer(tmp_path, 'one')}")
    assert browser.show("https://id.example/")
    assert (tmp_path / "one").exists()
