"""A person at a browser: what they read and press on the server's pages, in their words."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

PASSWORD = "an otter sleeps afloat"
OTHER_PASSWORD = "herons stand on one leg"


class Person:
    """Somebody who uses the pages as their labels say. `page` is the tab they look at."""

    def __init__(self, page: Page, issuer: str) -> None:
        self.page = page
        self.issuer = issuer

    @property
    def heading(self) -> str:
        """What the page is called."""
        return self.page.locator("h1").inner_text()

    def goes_to(self, url: str) -> None:
        """Open an address; a path is one of the server's."""
        self.page.goto(url if "://" in url else f"{self.issuer}{url}")

    def sees(self, text: str) -> None:
        """Fail unless the text is on the page."""
        expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible()

    def reads(self, heading: str) -> None:
        """Fail unless the page is called this."""
        expect(self.page.locator("h1")).to_have_text(heading)

    def presses(self, name: str) -> None:
        """Press a button by its words."""
        self.page.get_by_role("button", name=name).first.click()

    def follows(self, name: str) -> None:
        """Follow a link by its words."""
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def writes(self, label: str, text: str) -> None:
        """Fill in a field by its label."""
        self.page.get_by_label(label, exact=True).fill(text)

    def signs_in(self, login: str, password: str = PASSWORD) -> None:
        """Fill in and send the sign-in page."""
        self.writes("User name", login)
        self.writes("Password", password)
        self.presses("Sign in")

    def device(self, *, this: bool) -> Locator:
        """The first live card of My sessions, that of this device or of another one."""
        chosen = self.page.locator(
            "article.device.current" if this else "article.device:not(.current):not(.ended)"
        )
        return chosen.first

    def is_led_to(self, identifier: str) -> None:
        """Fail unless the focus goes to the element with this id; without script there is no knowing."""
        expect(self.page.locator(f"#{identifier}")).to_be_focused()
