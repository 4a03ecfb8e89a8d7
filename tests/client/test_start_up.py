"""What the client imports, and when: commands start often."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "msgspec", "httpx2", "httpcore2", "asyncio", "filelock", "keyring", "ssl", "http.client",
    "inspect", "dataclasses", "pathlib", "logging", "webbrowser", "apsw", "starlette", "pyreqwest",
)  # fmt: skip

READ_A_TOKEN = """
from sojourn import Accounts
assert Accounts().get().token() == "access-0"
"""


def loaded_by(code):
    report = f"\nimport sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_importing_sojourn_loads_no_http_library_and_nothing_else_heavy():
    assert loaded_by("import sojourn") == []


def test_a_stored_token_is_read_without_anything_heavy(store):
    from tests.client.small_provider import signed_in

    signed_in("https://id.example", store, lasts=3600)
    assert loaded_by(READ_A_TOKEN) == []


@pytest.mark.parametrize("name", ["Session", "AsyncSession"])
def test_the_http_library_is_loaded_by_the_first_request_and_not_before(name):
    code = f"from sojourn import {name}\n{name}()"
    assert not {"httpx2", "httpcore2", "pyreqwest", "msgspec", "keyring"} & set(loaded_by(code))


def test_every_public_name_can_be_had_and_others_are_refused():
    import sojourn

    for name in sojourn.__all__:
        assert getattr(sojourn, name)
    assert set(sojourn.__all__) <= set(dir(sojourn))
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        sojourn.Nonsense  # noqa: B018
