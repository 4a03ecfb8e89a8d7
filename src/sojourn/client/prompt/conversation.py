"""How every prompt goes on until somebody is signed in: ask, attempt, tell what was wrong, ask for a second factor.
Prompts stand above it and say only how each step looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sojourn.client.prompt.contract import Answer, Form
from sojourn.errors import AuthenticationError, SecondFactorRequired

T = TypeVar("T")


class Face(Protocol):
    """How one prompt looks. Every step raises AuthenticationCancelled when the person says no."""

    def answer(self, form: Form, problem: str | None) -> Answer:
        """Ask for all that `form` leaves open; `problem` is why the last answer was not good."""

    def code(self, form: Form, asked: SecondFactorRequired) -> str:
        """Ask for a second factor."""

    def attempted(self, attempt: Callable[[Answer], T], answer: Answer) -> T:
        """Return what `attempt` returns, and keep the person company meanwhile."""


def converse(face: Face, form: Form, attempt: Callable[[Answer], T]) -> T:
    """Return what `attempt` returns for an answer that is good. Raises whatever else than an AuthenticationError it
    raises, and AuthenticationCancelled."""
    problem = None
    while True:
        answer = face.answer(form, problem)
        try:
            return _proven(face, form, attempt, answer)
        except AuthenticationError as error:
            problem = error.public
            form = _kept(form, answer)


def _proven(face: Face, form: Form, attempt: Callable[[Answer], T], answer: Answer) -> T:
    while True:
        try:
            return face.attempted(attempt, answer)
        except SecondFactorRequired as asked:
            answer = answer._replace(code=face.code(form, asked))


def _kept(form: Form, answer: Answer) -> Form:
    """What was said stands there again, but for what is secret."""
    return form._replace(
        host=answer.host or form.host,
        login=answer.login or form.login,
        extra=tuple(
            field
            if field.secret
            else field._replace(value=answer.extra.get(field.name, field.value))
            for field in form.extra
        ),
    )
