# ruff: noqa: S101 - a case asserts
"""The contract of prompts: the cases. `prompt_contract` stands above it, the acts of a person below."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import pytest

from sojourn.client.prompt.contract import Answer, Field, Form, Way
from sojourn.client.prompt.work import started
from sojourn.errors import (
    AuthenticationCancelled,
    AuthenticationError,
    ConnectFailure,
    SecondFactorRequired,
)
from sojourn.testing.scripted_prompt import Act, CallOff, Fill, GiveCode, SayNo

T = TypeVar("T")
Ask = Callable[..., Any]

LIMIT: Final = 20.0
"""Seconds after which a conversation counts as stuck."""

FORM: Final = Form("Studio", host="studio.example", login="ada")
BOTH: Final = FORM._replace(ways=(Way.PASSWORD, Way.BROWSER))
RENEWAL: Final = FORM._replace(host_fixed=True, login_fixed=True)


class Attempts:
    """An attempt that answers what it is told to, and keeps what it was called with."""

    def __init__(self, *outcomes: object) -> None:
        self._outcomes = list(outcomes)
        self.answers: list[Answer] = []

    def __call__(self, answer: Answer) -> object:
        self.answers.append(answer)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class PromptCases(ABC):
    """What every prompt must do."""

    @abstractmethod
    def conversation(
        self, form: Form, attempt: Callable[[Answer], T], acts: Sequence[Act]
    ) -> T: ...

    @abstractmethod
    def shown(self) -> str: ...

    @abstractmethod
    def meanwhile(self, done: Future[Any]) -> None: ...

    def _until_shown(self, text: str) -> None:
        pause = threading.Event()
        for _ in range(int(LIMIT / 0.01)):
            if text in self.shown():
                return
            pause.wait(0.01)
        pytest.fail(f"{text!r} was not shown")

    def test_what_the_person_says_is_attempted_and_the_outcome_returned(self, ask: Ask) -> None:
        attempt = Attempts("a credential")
        act = Fill("s3cret ü", host="other.example", login="grace")
        assert ask(FORM, attempt, act) == "a credential"
        (answer,) = attempt.answers
        assert answer[:5] == ("other.example", "grace", "s3cret ü", None, Way.PASSWORD)

    def test_what_is_known_stays_if_the_person_leaves_it(self, ask: Ask) -> None:
        attempt = Attempts("done")
        ask(FORM, attempt, Fill("s3cret"))
        assert attempt.answers[0][:3] == ("studio.example", "ada", "s3cret")

    def test_a_recent_host_and_login_are_offered_and_the_last_one_stands_there(
        self, ask: Ask
    ) -> None:
        form = Form("Studio", recent_hosts=("b.example", "a.example"), recent_logins=("ada", "bob"))
        attempt = Attempts("done")
        ask(form, attempt, Fill("s3cret"))
        assert attempt.answers[0][:3] == ("b.example", "ada", "s3cret")

    def test_a_renewal_asks_for_the_password_alone(self, ask: Ask) -> None:
        attempt = Attempts("done")
        ask(RENEWAL, attempt, Fill("s3cret"))
        assert attempt.answers[0][:3] == ("studio.example", "ada", "s3cret")
        assert "ada" in self.shown()

    def test_a_refusal_is_told_and_the_rest_is_kept(self, ask: Ask) -> None:
        attempt = Attempts(AuthenticationError("That is not your password."), "done")
        first = Fill("wrong one", host="other.example", login="grace")
        assert ask(FORM, attempt, first, Fill("s3cret")) == "done"
        assert attempt.answers[1][:4] == ("other.example", "grace", "s3cret", None)
        assert "That is not your password." in self.shown()

    def test_a_second_factor_is_asked_for_and_completes_the_same_answer(self, ask: Ask) -> None:
        attempt = Attempts(SecondFactorRequired("Look at your telephone."), "done")
        assert ask(FORM, attempt, Fill("s3cret"), GiveCode("123456")) == "done"
        assert attempt.answers[1][:4] == ("studio.example", "ada", "s3cret", "123456")
        assert "Look at your telephone." in self.shown()

    def test_a_code_that_is_not_good_is_asked_for_again(self, ask: Ask) -> None:
        wanted = SecondFactorRequired("Look at your telephone.")
        attempt = Attempts(wanted, SecondFactorRequired("That was an old one."), "done")
        assert ask(FORM, attempt, Fill("s3cret"), GiveCode("1"), GiveCode("2")) == "done"
        assert [answer.code for answer in attempt.answers] == [None, "1", "2"]
        assert "That was an old one." in self.shown()

    def test_a_refusal_after_the_code_begins_anew(self, ask: Ask) -> None:
        refused = AuthenticationError("Too many codes.")
        attempt = Attempts(SecondFactorRequired(), refused, "done")
        assert ask(FORM, attempt, Fill("s3cret"), GiveCode("1"), Fill("again")) == "done"
        assert (attempt.answers[2].password, attempt.answers[2].code) == ("again", None)

    def test_any_other_error_ends_the_asking(self, ask: Ask) -> None:
        with pytest.raises(ConnectFailure, match="Nobody is there"):
            ask(FORM, Attempts(ConnectFailure("Nobody is there.")), Fill("s3cret"))

    def test_no_at_the_form_attempts_nothing(self, ask: Ask) -> None:
        attempt = Attempts()
        with pytest.raises(AuthenticationCancelled):
            ask(FORM, attempt, SayNo())
        assert not attempt.answers

    def test_no_at_the_second_factor_ends_the_asking(self, ask: Ask) -> None:
        attempt = Attempts(SecondFactorRequired())
        with pytest.raises(AuthenticationCancelled):
            ask(FORM, attempt, Fill("s3cret"), SayNo())
        assert len(attempt.answers) == 1

    def test_no_after_a_refusal_ends_the_asking(self, ask: Ask) -> None:
        with pytest.raises(AuthenticationCancelled):
            ask(FORM, Attempts(AuthenticationError()), Fill("wrong one"), SayNo())

    def test_an_attempt_is_called_off_and_knows_it(self, ask: Ask) -> None:
        knew, over = threading.Event(), threading.Event()

        def attempt(answer: Answer) -> None:
            assert answer.cancelled is not None
            assert answer.cancelled.wait(LIMIT)
            knew.set()
            assert over.wait(LIMIT)

        with pytest.raises(AuthenticationCancelled):
            ask(FORM, attempt, Fill("s3cret"), CallOff())
        over.set()
        assert knew.wait(LIMIT)

    def test_who_said_no_can_be_asked_again(self, ask: Ask) -> None:
        with pytest.raises(AuthenticationCancelled):
            ask(FORM, Attempts(), SayNo())
        assert ask(FORM, Attempts("done"), Fill("s3cret")) == "done"

    def test_the_browser_asks_for_the_password_itself(self, ask: Ask) -> None:
        def attempt(answer: Answer) -> Answer:
            assert answer.show is not None
            answer.show("Go to idp.example and type WDJB-MJHT.")
            self._until_shown("WDJB-MJHT")
            return answer

        answer = ask(BOTH, attempt, Fill(way=Way.BROWSER))
        assert answer[:2] == ("studio.example", "ada")
        assert (answer.password, answer.code, answer.way) == ("", None, Way.BROWSER)

    def test_the_password_is_there_beside_the_browser(self, ask: Ask) -> None:
        attempt = Attempts("done")
        ask(BOTH, attempt, Fill("s3cret"))
        assert attempt.answers[0][2:5] == ("s3cret", None, Way.PASSWORD)

    def test_further_questions_of_a_dialect_are_asked(self, ask: Ask) -> None:
        fields = (Field("customer", "Customer"), Field("zone", "Zone", value="a"))
        form = FORM._replace(extra=(*fields, Field("pin", "PIN", secret=True)))
        attempt = Attempts("done")
        ask(form, attempt, Fill("s3cret", extra=(("customer", "acme"), ("pin", "9876"))))
        assert attempt.answers[0].extra == {"customer": "acme", "zone": "a", "pin": "9876"}
        assert "9876" not in self.shown()

    def test_a_password_is_never_shown(self, ask: Ask) -> None:
        attempt = Attempts("done")
        ask(FORM, attempt, Fill("s3cret"))
        assert "s3cret" not in self.shown()
        assert "s3cret" not in repr(attempt.answers[0])

    def test_many_who_ask_at_once_get_each_their_own(self) -> None:
        def one(number: int) -> Future[object]:
            acts = (Fill(f"s3cret {number}"),)
            return started(lambda: self.conversation(FORM, lambda said: said.password, acts), "one")

        asked = [one(number) for number in range(4)]
        for done in asked:
            self.meanwhile(done)
        assert {done.result(LIMIT) for done in asked} == {f"s3cret {n}" for n in range(4)}
