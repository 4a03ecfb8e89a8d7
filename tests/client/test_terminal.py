"""A sign-in in a real pseudo-terminal, where no browser can reach the program: the address is pasted."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

import pytest

from tests.client.test_oidc_refusals import Provider

SIGN_IN = """
import sys
from sojourn import Session
from sojourn.client.dialects.oidc import AuthorizationCode
issuer, = sys.argv[1:]
with Session(AuthorizationCode(issuer, "native", scope="openid"), trust_env=False) as session:
    print(session.get(issuer + "/r").status_code)
"""


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def follow(url):
    """Return where the provider sends a browser that goes to `url`."""
    try:
        build_opener(ProxyHandler({}), _Stay()).open(url)
    except HTTPError as error:
        with error:
            return error.headers["Location"]
    pytest.fail("the provider did not redirect")


def test_in_a_terminal_without_a_browser_the_address_is_pasted(serve, nobody):
    provider = Provider()
    provider.issuer = serve(provider.answer).url
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SIGN_IN, provider.issuer],
        stdin=keyboard,
        stderr=keyboard,
        stdout=subprocess.PIPE,
        text=True,
        close_fds=True,
    )
    os.close(keyboard)
    shown = ""
    while "paste here" not in shown:
        shown += os.read(screen, 4096).decode()
    found = re.search(r"http://\S+/auth\?\S+", shown)
    assert found
    os.write(screen, b"what do you mean?\n")
    while "Paste all of it" not in shown:
        shown += os.read(screen, 4096).decode()
    os.write(screen, follow(found[0]).encode() + b"\n")
    out, _ = process.communicate(timeout=60)
    os.close(screen)
    assert out == "200\n"
