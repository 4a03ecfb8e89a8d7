"""The prompt in a dialog, offscreen: the contract from the GUI thread and from others, the keyboard, what a screen
reader is told, and sharpness at every scale."""

from __future__ import annotations

import os
from concurrent.futures import Future
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QPushButton

from sojourn import Session
from sojourn.client import gui_thread
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.prompt.choice import DefaultPrompt
from sojourn.client.prompt.contract import Form, Way
from sojourn.client.prompt.qt.prompt import QtPrompt
from sojourn.client.prompt.work import started
from sojourn.client.renewal import RenewingAuth
from sojourn.errors import AuthenticationCancelled, InteractionRequired
from sojourn.testing.prompt_contract import PromptContract
from sojourn.testing.scripted_prompt import CallOff, Fill
from tests.client.prompts.windows import Person
from tests.client.test_oidc_refusals import Provider

pytestmark = pytest.mark.xdist_group("qt")

FORM = Form("Studio", host="studio.example", login="ada", ways=(Way.PASSWORD, Way.BROWSER))


@pytest.fixture
def viewer(app):
    one = Person()
    yield one
    one.leave()
    assert QApplication.activeModalWidget() is None


def run_until(done: Future[Any]) -> None:
    """Run the event loop as a program does."""
    loop = QEventLoop()
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if done.done() else None)
    timer.start(5)
    QTimer.singleShot(20_000, loop.quit)
    if not done.done():
        loop.exec()


class TestQt(PromptContract):
    @pytest.fixture(autouse=True)
    def before_the_screen(self, viewer):
        self.viewer = viewer

    def conversation(self, form, attempt, acts):
        self.viewer.acts.extend(acts)
        return QtPrompt().ask(form, attempt)

    def meanwhile(self, done):
        run_until(done)

    def shown(self):
        return "\n".join(self.viewer.shown)


def test_where_an_application_runs_the_dialog_asks(viewer):
    viewer.acts.append(Fill("s3cret"))
    assert DefaultPrompt().ask(FORM, lambda answer: answer.password) == "s3cret"


@pytest.mark.parametrize("here", [True, False], ids=["GUI thread", "worker"])
def test_an_attempt_never_runs_on_the_gui_thread(app, viewer, here):
    viewer.acts.append(Fill("s3cret"))

    def asked():
        return QtPrompt().ask(FORM, lambda _: gui_thread.is_here(app))

    if here:
        assert asked() is False
    else:
        done = started(asked, "worker")
        run_until(done)
        assert done.result() is False


def test_a_gui_thread_that_waits_for_a_worker_that_asks_is_not_stuck(viewer):
    viewer.acts.append(Fill("s3cret"))
    done = started(lambda: QtPrompt().ask(FORM, lambda answer: answer.password), "worker")
    gui_thread.wait(done)
    assert done.result() == "s3cret"


def test_waiting_on_the_gui_thread_keeps_windows_painted_and_clicks_out(app):
    ran, clicked = [], []
    button = QPushButton("Go")
    button.clicked.connect(lambda: clicked.append(1))
    button.show()
    work: Future[None] = Future()
    QTimer.singleShot(0, lambda: ran.append(1))
    QTimer.singleShot(20, lambda: work.set_result(None))
    gui_thread.wait(work)
    button.close()
    assert (ran, clicked) == ([1], [])


def test_ending_the_program_is_no(app, viewer):
    ends = []

    def ask():
        with pytest.raises(AuthenticationCancelled):
            QtPrompt().ask(FORM, lambda _: pytest.fail("nobody agreed"))
        ends.append("cancelled")

    QTimer.singleShot(0, ask)
    QTimer.singleShot(100, app.quit)
    app.exec()
    assert ends == ["cancelled"]


class Studio(RenewingAuth):
    """A plugin that has no token until a person was asked."""

    kind = "studio"

    def identity(self, user=None):
        return ("studio",)

    async def renew(self, env, previous, nonce):
        raise InteractionRequired

    def may_ask(self):
        return True

    async def ask(self, env, reason):
        return await env.block(
            QtPrompt().ask, FORM, lambda answer: Credential(1, answer.password, env.now())
        )


def seen_tokens(serve):
    seen = []

    def answer(request):
        seen.append(request.headers["authorization"])
        return 200, {}, b""

    return serve(answer).url, seen


def test_a_call_on_the_gui_thread_that_needs_a_person_asks_and_goes_on(serve, viewer):
    url, seen = seen_tokens(serve)
    viewer.acts.append(Fill("s3cret"))
    with Session(Studio(), trust_env=False) as session:
        assert session.get(url).status_code == 200
    assert seen == ["Bearer s3cret"]


def test_a_call_from_a_timer_while_a_dialog_is_open_waits_for_its_turn(serve, viewer):
    url, seen = seen_tokens(serve)
    one, two = Session(Studio(), trust_env=False), Session(Studio(), trust_env=False)
    first = started(lambda: one.get(url), "worker")

    def while_it_is_open():
        if QApplication.activeModalWidget() is None:
            QTimer.singleShot(5, while_it_is_open)
            return
        QTimer.singleShot(50, lambda: viewer.acts.extend([Fill("first"), Fill("second")]))
        two.get(url)

    QTimer.singleShot(0, while_it_is_open)
    run_until(first)
    one.close()
    two.close()
    assert sorted(seen) == ["Bearer first", "Bearer second"]


@pytest.fixture
def bent(serve, nobody, monkeypatch):
    provider = Provider()
    provider.issuer = serve(provider.answer).url
    monkeypatch.setenv("BROWSER", "here")
    monkeypatch.setattr("sojourn.client.prompt.browser.show", provider.visit)
    return provider


def test_a_sign_in_in_the_browser_shows_a_dialog_meanwhile(bent, viewer):
    viewer.acts.append(Fill(way=Way.BROWSER))
    auth = AuthorizationCode(bent.issuer, "native", scope="openid")
    with Session(auth, trust_env=False) as session:
        assert session.get(f"{bent.issuer}/r").status_code == 200
    assert {"Sign in to 127.0.0.1", bent.issuer} <= viewer.shown


def test_a_sign_in_in_the_browser_is_called_off_in_its_dialog(bent, viewer, monkeypatch):
    monkeypatch.setattr("sojourn.client.prompt.browser.show", lambda _: True)
    viewer.acts.extend([Fill(way=Way.BROWSER), CallOff()])
    auth = AuthorizationCode(bent.issuer, "native", scope="openid")
    with Session(auth, trust_env=False) as session, pytest.raises(AuthenticationCancelled):
        session.get(f"{bent.issuer}/r")
