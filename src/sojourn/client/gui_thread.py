"""The GUI thread of the program this runs in, if it has one: whether this is it, and a wait that keeps it going. The
environment of threads and the Qt prompt stand above it; below it is Qt, which is not imported unless the program did:
who has no GUI pays a look into a dictionary."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

    from PySide6.QtCore import QCoreApplication


def application() -> QCoreApplication | None:
    """Return the program's Qt application, if there is one that shows windows."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    found = widgets and widgets.QApplication.instance()
    # A program without windows may have made the other kind, which this asks for as well.
    return found if widgets and isinstance(found, widgets.QApplication) else None


def is_here(app: QCoreApplication) -> bool:
    """Tell whether this is the thread of `app`."""
    from PySide6.QtCore import QThread

    return bool(QThread.currentThread() == app.thread())


def wait(future: Future[Any]) -> None:
    """On the GUI thread wait for `future` while windows are painted and calls handed over are made; elsewhere return at
    once. Clicks and keys wait too, except where a prompt takes them."""
    app = application()
    if app is None or future.done() or not is_here(app):
        return
    from PySide6.QtCore import QEventLoop, QMetaObject, Qt

    loop = QEventLoop()

    def quit_loop(_: Future[Any]) -> None:
        with suppress(RuntimeError):  # the program was ended, and the loop with it
            QMetaObject.invokeMethod(loop, "quit", Qt.ConnectionType.QueuedConnection)

    future.add_done_callback(quit_loop)
    flags = QEventLoop.ProcessEventsFlag
    # A dialog that is open already takes the clicks, and what is waited for may wait for it.
    busy = sys.modules["PySide6.QtWidgets"].QApplication.activeModalWidget() is not None
    loop.exec(flags.AllEvents if busy else flags.ExcludeUserInputEvents)
