"""The prompt in a dialog, whichever thread asks: the conversation never runs on the GUI thread, the dialog nowhere
else. `choice` stands above it; below it are the conversation, the dialog and the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot
from shiboken6 import isValid

from sojourn.client import gui_thread
from sojourn.client.prompt.contract import Answer, Form
from sojourn.client.prompt.conversation import converse
from sojourn.client.prompt.qt.dialog import SignInDialog
from sojourn.client.prompt.refusal import refusal
from sojourn.client.prompt.work import Work, started
from sojourn.errors import AuthenticationCancelled, SecondFactorRequired

T = TypeVar("T")

_turn = threading.Lock()


class QtPrompt:
    """Asks in a dialog of the program's QApplication, from any thread. On another thread than the GUI's, one
    conversation waits for the other; the GUI thread must run its event loop, or wait in a call of this package."""

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        app = gui_thread.application()
        if app is None:
            raise refusal(
                form.service, "the program has no QApplication, so no window can be shown"
            )
        window = _Window(form, app)
        if gui_thread.is_here(app):
            talk = started(lambda: window.converse(attempt), "sojourn-prompt")
            window.show()
            return talk.result()
        with _turn:
            window.calls.post(window.show)
            return window.converse(attempt)


class _Calls(QObject):
    """Runs on the GUI thread what any thread posts, in order. Belongs to the application and lives as long, so that no
    other thread destroys it, and none speaks to one that was."""

    _posted = Signal(object)

    def __init__(self, app: QCoreApplication) -> None:
        super().__init__()
        self.moveToThread(app.thread())
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)
        self.post(lambda: self.setParent(app))

    def post(self, call: Callable[[], object]) -> None:
        self._posted.emit(call)

    @Slot(object)
    def _run(self, call: Callable[[], object]) -> None:
        call()


class _Window:
    """One conversation: the face that it sees on its own thread, and the dialog on the GUI's."""

    def __init__(self, form: Form, app: QCoreApplication) -> None:
        self.calls = _Calls(app)
        self._form = form
        self._over = False
        self._said: Future[Any] | None = None
        self._dialog: SignInDialog | None = None

    def converse(self, attempt: Callable[[Answer], T]) -> T:
        try:
            return converse(self, self._form, attempt)
        finally:
            self.calls.post(self._finish)

    def answer(self, form: Form, problem: str | None) -> Answer:
        answer: Answer = self._asked(lambda dialog: dialog.ask(form, problem)).result()
        return answer

    def code(self, form: Form, asked: SecondFactorRequired) -> str:
        code: str = self._asked(lambda dialog: dialog.ask_code(asked.public, asked.label)).result()
        return code

    def attempted(self, attempt: Callable[[Answer], T], answer: Answer) -> T:
        no = self._asked(lambda dialog: dialog.wait(answer))
        work = Work(attempt, answer._replace(show=self._tell))
        wait([work.future, no], return_when=FIRST_COMPLETED)
        if not work.future.done():
            work.cancelled.set()
            raise AuthenticationCancelled
        return work.future.result()

    def _tell(self, text: str) -> None:
        def change() -> None:
            if self._dialog is not None:
                self._dialog.tell(text)

        with suppress(
            RuntimeError
        ):  # the program ended, and an attempt that was given up still talks
            self.calls.post(change)

    def _asked(self, put: Callable[[SignInDialog], None]) -> Future[Any]:
        """Have `put` change the dialog; what the person says then, or AuthenticationCancelled."""
        said: Future[Any] = Future()

        def change() -> None:
            if self._over or self._dialog is None:
                said.set_exception(AuthenticationCancelled())
                return
            self._said = said
            try:
                put(self._dialog)
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, not swallowed
                said.set_exception(error)

        self.calls.post(change)
        return said

    def show(self) -> None:
        """Show the dialog until the conversation is over; on the GUI thread."""
        self._dialog = dialog = SignInDialog(self._form)
        dialog.said.connect(self._hear)
        try:
            dialog.exec()
        finally:
            self._over, self._dialog = True, None
            if isValid(dialog):  # the program may have deleted the window above it
                dialog.deleteLater()
            if self._said is not None and not self._said.done():
                self._said.set_exception(AuthenticationCancelled())

    def _hear(self, what: object) -> None:
        if self._said is not None and not self._said.done():
            self._said.set_result(what)

    def _finish(self) -> None:
        if self._dialog is not None:
            self._dialog.done(0)
