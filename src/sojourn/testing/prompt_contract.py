"""The contract of prompts as tests: whoever writes a prompt inherits them, and it is good when its subclass of
`PromptContract` passes. `tests` and other packages stand above it; below it are the acts of a person.

    from sojourn.testing.prompt_contract import PromptContract

    class TestMine(PromptContract):
        def conversation(self, form, attempt, acts):
            return play(acts, on=MyPrompt()).ask(form, attempt)

        def shown(self):
            return everything_that_the_person_saw

Each case runs where the test does, and on a thread of its own while `meanwhile` runs where the test does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import pytest

pytest.register_assert_rewrite("sojourn.testing.prompt_contract_cases")

from sojourn.client.prompt.contract import Answer, Form  # noqa: E402 - after the line above
from sojourn.client.prompt.work import started  # noqa: E402
from sojourn.testing.prompt_contract_cases import LIMIT, Ask, PromptCases  # noqa: E402
from sojourn.testing.scripted_prompt import Act  # noqa: E402

T = TypeVar("T")


class PromptContract(PromptCases, ABC):
    """Inherit, say how a person's acts reach the prompt, and run pytest."""

    @abstractmethod
    def conversation(self, form: Form, attempt: Callable[[Answer], T], acts: Sequence[Act]) -> T:
        """Ask with a new prompt, whose person does `acts`, one a question; called on any thread."""

    @abstractmethod
    def shown(self) -> str:
        """Return all that the person saw in this case so far; called on any thread."""

    def meanwhile(self, done: Future[Any]) -> None:
        """Run what the test's own thread must while another one asks, until `done`."""
        wait([done], LIMIT)

    @pytest.fixture(params=["here", "elsewhere"])
    def ask(self, request: pytest.FixtureRequest) -> Ask:
        """Ask on one of the two threads: `ask(form, attempt, *acts)`."""

        def here(form: Form, attempt: Callable[[Answer], T], *acts: Act) -> T:
            return self.conversation(form, attempt, acts)

        def elsewhere(form: Form, attempt: Callable[[Answer], T], *acts: Act) -> T:
            done = started(lambda: self.conversation(form, attempt, acts), "contract")
            self.meanwhile(done)
            return done.result(LIMIT)

        return here if request.param == "here" else elsewhere
