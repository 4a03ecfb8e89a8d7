"""The text of an API's version as OpenStack writes it (`v3`, `3.14`, `latest`), as numbers and back.
The client's version rules and `wire.keystone` stand above it; below it is only the standard library."""

from __future__ import annotations

import re
from math import inf
from typing import Final

from sojourn.errors import Malformed

Version = tuple[float, ...]
"""Major and minor; `inf` stands for the latest."""

LATEST: Final = inf

_text = re.compile(r"v?([0-9]{1,9})(?:\.([0-9]{1,9}|latest))?").fullmatch


def parse(text: str) -> Version:
    """Return `text` as one number, as two, or as `(inf,)`; anything else raises Malformed."""
    plain = text.strip().lower()
    if plain == "latest":
        return (LATEST,)
    found = _text(plain)
    if found is None:
        raise Malformed(f"{text[:40]!r} is not a version such as v3, 3.14 or latest.")
    major, minor = found.groups()
    if minor is None:
        return (int(major),)
    return (int(major), LATEST if minor == "latest" else int(minor))


def with_minor(version: Version) -> Version:
    """Return `version` with its minor number, 0 where none was written."""
    return version if len(version) > 1 or version == (LATEST,) else (*version, 0)


def written(version: Version) -> str:
    """Return `version` as it is written: `3.14`, `latest`."""
    return ".".join("latest" if part == inf else str(int(part)) for part in version)
