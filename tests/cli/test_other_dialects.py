"""A dialect that another package brings: its accounts are kept, used and ended as all others are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.client.servers import Received, Server, ok

PACKAGES = Path(__file__).parents[1] / "peers" / "turnstile_dialect"


class Gate:
    """Gives out passes for the key, and lets in whoever shows a live one."""

    def __init__(self) -> None:
        self.live: set[str] = set()

    def answer(self, received: Received):
        if received.target == "/pass" and received.method == "POST":
            if received.body != b"hush":
                return ok("no", 403)
            self.live.add(f"pass-{len(self.live)}")
            return ok({"pass": f"pass-{len(self.live) - 1}"})
        if received.target == "/pass":
            self.live.discard(received.body.decode())
            return ok()
        return ok("in") if received.headers.get("x-pass") in self.live else ok("no", 401)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def at(gate):
    with Server(gate.answer) as server:
        yield server.url


def test_its_accounts_are_kept_used_renewed_and_ended(tmp_path, gate, at):
    cli = Cli(tmp_path, PYTHONPATH=str(PACKAGES))
    login = ("login", at, "--kind", "turnstile", "--key-file", "-")
    assert cli(*login, said="wrong\n").code == 4
    assert cli.good(*login, said="hush\n").out == f"Signed in: gate at {at[7:]}\n"
    assert cli.good("get", "/door").out == '"in"'
    gate.live.clear()
    assert cli.good("get", "/door").out == '"in"'
    assert cli.good("whoami", "--json").json["sub"] == "gate"
    assert cli.good("status", "--json").json["stored"][0]["kind"] == "turnstile"
    cli.good("logout")
    assert gate.live == set()


def test_without_its_package_an_account_says_what_is_missing_and_stays(tmp_path, at):
    cli = Cli(tmp_path, PYTHONPATH=str(PACKAGES))
    cli.good("login", at, "--kind", "turnstile", "--key-file", "-", said="hush\n")
    without = Cli(tmp_path)("get", "/door")
    assert without.code == 8
    assert "'turnstile'" in without.err
    assert "installed" in without.err
    assert cli.good("get", "/door").out == '"in"'
