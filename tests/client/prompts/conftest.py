"""What the tests of prompts share: a pseudo-terminal that is the standard input and error of this process."""

from __future__ import annotations

import os
import pty
import sys
import termios
from contextlib import ExitStack

import pytest

from tests.client.prompts.terminals import Person


@pytest.fixture
def person():
    """A person at a terminal, who has `acts` to do and `shown` before them."""
    screen, keyboard = pty.openpty()
    one = Person(screen, keyboard)
    yield one
    assert termios.tcgetattr(keyboard) == one.before
    os.close(keyboard)
    one.thread.join(10)
    os.close(screen)


@pytest.fixture(scope="module")
def app():
    """A QApplication, gone afterwards: other tests of the process are of programs without windows."""
    from PySide6.QtWidgets import QApplication

    made = QApplication([])
    yield made
    made.shutdown()
    assert QApplication.instance() is None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """Put the person's terminal where the test's own capture has put its files, for the time of the test."""
    one = pyfuncitem.funcargs.get("person")
    if one is None:
        return (yield)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, mode in (("stdin", "r"), ("stderr", "w")):
            stream = stack.enter_context(open(one.keyboard, mode, encoding="utf-8", closefd=False))
            patch.setattr(sys, name, stream)
        patch.setenv("TERM", "dumb")
        return (yield)
