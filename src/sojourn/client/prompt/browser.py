"""The system browser: whether there is one, and how a page is opened in it. Sign-ins stand above
it; nothing of the page passes through this process (RFC 8252 §6)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_TEXT_ONLY = frozenset({"w3m", "lynx", "links", "elinks", "www-browser"})


def available(environ: Mapping[str, str]) -> bool:
    """Tell whether a browser can be expected to show a page: `$BROWSER` names one, or there is a
    desktop, and the person does not sit elsewhere (SSH)."""
    if environ.get("BROWSER"):
        return True
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return True
    return sys.platform in {"darwin", "win32"} and not environ.get("SSH_CONNECTION")


def show(url: str) -> bool:
    """Open `url` in the system browser, or in `$BROWSER`; returns whether one was started. May
    block while it runs."""
    import webbrowser

    # The library reads `$BROWSER` once in the life of a process; what it says now counts.
    variable = os.environ.get("BROWSER", "")
    named: list[str | None] = [name for name in variable.split(os.pathsep) if name]
    for name in named or [None]:
        try:
            browser = webbrowser.get(name)
        except webbrowser.Error:
            continue
        if getattr(browser, "name", "") not in _TEXT_ONLY and browser.open(url):
            return True
    return False
