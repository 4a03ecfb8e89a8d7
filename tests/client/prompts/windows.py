"""The person before a dialog: does one act after the other with keys alone, on the GUI thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTextEdit, QWidget

from sojourn.client.prompt.contract import Way
from sojourn.client.prompt.qt.dialog import SignInDialog
from sojourn.client.prompt.qt.parts import Bar
from sojourn.testing.scripted_prompt import CallOff, Fill, GiveCode, SayNo

BROWSER = ("Continue in the browser", "In the browser instead")


class Person:
    """Looks at the front dialog every few milliseconds."""

    def __init__(self) -> None:
        self.acts: deque[object] = deque()
        self.shown: set[str] = set()
        self._done: QWidget | None = None
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)
        self._timer.start(5)

    def leave(self) -> None:
        self._timer.stop()

    def _look(self) -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, SignInDialog) or not dialog.isVisible():
            return
        self.shown |= texts(dialog)
        act = self.acts[0] if self.acts else None
        page = page_of(dialog)
        if act is None or page is None or page is self._done:
            return
        step = self._step(dialog, act, waiting=bool(page.findChildren(Bar)))
        if step is not None:
            self.acts.popleft()
            self._done = page
            step()

    def _step(
        self, dialog: SignInDialog, act: object, *, waiting: bool
    ) -> Callable[[], None] | None:
        if waiting == isinstance(act, CallOff) and isinstance(act, SayNo | CallOff):
            return lambda: QTest.keyClick(dialog, Qt.Key.Key_Escape)
        if waiting:
            return None
        if isinstance(act, GiveCode):
            return lambda: enter(dialog, {"Code": act.code})
        if isinstance(act, Fill):
            return lambda: fill(dialog, act)
        return None


def page_of(dialog: SignInDialog) -> QWidget | None:
    """Return what the dialog shows below its head."""
    buttons = [button for button in dialog.findChildren(QPushButton) if button.isVisible()]
    return buttons[0].parentWidget() if buttons else None


def texts(dialog: QWidget) -> set[str]:
    """Return what is to be read: of hidden lines, the dots."""
    lines = {line.displayText() for line in dialog.findChildren(QLineEdit) if line.isVisible()}
    told = {text.toPlainText() for text in dialog.findChildren(QTextEdit) if text.isVisible()}
    labels = {label.text() for label in dialog.findChildren(QLabel) if label.isVisible()}
    return lines | told | labels


def line_of(dialog: QWidget, name: str) -> QLineEdit:
    """Return the line that a screen reader calls so."""
    line = found_line(dialog, name)
    assert line is not None, f"no line is called {name}"
    return line


def found_line(dialog: QWidget, name: str) -> QLineEdit | None:
    """Return the line that a screen reader calls so, if there is one."""
    lines = (line for line in dialog.findChildren(QLineEdit) if line.isVisible())
    return next((line for line in lines if line.accessibleName().upper() == name.upper()), None)


def type_into(line: QLineEdit, text: str) -> None:
    """Type any characters, which `QTest.keyClicks` cannot."""
    for character in text:
        event = QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, character)
        QApplication.sendEvent(line, event)


def enter(dialog: QWidget, values: dict[str, str]) -> None:
    """Type into lines, and Enter in the last one."""
    for name, value in values.items():
        line = found_line(dialog, name)
        if line is not None:
            line.setFocus()
            line.selectAll()
            type_into(line, value)
    QTest.keyClick(QApplication.focusWidget() or dialog, Qt.Key.Key_Return)


def fill(dialog: SignInDialog, act: Fill) -> None:
    """Answer a form."""
    known = {"Host": act.host, "User name": act.login}
    values = {name: value for name, value in known.items() if value is not None}
    values |= dict(act.extra)
    if act.way is Way.BROWSER:
        button = next(b for b in dialog.findChildren(QPushButton) if b.text() in BROWSER)
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Space)
        return
    enter(dialog, values | {"Password": act.password})
