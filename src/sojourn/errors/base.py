"""The root of the tree, and what both halves raise of bad text and bad configuration.

The whole tree is drawn in the package.
"""

from __future__ import annotations

from typing import ClassVar


class SojournError(Exception):
    """Base of all. `text` is public, `detail` stays in this process."""

    text: ClassVar[str] = "Something went wrong."

    def __init__(self, text: str | None = None, *, detail: str = "") -> None:
        self.public = text or type(self).text
        self.detail = detail
        super().__init__(self.public)


class Malformed(SojournError, ValueError):
    text = "The text breaks its grammar."


class UnknownKey(Malformed):
    text = "No known key verifies the token."


class ConfigurationError(SojournError, ValueError):
    text = "The configuration is wrong."
