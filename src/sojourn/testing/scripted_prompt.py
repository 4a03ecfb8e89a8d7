"""A prompt whose person is a script: for tests of code that asks, without a terminal or a window. It keeps the contract
of `prompt_contract`, whose acts it plays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from typing import Any, NamedTuple, TypeVar

from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.prompt.conversation import converse
from sojourn.client.prompt.work import Work
from sojourn.errors import AuthenticationCancelled, SecondFactorRequired

T = TypeVar("T")


class Fill(NamedTuple):
    """The person answers a form; what is None they leave as it stands there."""

    password: str = ""
    host: str | None = None
    login: str | None = None
    way: Way = Way.PASSWORD
    extra: tuple[tuple[str, str], ...] = ()


class GiveCode(NamedTuple):
    """The person answers the question for a second factor."""

    code: str


class SayNo(NamedTuple):
    """The person cancels instead of answering a question."""


class CallOff(NamedTuple):
    """The person cancels while an attempt with a password runs."""


Act = Fill | GiveCode | SayNo | CallOff


class ScriptedPrompt:
    """Plays `acts` in order, one a question. `forms` is what was asked and `shown` the texts for the person."""

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts)
        self.forms: list[Form] = []
        self.shown: list[str] = []

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        return converse(self, form, attempt)

    def answer(self, form: Form, problem: str | None) -> Answer:
        self.forms.append(form)
        self.shown += filter(None, (problem,))
        act = self._next(Fill)
        return filled(form, act)

    def code(self, form: Form, asked: SecondFactorRequired) -> str:
        self.shown.append(asked.public)
        code: str = self._next(GiveCode).code
        return code

    def attempted(self, attempt: Callable[[Answer], T], answer: Answer) -> T:
        work = Work(attempt, answer._replace(show=self.shown.append))
        if self._acts and isinstance(self._acts[0], CallOff):
            self._acts.pop(0)
            work.cancelled.set()
            raise AuthenticationCancelled
        wait([work.future])
        return work.future.result()

    def _next(self, kind: type[Any]) -> Any:  # noqa: ANN401 - of that kind
        act = self._acts.pop(0) if self._acts else SayNo()
        if isinstance(act, SayNo):
            raise AuthenticationCancelled
        if not isinstance(act, kind):
            message = f"The script has {act!r} where the prompt asks for a {kind.__name__}."
            raise AssertionError(message)  # noqa: TRY004 - the test is wrong, not a type
        return act


def filled(form: Form, act: Fill) -> Answer:
    """Return what a person says who does `act` at `form`."""
    known_host = form.host or next(iter(form.recent_hosts), "")
    known_login = form.login or next(iter(form.recent_logins), "")
    host = known_host if act.host is None or form.host_fixed else act.host
    login = known_login if act.login is None or form.login_fixed else act.login
    if act.way is Way.BROWSER:
        return Answer(host, form.login or "", way=act.way)
    if not act.password:
        raise AuthenticationCancelled
    known = {field.name: field.value for field in form.extra}
    return Answer(host, login, act.password, extra={**known, **dict(act.extra)})
