"""A person with a real Chromium, for sign-ins at Sojourn's own pages. Run as `$BROWSER`; who they are is in
`PERSON_LOGIN` and `PERSON_PASSWORD`. Opens the address it is given, does what the pages ask, and ends where
the server sends it.
"""

from __future__ import annotations

import os
import sys

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 60_000


def sign_in(page: Page) -> None:
    """Fill in the sign-in page, and say yes."""
    page.get_by_label("User name", exact=True).fill(os.environ["PERSON_LOGIN"])
    page.get_by_label("Password", exact=True).fill(os.environ["PERSON_PASSWORD"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow", exact=True).click()
    page.wait_for_url("**/callback?*")


def visit(url: str) -> None:
    """Go to `url` with a browser that knows nobody yet."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        sign_in(page)
        browser.close()


if __name__ == "__main__":
    visit(sys.argv[1])
