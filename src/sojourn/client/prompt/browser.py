"""The system browser: whether there is one, and how a page is opened in it. Sign-ins stand above
it; nothing of the page passes through this process (RFC 8252 §6)."""

from __future__ import annotations

import sys
from collections.abc import Mapping

_TEXT_ONLY = frozenset({"w3m", "lynx", "links", "elinks", "www-browser"})


def available(environ: Mapping[str, str]) -> bool:
    """Tell whether a browser can be expected to show a page: `$BROWSER` names one, or there is a
    desktop."""
    if environ.get("BROWSER"):
        return True
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def show(url: str) -> bool:
    """Open `url` in the system browser, or in `$BROWSER`; returns whether one was started. May
    block while it runs."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if getattr(browser, "name", "") in _TEXT_ONLY:
        return False
    return browser.open(url)
