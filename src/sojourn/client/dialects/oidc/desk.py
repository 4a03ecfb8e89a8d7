"""Where a sign-in talks with the person: through the prompt that asked them, else at the terminal, else not at all. The
race of the ways stands above it; below it are the prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Event
from typing import Final, NamedTuple

from sojourn.client.env.contract import Env
from sojourn.client.prompt import terminal
from sojourn.client.prompt.contract import Answer

_TICK: Final = 0.05

NextLine = Callable[[float], str | None]


class Desk(NamedTuple):
    """`show` says something; `next_line` returns what the person typed within so many seconds, or None, and is missing
    where they cannot type; `draws` tells whether a picture of characters can be shown; `cancelled` is their no."""

    show: Callable[[str], None]
    next_line: NextLine | None = None
    draws: bool = False
    cancelled: Event | None = None

    async def line(self, env: Env) -> str:
        """Return the next line that is not empty. Raises AuthenticationCancelled."""
        assert self.next_line is not None  # noqa: S101 - who asks has looked
        while True:
            text = await env.block(self.next_line, _TICK)
            if text and text.strip():
                return text.strip()
            await env.sleep(0)


def reachable(answer: Answer | None) -> bool:
    """Tell whether there is a desk."""
    return (answer is not None and answer.show is not None) or terminal.available()


@contextmanager
def opened(answer: Answer | None) -> Iterator[Desk | None]:
    """Open the desk for one sign-in, which `answer` asked for, if a prompt did."""
    if answer is not None and answer.show is not None:
        typed = _lines(answer.typed) if answer.typed is not None else None
        draws = typed is not None and terminal.draws()
        yield Desk(answer.show, typed, draws, answer.cancelled)
    elif terminal.available():
        from sojourn.client.prompt.keyboard import Keyboard

        keyboard = Keyboard()
        with keyboard.held(echo=True):
            yield Desk(terminal.say, keyboard.line, terminal.draws())
    else:
        yield None


def _lines(typed: SimpleQueue[str]) -> NextLine:
    def next_line(patience: float) -> str | None:
        try:
            return typed.get(timeout=patience)
        except Empty:
            return None

    return next_line
