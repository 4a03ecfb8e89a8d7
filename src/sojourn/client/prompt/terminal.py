"""The terminal: whether a person sits at it, how to tell them something, and one line of theirs
that can be given up waiting for. Sign-ins stand above it. What is said goes to the error stream, so
that output stays clean for programs."""

from __future__ import annotations

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
