"""The terminal: whether a person sits at it, how to tell them something, and what it can show. Prompts and sign-ins
stand above it. What is said goes to the error stream, so that output stays clean for programs."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def available() -> bool:
    """Tell whether a person can read what is said and answer."""
    return why_not() is None


def why_not() -> str | None:
    """Return why nobody can be asked at the terminal, as half a sentence; None if somebody can."""
    if not _is_terminal(sys.stdin):
        return "the standard input is not a terminal"
    if not _is_terminal(sys.stderr):
        return "the standard error, where questions go, is not a terminal"
    if _in_background(sys.stdin.fileno()):
        return "the program runs in the background of its terminal"
    return None


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _in_background(fd: int) -> bool:
    try:
        return os.tcgetpgrp(fd) != os.getpgrp()
    except OSError:  # not this program's own terminal, which then cannot stop it
        return False


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


def ask(text: str) -> None:
    """Show `text` to the person, who answers behind it."""
    print(text, end="", file=sys.stderr, flush=True)


def clean(text: str) -> str:
    """Return `text`, which others wrote, without what would steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def bold(text: str) -> str:
    """Return `text` as what stands out, where the terminal can."""
    return f"\033[1m{text}\033[0m" if draws() else text
