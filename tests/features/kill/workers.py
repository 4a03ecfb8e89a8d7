"""Clients of a server that is killed: each does one thing over and over, and keeps what was acknowledged to it.

When the server dies under it, a worker remembers what it had asked for; after the restart it asks again, and what it is
told then must fit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count

from msgspec import Struct

from tests.security.browser import (
    REDIRECT,
    VERIFIER,
    Browser,
    Tokens,
    authorize_url,
    basic,
    hidden,
    landed,
    tokens_of,
)
from tests.security.wire import Answer, request


class World(Struct):
    """Where the server is, and whom it knows."""

    issuer: str
    client_id: str
    secret: str
    told: Callable[[], object]

    def post(self, path: str, retry: str = "", **form: str) -> Answer:
        headers = basic(self.client_id, self.secret)
        headers |= {"Idempotency-Key": retry} if retry else {}
        return request(self.issuer, "POST", path, form=form, headers=headers)

    def active(self, text: str) -> bool:
        answer = self.post("/introspect", token=text)
        assert answer.status == 200, answer.body
        return answer.json["active"] is True

    def redeem(self, code: str) -> Answer:
        return self.post(
            "/token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=REDIRECT,
            code_verifier=VERIFIER,
        )

    def code(self, browser: Browser) -> str:
        url = authorize_url(browser, self.client_id, prompt="none")
        return landed(browser.get(url))["code"]

    def ended(self, text: str) -> None:
        answer = self.post("/revoke", token=text)
        assert answer.status == 200, answer.body


class Worker:
    """`live` and `dead` are token texts, `gone` cookie texts, as they were acknowledged."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.live: list[str] = []
        self.dead: list[str] = []
        self.gone: list[str] = []
        self.failure: BaseException | None = None
        self._checked = (0, 0, 0)

    def step(self) -> None:
        raise NotImplementedError

    def recover(self) -> None:
        """Ask again for what was under way."""

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            while True:
                self.step()
                self.world.told()
        except OSError:
            return  # the server is gone
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: the test raises it
            self.failure = error

    def check_new(self) -> None:
        """What was acknowledged since the last check holds."""
        live, dead, gone = self._checked
        self._check(self.live[live:], self.dead[dead:], self.gone[gone:])
        self._checked = (len(self.live), len(self.dead), len(self.gone))

    def check_all(self) -> None:
        self._check(self.live, self.dead, self.gone)

    def _check(self, live: list[str], dead: list[str], gone: list[str]) -> None:
        assert all(self.world.active(text) for text in live)
        assert not any(self.world.active(text) for text in dead)
        for text in gone:
            browser = Browser(self.world.issuer)
            browser.plant("signins", text)
            assert browser.get(f"{self.world.issuer}/sessions").status == 303


class Issues(Worker):
    """Tokens of the client's own."""

    def step(self) -> None:
        answer = self.world.post("/token", grant_type="client_credentials")
        self.live.append(tokens_of(answer).access)


class Revokes(Worker):
    """A token, and its end."""

    def step(self) -> None:
        answer = self.world.post("/token", grant_type="client_credentials")
        text = tokens_of(answer).access
        self.world.ended(text)
        self.dead.append(text)


class Refreshes(Worker):
    """One refresh token that must never be lost, rotated again and again."""

    def __init__(self, world: World, refresh: str) -> None:
        super().__init__(world)
        self.newest = refresh
        self._keys = count()
        self._key = "first"

    def _refreshed(self) -> Tokens:
        answer = self.world.post(
            "/token", self._key, grant_type="refresh_token", refresh_token=self.newest
        )
        return tokens_of(answer)

    def step(self) -> None:
        self._key = f"{id(self)}-{next(self._keys)}"
        tokens = self._refreshed()
        self.newest = tokens.refresh
        self.live.append(tokens.access)

    def recover(self) -> None:
        one, other = self._refreshed(), self._refreshed()
        assert one.refresh == other.refresh
        self.newest = one.refresh
        self.live += [one.access, other.access]


class Redeems(Worker):
    """Codes of a browser that stays signed in; every other grant is ended again."""

    def __init__(self, world: World, browser: Browser) -> None:
        super().__init__(world)
        self._browser = browser
        self._code = ""
        self._turn = count()

    def step(self) -> None:
        self._code = self.world.code(self._browser)
        self._finish()

    def _finish(self) -> None:
        tokens = tokens_of(self.world.redeem(self._code))
        self._code = ""
        if next(self._turn) % 2:
            self.live += [tokens.access, tokens.refresh]
            return
        self.world.ended(tokens.refresh)
        self.dead += [tokens.access, tokens.refresh]

    def recover(self) -> None:
        if self._code:
            self._finish()


class SignsOut(Worker):
    """A sign-in with tokens below it, signed out; one stage a step, so that a kill takes one stage back and no more."""

    def __init__(self, world: World, login: str) -> None:
        super().__init__(world)
        self._login = login
        self._browser: Browser | None = None
        self._tokens: Tokens | None = None

    def step(self) -> None:
        if self._browser is None:
            browser = Browser(self.world.issuer)
            assert browser.sign_in(self._login).status == 303
            self._browser = browser
        elif self._tokens is None:
            code = self.world.code(self._browser)
            self._tokens = tokens_of(self.world.redeem(code))
        else:
            self._sign_out(self._browser, self._tokens)

    def _sign_out(self, browser: Browser, tokens: Tokens) -> None:
        cookie = browser.cookie("signins")
        page = browser.get(f"{self.world.issuer}/sign-out")
        form = hidden(page.text) | {"decision": "sign_out"}
        if "csrf" in form:  # else the sign-out came through, and its answer did not
            assert browser.post(f"{self.world.issuer}/sign-out", form).status == 200
        self.dead += [tokens.access, tokens.refresh]
        self.gone.append(cookie)
        self._browser = self._tokens = None
