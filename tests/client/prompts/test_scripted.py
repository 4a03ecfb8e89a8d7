"""The prompt whose person is a script keeps the contract, and says where a script does not fit."""

from __future__ import annotations

import pytest

from sojourn.client.prompt.contract import Form
from sojourn.testing.prompt_contract import PromptContract
from sojourn.testing.scripted_prompt import Fill, GiveCode, ScriptedPrompt


class TestScripted(PromptContract):
    @pytest.fixture(autouse=True)
    def no_prompts_yet(self):
        self.prompts = []

    def conversation(self, form, attempt, acts):
        self.prompts.append(ScriptedPrompt(*acts))
        return self.prompts[-1].ask(form, attempt)

    def shown(self):
        return "\n".join(
            text for prompt in self.prompts for text in (*prompt.shown, *map(str, prompt.forms))
        )


def test_an_act_that_does_not_fit_fails_the_test():
    with pytest.raises(AssertionError, match="GiveCode"):
        ScriptedPrompt(GiveCode("1")).ask(Form("Studio"), lambda answer: answer)


def test_the_script_sees_what_was_asked():
    prompt = ScriptedPrompt(Fill("s3cret", login="ada"))
    assert prompt.ask(Form("Studio"), lambda answer: answer.login) == "ada"
    assert [form.service for form in prompt.forms] == ["Studio"]
