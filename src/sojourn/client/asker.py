"""Asks the person of one user to sign in again, when nothing else renews the credential. Users give it to their
plugin; renewal calls it, once for all who wait. Below it are the prompt and the dialect."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.loading import users_of
from sojourn.client.prompt.contract import Answer, Form, Prompt, Way
from sojourn.client.user_dialect import same_login
from sojourn.driver import drive
from sojourn.errors import AuthenticationError, IncompleteCredentials, InteractionRequired

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from sojourn.client.credential import Credential
    from sojourn.client.env.contract import Env
    from sojourn.client.renewal import RenewingAuth
    from sojourn.client.who import Who

T = TypeVar("T")


class Asker:
    """Host and user are known, so that only what proves them is asked for. Without `prompt` whichever can reach a
    person here is used."""

    def __init__(self, who: Who, prompt: Prompt | None) -> None:
        self._who = who
        self._prompt = prompt

    async def __call__(
        self, env: Env, plugin: RenewingAuth, reason: InteractionRequired
    ) -> Credential:
        dialect, host, login = users_of(self._who.kind), self._who.host, self._who.login or ""
        form = dialect.form(host, login)._replace(
            host=host, host_fixed=True, login=login, login_fixed=True, extra=()
        )

        def attempt(answer: Answer) -> Credential:
            full = answer._replace(host=host, login=login)
            # A flight of its own, whose transport no one closes under an attempt that was called off.
            made = _led(env, lambda own: dialect.sign_in(own, plugin, full))
            facts = dialect.facts(made, login)
            # In a browser anybody may sign in; whoever it is must not become this user.
            if facts.subject != self._who.subject and not same_login(facts.login, login):
                raise AuthenticationError(f"{facts.username} signed in, and {login} was asked for.")
            return made

        try:
            return await env.block(ask, self._prompt, form, attempt)
        except InteractionRequired as error:
            text = f"{reason.public} {error.public}"
            anew = InteractionRequired(text, detail=error.detail)
            anew.ways_out = error.ways_out
            raise anew from error


def ask(prompt: Prompt | None, form: Form, attempt: Callable[[Answer], T]) -> T:
    """Ask with `prompt`, or with whichever can reach a person here; what was left out is asked for again. Raises what
    `Prompt.ask` raises."""
    prompt = prompt or _at_hand(form)

    def complete(answer: Answer) -> T:
        try:
            return attempt(answer)
        except IncompleteCredentials as error:
            raise AuthenticationError(error.public, detail=error.detail) from error

    return prompt.ask(form, complete)


def _led(env: Env, work: Callable[[Env], Coroutine[Any, Any, Credential]]) -> Credential:
    return env.lead(work) if isinstance(env, BlockingEnv) else drive(work(env))


class _BrowserAlone:
    """Asks nothing itself: all that is open will be asked in the browser."""

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        return attempt(Answer(form.host or "", form.login or "", way=Way.BROWSER))


def _at_hand(form: Form) -> Prompt:
    from sojourn.client.prompt import browser
    from sojourn.client.prompt.choice import chosen

    try:
        return chosen(form.service)
    except InteractionRequired:
        if form.host and form.ways == (Way.BROWSER,) and browser.available(os.environ):
            return _BrowserAlone()
        raise
