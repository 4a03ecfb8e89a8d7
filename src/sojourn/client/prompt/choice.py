"""Which prompt asks: a dialog where the program has windows, else the terminal, else nobody. Whoever needs a person
stands above it; the prompts are below, imported when it is known which one it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sojourn.client import gui_thread
from sojourn.client.prompt import terminal
from sojourn.client.prompt.contract import Answer, Form, Prompt
from sojourn.client.prompt.refusal import refusal

T = TypeVar("T")


class DefaultPrompt:
    """Asks by whatever is at hand at that moment; raises InteractionRequired where nothing is."""

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        return chosen(form.service).ask(form, attempt)


def chosen(service: str) -> Prompt:
    """Return the prompt that can reach a person now. Raises InteractionRequired, which tells `service`, why, and what
    to do."""
    if gui_thread.application() is not None:
        from sojourn.client.prompt.qt.prompt import QtPrompt

        return QtPrompt()
    why = terminal.why_not()
    if why is not None:
        raise refusal(service, f"the program has no window, and {why}")
    from sojourn.client.prompt.terminal_prompt import TerminalPrompt

    return TerminalPrompt()
