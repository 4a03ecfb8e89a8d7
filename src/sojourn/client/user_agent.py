"""What the client calls itself (RFC 9110 §10.1.5). Sessions and discovery stand above it."""

from __future__ import annotations

import sys
from typing import Final

from sojourn.version import __version__

_SYSTEMS: Final = {"linux": " (Linux)", "darwin": " (macOS)", "win32": " (Windows)"}

PRODUCT: Final = (
    f"sojourn/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"
    f"{_SYSTEMS.get(sys.platform, '')}"
)
