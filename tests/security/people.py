"""What people do on their pages: change a password, end a session; and who is signed in."""

from __future__ import annotations

from tests.security.browser import (
    PASSWORD,
    Browser,
    hidden,
)
from tests.security.wire import Answer

NEW = "quiet long river"


def knows(browser: Browser) -> bool:
    """Whether the browser is signed in."""
    answer = browser.send("GET", f"{browser.issuer}/sessions", keep=False)
    assert answer.status in (200, 303)
    return answer.status == 200


def copied(browser: Browser, text: str = "") -> Browser:
    """The browser of somebody who has its session cookie alone."""
    thief = Browser(browser.issuer)
    thief.plant("signins", text or browser.cookie("signins"))
    return thief


def change_password(browser: Browser, **fields: str) -> Answer:
    page = browser.get(f"{browser.issuer}/password")
    form = {"current": PASSWORD, "password": NEW, "password_again": NEW}
    return browser.post(f"{browser.issuer}/password", hidden(page.text) | form | fields)


def end(browser: Browser, action: str, name: str = "") -> Answer:
    page = browser.get(f"{browser.issuer}/sessions")
    form = {"csrf": hidden(page.text)["csrf"], "action": action, "id": name}
    return browser.post(f"{browser.issuer}/sessions", form)
