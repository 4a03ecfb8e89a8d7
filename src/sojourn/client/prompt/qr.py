"""A QR code for the terminal (ISO/IEC 18004): two of its dots to a character, dark on light whatever the terminal's
colours are. Sign-ins stand above it; below it is the library that works out the dots."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Final

_BORDER: Final = 2
_DARK_ON_LIGHT: Final = "\033[38;5;16;48;5;231m"
_PLAIN: Final = "\033[0m"
_HALVES: Final = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}

_colours = re.compile(r"\033\[[0-9;]*m")


def drawn(text: str) -> str:
    """Return a picture of `text`, line by line."""
    import segno

    code = segno.make(text, error="l", micro=False)
    rows = [[int(bool(dot)) for dot in row] for row in code.matrix_iter(border=_BORDER)]
    blank = [0] * len(rows[0])
    lines = (
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip_longest(rows[::2], rows[1::2], fillvalue=blank)
    )
    return "\n".join(f"{_DARK_ON_LIGHT}{line}{_PLAIN}" for line in lines)


def width(picture: str) -> int:
    """Return how many columns a picture takes."""
    return max(len(_colours.sub("", line)) for line in picture.splitlines())
