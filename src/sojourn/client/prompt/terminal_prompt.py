"""The prompt at the terminal: plain lines, one question at a time, nothing that a dumb terminal cannot show. `choice`
stands above it; below it are the conversation, the terminal and its keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from queue import SimpleQueue
from typing import Final, TypeVar

from sojourn.client.prompt import terminal
from sojourn.client.prompt.contract import Answer, Field, Form, Way
from sojourn.client.prompt.conversation import converse
from sojourn.client.prompt.keyboard import Keyboard
from sojourn.client.prompt.refusal import refusal
from sojourn.client.prompt.wording import WAYS, title
from sojourn.client.prompt.work import Work
from sojourn.errors import AuthenticationCancelled, SecondFactorRequired

T = TypeVar("T")

_TICK: Final = 0.05


class TerminalPrompt:
    """Asks at the terminal that is the standard input; one conversation at a time."""

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        why = terminal.why_not()
        if why is not None:
            raise refusal(form.service, why)
        try:
            keyboard = Keyboard()
            with keyboard.held(echo=False):
                terminal.say(terminal.bold(terminal.clean(title(form))) + "   (Ctrl-C cancels)")
                return converse(_Lines(keyboard), form, attempt)
        except KeyboardInterrupt:  # sent by somebody else: the person's own arrives as a character
            raise AuthenticationCancelled from None


class _Lines:
    """One conversation."""

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard

    def answer(self, form: Form, problem: str | None) -> Answer:
        if problem:
            terminal.say(f"\n{terminal.clean(problem)}")
        host, login = form.host or "", form.login or ""
        if not form.host_fixed:
            host = self._chosen(form.host_label, host, form.recent_hosts)
        way = self._way(form.ways)
        if way is Way.BROWSER:
            return Answer(host, login, way=way)
        if not form.login_fixed:
            login = self._chosen(form.login_label, login, form.recent_logins)
        extra = {field.name: self._extra(field) for field in form.extra}
        whose = f" of {login}" if form.login_fixed and login else ""
        return Answer(host, login, self._secret(f"Password{whose}"), extra=extra)

    def code(self, form: Form, asked: SecondFactorRequired) -> str:
        terminal.say(f"\n{terminal.clean(asked.public)}")
        code = self._line(f"{asked.label}: ").strip()
        if not code:
            raise AuthenticationCancelled
        return code

    def attempted(self, attempt: Callable[[Answer], T], answer: Answer) -> T:
        typed: SimpleQueue[str] = SimpleQueue()
        browser = answer.way is Way.BROWSER
        with self._keyboard.held(echo=browser):
            terminal.say("" if browser else "Signing in ...")
            work = Work(attempt, answer._replace(show=terminal.say, typed=typed))
            try:
                while not wait([work.future], _TICK).done:
                    line = self._keyboard.line(0)
                    if line is not None:
                        typed.put(line)
            except BaseException:
                work.cancelled.set()
                raise
        return work.future.result()

    def _chosen(self, label: str, known: str, recent: Sequence[str]) -> str:
        """Ask for one of `recent`, by its number, or for something else."""
        known = known or (recent[0] if recent else "")
        others = [text for text in recent if text != known]
        offered = [known, *others] if others else []
        for number, text in enumerate(offered, 1):
            terminal.say(f"  {number}  {terminal.clean(text)}")
        question = f"{label}, or a number" if offered else label
        while True:
            said = _plain(self._line(f"{question} [{known}]: " if known else f"{question}: "))
            if said.isdecimal() and 1 <= int(said) <= len(offered):
                return offered[int(said) - 1]
            if said or known:
                return said or known

    def _way(self, ways: Sequence[Way]) -> Way:
        if len(ways) < 2:
            return ways[0]
        for number, way in enumerate(ways, 1):
            terminal.say(f"  {number}  {WAYS[way]}")
        while True:
            said = self._line("Sign in [1]: ").strip() or "1"
            if said.isdecimal() and 1 <= int(said) <= len(ways):
                return ways[int(said) - 1]
            terminal.say(f"Type a number from 1 to {len(ways)}.")

    def _extra(self, field: Field) -> str:
        if field.secret:
            return self._secret(field.label)
        known = f" [{field.value}]" if field.value else ""
        return _plain(self._line(f"{field.label}{known}: ")) or field.value

    def _secret(self, label: str) -> str:
        text = self._line(f"{label}: ", echo=False)
        terminal.say("")
        if not text:
            raise AuthenticationCancelled
        return text

    def _line(self, question: str, *, echo: bool = True) -> str:
        with self._keyboard.held(echo=echo):
            terminal.ask(terminal.clean(question))
            try:
                while (text := self._keyboard.line(_TICK)) is None:
                    pass
            except AuthenticationCancelled:
                terminal.say("")
                raise
        return text


def _plain(text: str) -> str:
    """Without what keys like the arrows send."""
    return "".join(character for character in text if character.isprintable()).strip()
