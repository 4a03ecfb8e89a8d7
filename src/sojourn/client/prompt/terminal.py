"""The terminal: whether a person sits at it, how to tell them something, and one line of theirs
that can be given up waiting for. Sign-ins stand above it. What is said goes to the error stream, so
that output stays clean for programs."""

from __future__ import annotations

import os
import select
import sys
from typing import Final

from sojourn.client.env.contract import Env

_TICK: Final = 0.05
_LONGEST: Final = 8192


def available() -> bool:
    """Tell whether a person can read what is said and answer."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def draws() -> bool:
    """Tell whether the person's terminal shows block characters and colours."""
    stream = sys.stderr
    if stream is None or stream.closed or not stream.isatty():
        return False
    return (stream.encoding or "").lower().replace("-", "") == "utf8" and not (
        os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    )


def fits(columns: int) -> bool:
    """Tell whether a line of so many columns fits."""
    import shutil

    return columns <= shutil.get_terminal_size().columns


def say(text: str) -> None:
    """Show `text` to the person."""
    print(text, file=sys.stderr, flush=True)


async def line(env: Env) -> str:
    """Return the next line that the person types; waits for ever after the end of input."""
    while True:
        ready, _, _ = await env.block(select.select, [sys.stdin], [], [], _TICK)
        text = sys.stdin.readline(_LONGEST) if ready else ""
        if text.strip():
            return text.strip()
        await env.sleep(_TICK)
