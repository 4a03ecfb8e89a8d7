"""What the client calls itself (RFC 9110 §10.1.5). Sessions and discovery stand above it."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Final

from sojourn.version import __version__

_SYSTEMS: Final = {"linux": " (Linux)", "darwin": " (macOS)", "win32": " (Windows)"}

PRODUCT: Final = (
    f"sojourn/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"
    f"{_SYSTEMS.get(sys.platform, '')}"
)

Named = tuple[str | None, str | None]


@lru_cache(maxsize=64)
def user_agent(app: Named, client: Named, additional: tuple[tuple[str, str], ...]) -> str:
    """Return the products by significance: the application, the client library, others, ours."""
    parts = [f"{name}/{version}" if version else name for name, version in (app, client) if name]
    parts += [f"{product}/{release}" for product, release in additional]
    return " ".join((*parts, PRODUCT))
