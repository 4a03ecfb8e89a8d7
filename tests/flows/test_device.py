"""A person approves in Chromium, with or without script, while the real command line waits; and npm openid-client runs
its device flow against our server.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from sojourn.model.client import Client
from sojourn.testing.server import ServerInTest
from sojourn.wire.device import GRANT
from tests.cli.conftest import PATIENCE, SOJOURN, bare
from tests.flows.test_openid_client import openid_client

pytestmark = [pytest.mark.browser]


class Waiting:
    """`sojourn login --device --json` as a process, and what it shows."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stderr is not None
        self.shown: dict[str, Any] = json.loads(process.stderr.readline())

    def ends(self) -> tuple[int, str, str]:
        out, err = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, out, err


@contextmanager
def waiting(server: ServerInTest, home: Path) -> Iterator[Waiting]:
    command = [SOJOURN, "login", server.issuer, "--device", "--json", "--name", "box"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=bare(home), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield Waiting(process)
        finally:
            process.kill()


def token(home: Path) -> str:
    done = subprocess.run(
        [SOJOURN, "token"], env=bare(home), capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_person_types_the_code_and_the_command_line_is_signed_in(
    server, sit, ada, tmp_path, script
):
    person = sit(script=script)
    with waiting(server, tmp_path) as box:
        assert set(box.shown) == {
            "verification_uri",
            "verification_uri_complete",
            "user_code",
            "expires_in",
        }
        person.goes_to(box.shown["verification_uri"])
        person.reads("Connect a device")
        person.writes("Code", box.shown["user_code"].lower().replace("-", ""))
        person.presses("Continue")
        person.signs_in(ada)
        person.reads("Let Sojourn command line on your device act for you?")
        person.sees(box.shown["user_code"])
        person.sees("Sojourn on Linux")
        person.presses("Allow")
        person.reads("Your device is connected")
        code, out, err = box.ends()
    assert (code, err) == (0, "")
    account = json.loads(out)
    assert (account["name"], account["issuer"]) == ("box", server.issuer)
    assert "account" in account["scope"].split()
    assert token(tmp_path).startswith("sj_a_")
    person.follows("Go to My sessions")
    person.sees("Sojourn command line")
    person.presses("End access for Sojourn command line")
    person.sees("lost its access")


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_a_person_says_no_with_the_keyboard_alone_and_the_command_line_says_so(
    server, sit, ada, tmp_path
):
    person = sit(color_scheme="dark", viewport={"width": 375, "height": 740})
    person.goes_to("/sessions")
    person.signs_in(ada)
    with waiting(server, tmp_path) as box:
        person.goes_to(box.shown["verification_uri_complete"])
        expect(person.page.get_by_label("Code")).to_be_focused()
        person.page.keyboard.press("Enter")
        person.reads("Let Sojourn command line on your device act for you?")
        for _ in range(20):
            person.page.keyboard.press("Tab")
            if person.page.evaluate("document.activeElement.value") == "deny":
                break
        person.page.keyboard.press("Enter")
        person.reads("The device was told no")
        code, out, err = box.ends()
    assert (code, out) == (4, "")
    assert "did not agree" in err


@pytest.mark.peer
@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_openid_client_waits_for_a_person_and_gets_its_tokens(server, sit, ada):
    server.add_client(
        Client(
            client_id="peer",
            client_name="Peer",
            grant_types=(GRANT, "refresh_token"),
            scope=("openid", "profile", "offline_access"),
            token_endpoint_auth_method="none",
        )
    )
    person = sit()
    with openid_client() as peer:
        peer.tell(
            issuer=server.issuer,
            client_id="peer",
            auth="none",
            flow="device",
            scope="openid profile offline_access",
        )
        told = peer.hear("device")["answer"]
        person.goes_to(told["verification_uri_complete"])
        person.presses("Continue")
        person.signs_in(ada)
        person.presses("Allow")
        person.reads("Your device is connected")
        approved = peer.hear("approved")
        assert approved["claims"]["aud"] == "peer"
        assert peer.hear("userinfo")["claims"]["name"] == "Ada Lovelace"
        assert peer.hear("refresh")["rotated"]
        assert peer.hear("introspect")["skipped"]
        assert peer.hear("revoke")["revoked"]
