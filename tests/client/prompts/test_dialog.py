"""The dialog by itself, offscreen: the keyboard, what a screen reader is told, its looks, and its sharpness."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QTextEdit

from sojourn.client.prompt.contract import Answer, Field, Form, Way
from sojourn.client.prompt.qt.dialog import SignInDialog
from tests.client.prompts.windows import found_line, line_of, texts

pytestmark = pytest.mark.xdist_group("qt")

FORM = Form("Studio", host="studio.example", login="ada", ways=(Way.PASSWORD, Way.BROWSER))


@pytest.fixture
def dialog(app):
    one = SignInDialog(FORM)
    yield one
    one.close()
    one.deleteLater()


def shown(dialog, form=FORM, problem=None):
    dialog.ask(form, problem)
    dialog.show()
    dialog.activateWindow()
    QApplication.processEvents()
    return dialog


def button(dialog, text):
    return next(b for b in dialog.findChildren(QPushButton) if b.text() == text and b.isVisible())


def focus_order(dialog):
    seen = []
    while (widget := QApplication.focusWidget()) not in seen and widget is not None:
        seen.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    return [w.text() if isinstance(w, QPushButton) else w.accessibleName() for w in seen]


def test_the_keyboard_begins_where_an_answer_is_missing(dialog):
    shown(dialog)
    assert QApplication.focusWidget() is line_of(dialog, "Password")
    dialog.ask(FORM._replace(host=None), None)
    assert QApplication.focusWidget() is line_of(dialog, "Host")


def test_tab_goes_through_every_field_and_button_in_the_order_that_is_seen(dialog):
    form = FORM._replace(
        recent_hosts=("studio.example", "b.example"), extra=(Field("customer", "Customer"),)
    )
    shown(dialog, form)
    customer, password = line_of(dialog, "Customer"), line_of(dialog, "Password")
    customer.setText("acme")
    password.setText("s3cret")
    line_of(dialog, "Host").setFocus()
    order = ["Host", "User name", "Customer", "Password"]
    assert focus_order(dialog) == [*order, "Sign in", "In the browser instead", "Cancel"]


def test_enter_signs_in_only_when_all_is_said(dialog):
    said: list[Answer] = []
    dialog.said.connect(said.append)
    shown(dialog)
    QTest.keyClick(line_of(dialog, "Password"), Qt.Key.Key_Return)
    assert not said
    assert not button(dialog, "Sign in").isEnabled()
    QTest.keyClicks(line_of(dialog, "Password"), "s3cret")
    QTest.keyClick(line_of(dialog, "Password"), Qt.Key.Key_Return)
    assert [answer.password for answer in said] == ["s3cret"]


def test_where_the_browser_comes_first_enter_opens_it_until_a_password_is_there(dialog):
    said: list[Answer] = []
    dialog.said.connect(said.append)
    shown(dialog, FORM._replace(ways=(Way.BROWSER, Way.PASSWORD)))
    QTest.keyClick(button(dialog, "Continue in the browser"), Qt.Key.Key_Return)
    QTest.keyClicks(line_of(dialog, "Password"), "s3cret")
    QTest.keyClick(line_of(dialog, "Password"), Qt.Key.Key_Return)
    assert [answer.way for answer in said] == [Way.BROWSER, Way.PASSWORD]


def test_escape_rejects_the_dialog(dialog):
    shown(dialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_screen_reader_is_told_the_name_of_every_field_and_of_its_label(dialog):
    shown(dialog, FORM._replace(recent_hosts=("a.example", "b.example"), host_label="R&D host"))
    lines = [line for line in dialog.findChildren(QLineEdit) if line.isVisible()]
    assert [line.accessibleName() for line in lines] == ["R&D host", "User name", "Password"]
    labels = [label for label in dialog.findChildren(QLabel) if label.buddy() is not None]
    assert [label.text() for label in labels] == ["R&&D host", "User name", "Password"]


def test_a_text_of_a_server_is_not_taken_for_a_page(dialog):
    shown(dialog, problem="<img src=x> is <b>wrong</b>")
    problem = dialog.findChild(QLabel, "problem")
    assert problem.textFormat() is Qt.TextFormat.PlainText
    assert problem.text() in texts(dialog)


@pytest.mark.parametrize(("window", "dark"), [("#f0f0f0", False), ("#202020", True)])
def test_it_is_light_and_dark_with_the_program(app, window, dark):
    before = app.palette()
    palette = QPalette(before)
    palette.setColor(QPalette.ColorRole.Window, QColor(window))
    app.setPalette(palette)
    try:
        dialog = shown(SignInDialog(FORM))
        corner = dialog.grab().toImage().pixelColor(2, 2)
        dialog.close()
    finally:
        app.setPalette(before)
    assert (corner.lightness() < 128) is dark


def test_at_two_pixels_to_a_point_it_is_drawn_twice_as_fine(dialog):
    shown(dialog)
    size = dialog.size()
    fine = QPixmap(size * 2)
    fine.setDevicePixelRatio(2)
    dialog.render(fine)
    coarse = dialog.grab().scaled(size * 2)
    assert fine.deviceIndependentSize().toSize() == size
    assert fine.toImage() != coarse.toImage()


def test_pages_take_the_place_of_each_other(dialog):
    shown(dialog)
    tall = dialog.height()
    dialog.ask_code("Look at your telephone.", "Code")
    QApplication.processEvents()
    assert dialog.height() < tall
    assert found_line(dialog, "Password") is None
    assert not button(dialog, "Continue").isEnabled()
    QTest.keyClicks(line_of(dialog, "Code"), " 123 456 ")
    assert button(dialog, "Continue").isEnabled()


def test_what_an_attempt_that_was_given_up_still_says_is_lost(dialog):
    dialog.wait(Answer())
    dialog.tell("Go to idp.example.")
    assert "Go to idp.example." in {text.toPlainText() for text in dialog.findChildren(QTextEdit)}
    shown(dialog)
    dialog.tell("Too late.")
    assert "Too late." not in texts(dialog)


def test_long_texts_take_more_lines_and_push_nothing_out(dialog):
    shown(dialog)
    size = dialog.size()
    long = SignInDialog(FORM._replace(service="A Service with a Name that Fills More than a Line"))
    shown(long, problem="Servers like to explain themselves. " * 6)
    fields = [line.height() for line in long.findChildren(QLineEdit) if line.isVisible()]
    assert set(fields) == {line_of(dialog, "Password").height()}
    assert (long.width(), long.height() > size.height() + 60) == (size.width(), True)
    long.close()


@pytest.mark.parametrize("window", ["#f0f0f0", "#202020"])
def test_what_was_given_before_can_be_read_in_the_list_that_drops_down(app, window):
    before = app.palette()
    palette = QPalette(before)
    palette.setColor(QPalette.ColorRole.Window, QColor(window))
    app.setPalette(palette)
    try:
        dialog = shown(SignInDialog(FORM), FORM._replace(recent_logins=("ada", "bob")))
        combo = dialog.findChild(QComboBox)
        assert combo is not None
        combo.showPopup()
        picture = combo.view().grab().toImage()
        dialog.close()
    finally:
        app.setPalette(before)
    for row in range(2):  # of each row the lightest and the darkest dot
        height = picture.height() // 2
        dots = [
            picture.pixelColor(x, row * height + y).lightness()
            for x in range(8, picture.width() // 2)
            for y in range(10, height - 8)
        ]
        assert max(dots) - min(dots) > 120
