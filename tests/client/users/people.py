"""Persons who are asked: each answers as a test says, from whatever thread, and counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.errors import AuthenticationCancelled, AuthenticationError

T = TypeVar("T")


class Asked:
    """A prompt at which somebody sits who types `passwords` one after the other, by login where it is a mapping, and
    then gives up. `forms` is what was asked and `problems` what was said of a refused answer.

    With `begin` they wait before each answer until it is set.
    """

    def __init__(
        self,
        *passwords: str | Mapping[str, str],
        host: str = "",
        login: str = "",
        way: Way = Way.PASSWORD,
        begin: threading.Event | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.forms: list[Form] = []
        self.problems: list[str] = []
        self.asking = threading.Event()
        self._passwords = list(passwords)
        self._host, self._login, self._way = host, login, way
        self._extra = extra or {}
        self.begin = begin
        self._lock = threading.Lock()

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        self.forms.append(form)
        while True:
            answer = self._answer(form)
            try:
                return attempt(answer)
            except AuthenticationError as error:
                self.problems.append(error.public)

    def _answer(self, form: Form) -> Answer:
        self.asking.set()
        if self.begin is not None:
            assert self.begin.wait(30)
        with self._lock:
            if not self._passwords:
                raise AuthenticationCancelled
            typed = self._passwords.pop(0)
        host = form.host or "" if form.host_fixed or not self._host else self._host
        login = form.login or "" if form.login_fixed or not self._login else self._login
        password = typed if isinstance(typed, str) else typed[login]
        return Answer(host, login, password, way=self._way, extra=self._extra)


class Nobody:
    """A prompt that must not be used."""

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        raise AssertionError(f"{form} was asked")
