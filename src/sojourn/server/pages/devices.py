"""The naming of a device by what its browser says of itself. The views stand above it; below it is nothing."""

from __future__ import annotations

from msgspec import Struct


class Device(Struct, frozen=True, kw_only=True):
    """A device as its user agent describes it. Empty `browser` or `system`: not known. `kind`:
    phone, computer, terminal.
    """

    browser: str = ""
    system: str = ""
    kind: str = "computer"


# Order matters: a later product quotes the names of earlier ones (Edge says Chrome, Chrome says
# Safari).
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("sojourn/", "Sojourn"),
    ("curl/", "curl"),
    ("python-", "Python"),
    ("Python/", "Python"),
)
SYSTEMS = (
    ("iPhone", "iPhone", "phone"),
    ("iPad", "iPad", "phone"),
    ("Android", "Android", "phone"),
    ("CrOS", "ChromeOS", "computer"),
    ("Windows", "Windows", "computer"),
    ("Macintosh", "macOS", "computer"),
    ("macOS", "macOS", "computer"),
    ("Linux", "Linux", "computer"),
    ("FreeBSD", "FreeBSD", "computer"),
)
TERMINALS = frozenset({"Sojourn", "curl", "Python"})


def device_of(user_agent: str) -> Device:
    """Name a device from a `User-Agent` field (RFC 9110 §10.1.5). Only names from our tables come
    out, never the field's.
    """
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system, kind = next(
        ((name, kind) for mark, name, kind in SYSTEMS if mark in user_agent), ("", "computer")
    )
    return Device(browser=browser, system=system, kind="terminal" if browser in TERMINALS else kind)
