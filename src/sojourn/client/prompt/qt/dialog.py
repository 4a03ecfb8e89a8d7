"""The dialog: what the person sees while a conversation goes on, one page at a time. It knows no threads and signs
nobody in. The Qt prompt stands above it; below it are the questions, the parts and the look."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QFontInfo
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.prompt.qt import look as looks
from sojourn.client.prompt.qt.parts import WIDTH, Bar, Mark, Told, label_of, text_of
from sojourn.client.prompt.qt.questions import Questions

_BESIDE_MARK: Final = WIDTH - 50


class SignInDialog(QDialog):
    """Shows `ask`, `ask_code` or `wait`. `said` carries an Answer or a code; Escape and Cancel reject it."""

    said = Signal(object)

    def __init__(self, form: Form) -> None:
        above = QApplication.activeWindow()
        super().__init__(above if above is not None and above.isVisible() else None)
        self._form = form
        self._look = looks.of(QApplication.palette())
        self.setPalette(looks.palette(self._look))
        self.setStyleSheet(looks.sheet(self._look, QFontInfo(self.font()).pointSizeF()))
        self.setWindowTitle(f"Sign in to {form.service}")
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(32, 30, 32, 26)
        self._column.setSpacing(0)
        self._column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        self._column.addLayout(self._head())
        self._page = QWidget(self)
        self._column.addWidget(self._page)
        self._told: Told | None = None

    def ask(self, form: Form, problem: str | None) -> None:
        """Ask what `form` leaves open."""
        page, column = self._next(problem)

        def judge() -> None:
            for way, button in buttons.items():
                button.setEnabled(questions.complete(way))
            buttons.get(Way.PASSWORD, main).setDefault(True)
            if not questions.complete(Way.PASSWORD):
                main.setDefault(True)

        questions = Questions(form, self._look, judge, page)  # first, for the order of the keyboard
        main = QPushButton(_MAIN[form.ways[0]], page)
        other = [QPushButton(_OTHER[way], page) for way in form.ways[1:]]
        buttons = dict(zip(form.ways, (main, *other), strict=True))
        column.addWidget(questions)
        column.addSpacing(22 if questions.lines else 0)
        for way, button in buttons.items():
            button.clicked.connect(lambda _, way=way: self.said.emit(questions.answer(way)))
            column.addWidget(button)
            column.addSpacing(8)
        main.setProperty("way", "main")
        self._cancel(page, column)
        judge()
        self._put(page)
        if form.ways[0] is Way.BROWSER and main.isEnabled():
            main.setFocus()
        else:
            questions.begin()

    def ask_code(self, text: str, label: str) -> None:
        """Ask for a second factor."""
        page, column = self._next(None)
        column.addWidget(text_of(text, "hint", page))
        column.addSpacing(16)
        caption = label_of(label, page)
        line = QLineEdit(page)
        line.setObjectName("code")
        line.setAccessibleName(label)
        line.setInputMethodHints(
            Qt.InputMethodHint.ImhPreferLatin | Qt.InputMethodHint.ImhNoPredictiveText
        )
        caption.setBuddy(line)
        main = QPushButton("Continue", page)
        main.setDefault(True)
        main.setEnabled(False)
        main.setProperty("way", "main")
        line.textChanged.connect(lambda typed: main.setEnabled(bool(typed.strip())))
        main.clicked.connect(lambda: self.said.emit(line.text().strip()))
        for widget, space in ((caption, 6), (line, 22), (main, 8)):
            column.addWidget(widget)
            column.addSpacing(space)
        self._cancel(page, column)
        self._put(page)
        line.setFocus()

    def wait(self, answer: Answer) -> None:
        """Say that something goes on."""
        page, column = self._next(None)
        browser = answer.way is Way.BROWSER
        text = (
            "Continue in your browser. This window closes by itself."
            if browser
            else "Signing in ..."
        )
        column.addWidget(Bar(self._look, page))
        column.addSpacing(16)
        column.addWidget(text_of(text, "hint", page))
        self._told = told = Told(page)
        column.addSpacing(14)
        column.addWidget(told)
        column.addSpacing(14)
        self._cancel(page, column).setFocus()
        self._put(page)

    def tell(self, text: str) -> None:
        """Add what the person must know while something goes on."""
        if self._told is None:  # an attempt that was given up still talks
            return
        self._told.tell(text.strip())
        _announce(self._told)

    def _head(self) -> QHBoxLayout:
        head, words = QHBoxLayout(), QVBoxLayout()
        head.setSpacing(14)
        words.setSpacing(2)
        words.addWidget(text_of(f"Sign in to {self._form.service}", "title", self, _BESIDE_MARK))
        about = _about(self._form)
        if about:
            words.addWidget(text_of(about, "about", self, _BESIDE_MARK))
        head.addWidget(Mark(self._look, self), alignment=Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        return head

    def _next(self, problem: str | None) -> tuple[QWidget, QVBoxLayout]:
        self._told = None
        page = QWidget(self)
        page.setFixedWidth(WIDTH)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 22, 0, 0)
        column.setSpacing(0)
        if problem:
            column.addWidget(text_of(problem, "problem", page))
            column.addSpacing(16)
        return page, column

    def _put(self, page: QWidget) -> None:
        self._column.replaceWidget(self._page, page)
        self._page.hide()
        self._page.deleteLater()
        self._page = page
        page.show()
        problem = page.findChild(QLabel, "problem")
        if isinstance(problem, QLabel):
            _announce(problem)

    def _cancel(self, page: QWidget, column: QVBoxLayout) -> QPushButton:
        button = QPushButton("Cancel", page)
        button.setAutoDefault(False)
        button.setProperty("way", "quiet")
        button.clicked.connect(self.reject)
        column.addWidget(button)
        return button


_MAIN: Final = {Way.PASSWORD: "Sign in", Way.BROWSER: "Continue in the browser"}
_OTHER: Final = {Way.PASSWORD: "Sign in with the password", Way.BROWSER: "In the browser instead"}


def _about(form: Form) -> str:
    """What is fixed, and so not asked for."""
    known = (form.login if form.login_fixed else None, form.host if form.host_fixed else None)
    return " · ".join(text for text in known if text and text != form.service)


def _announce(label: QWidget) -> None:
    """Have a screen reader say it."""
    QAccessible.updateAccessibility(QAccessibleEvent(label, QAccessible.Event.Alert))
