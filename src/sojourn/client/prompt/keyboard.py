"""Lines that a person types at a terminal, shown or hidden, where Ctrl-C and the end of input are an answer: no. The
terminal itself edits the lines, so that a dumb one will do. The terminal prompt and the browser sign-in stand above it;
below it is termios. Ctrl-C arrives here and not as a signal, because the asking thread is seldom the main one."""

from __future__ import annotations

import atexit
import os
import select
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

from sojourn.errors import AuthenticationCancelled

_LOCAL: Final = 3
_CHARACTERS: Final = 6
_CHUNK: Final = 4096
_ESCAPE: Final = b"\x1b"
_turn: Final = threading.RLock()


class Keyboard:
    """The terminal that is the standard input. Read only inside `held`."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._typed = b""
        self._wanted: list[Any] = []
        self._no = b"\x03"

    @contextmanager
    def held(self, *, echo: bool) -> Iterator[None]:
        """Have lines shown while they are typed or not, and Ctrl-C end them; what was typed before is dropped. The
        terminal is afterwards as it was, also when the process ends meanwhile. May be nested; other threads wait."""
        with _turn:
            before = termios.tcgetattr(self._fd)
            self._wanted, self._no = _mode(before, self._fd, self._no, echo=echo)
            restore = partial(_put, self._fd, before)
            atexit.register(restore)
            try:
                self._hold()
                termios.tcflush(self._fd, termios.TCIFLUSH)
                self._typed = b""
                yield
            finally:
                restore()
                atexit.unregister(restore)
                self._wanted = before

    def line(self, patience: float | None = None) -> str | None:
        """Return the next line without its end, or None if `patience` seconds brought none.

        Raises AuthenticationCancelled for Ctrl-C, Escape alone, and the end of input.
        """
        while True:
            ready, _, _ = select.select([self._fd], [], [], patience)
            self._hold()
            if not ready:
                return None
            self._typed += self._read()
            if self._typed.endswith(b"\n"):
                line, self._typed = self._typed[:-1], b""
                if line == _ESCAPE:
                    raise AuthenticationCancelled
                return line.decode("utf-8", "replace")

    def _read(self) -> bytes:
        try:
            piece = os.read(self._fd, _CHUNK)
        except OSError as cause:  # the terminal was closed
            raise AuthenticationCancelled(detail=str(cause)) from cause
        if not piece or piece.endswith(self._no):
            raise AuthenticationCancelled
        return piece

    def _hold(self) -> None:
        """Set the mode again if it is another one: a shell sets its own when it stops and continues a program."""
        if termios.tcgetattr(self._fd) != self._wanted:
            termios.tcsetattr(self._fd, termios.TCSANOW, self._wanted)


def _mode(before: list[Any], fd: int, usual: bytes, *, echo: bool) -> tuple[list[Any], bytes]:
    """Lines, ended by Ctrl-C as well; and the character that it is here, `usual` where it is held already."""
    wanted = [*before[:_CHARACTERS], list(before[_CHARACTERS])]
    off = bytes([os.fpathconf(fd, "PC_VDISABLE")])
    characters = wanted[_CHARACTERS]
    named = bytes(characters[termios.VINTR])
    interrupt = usual if named == off else named
    characters[termios.VINTR], characters[termios.VEOL] = off, interrupt
    shown = termios.ECHO | termios.ECHONL
    wanted[_LOCAL] |= termios.ICANON | termios.ISIG
    wanted[_LOCAL] = wanted[_LOCAL] | shown if echo else wanted[_LOCAL] & ~shown
    return wanted, interrupt


def _put(fd: int, mode: list[Any]) -> None:
    with suppress(termios.error):  # the terminal was closed
        termios.tcsetattr(fd, termios.TCSANOW, mode)
