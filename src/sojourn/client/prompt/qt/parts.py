"""The small parts of the dialog: its texts, the mark, the bar that says that something is going on, and a field that
offers what was given before. The dialog stands above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimerEvent
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QTextOption
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QListView,
    QStyledItemDelegate,
    QTextEdit,
    QWidget,
)

from sojourn.client.prompt.qt.look import Look

_PADDING: Final = 12
"""Of what is told, as in the stylesheet."""
_FRAME: Final = 33
"""Milliseconds between two pictures of the bar."""


WIDTH: Final = 356
"""Of what stands below the head, in device-independent pixels."""


def text_of(words: str, name: str, parent: QWidget, width: int = WIDTH) -> QLabel:
    """Return a text that is shown as it is, over as many lines as it takes; `name` is what the stylesheet calls it."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setFixedWidth(width)
    tell(label, words)
    return label


def tell(label: QLabel, words: str) -> None:
    """Have `label` show other words, and be as high as they need: a layout asks too early."""
    label.setText(words)
    label.ensurePolished()
    label.setFixedHeight(max(0, label.heightForWidth(label.width())))


def label_of(words: str, parent: QWidget) -> QLabel:
    """Return the name of a field; an ampersand in it stays one."""
    return text_of(words.replace("&", "&&"), "label", parent)


class Told(QTextEdit):
    """What the person must know meanwhile: to be read and copied, long addresses included."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("told")
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(WIDTH)
        self.hide()

    def tell(self, words: str) -> None:
        """Show other words, over as many lines as they take."""
        self.setPlainText(words)
        self.setAccessibleName(words)
        self.ensurePolished()
        document = self.document()
        document.setTextWidth(WIDTH - 2 * _PADDING)
        self.setFixedHeight(round(document.size().height()) + 2 * _PADDING)
        self.show()


class Mark(QWidget):
    """The arch and the setting sun, as on the server's pages."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self.setFixedSize(36, 36)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(self.width() / 32, self.height() / 32)
        arch, sun = QPainterPath(), QPainterPath(QPointF(10, 20))
        arch.moveTo(3.5, 16)
        arch.arcTo(QRectF(3.5, 3, 25, 25), 180, -180)
        arch.lineTo(28.5, 30.5)
        arch.lineTo(3.5, 30.5)
        painter.fillPath(arch, QColor(self._look.logo))
        sun.arcTo(QRectF(10, 14, 12, 12), 180, -180)
        painter.fillPath(sun, QColor(self._look.sun))
        painter.setPen(QPen(QColor(self._look.sun), 1.6, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(8, 22.5), QPointF(24, 22.5))
        painter.drawLine(QPointF(12, 26.5), QPointF(20, 26.5))


class Bar(QWidget):
    """Moves while something goes on whose end is not known."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._step = 12
        self.setFixedHeight(4)
        self.setAccessibleName("Working")
        self.startTimer(_FRAME)

    def timerEvent(self, event: QTimerEvent) -> None:  # noqa: N802 - Qt's name
        if self.isVisible():
            self._step = (self._step + 1) % 60
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        clip = QPainterPath()
        clip.addRoundedRect(whole, 2, 2)
        painter.setClipPath(clip)
        painter.fillRect(whole, QColor(self._look.line))
        part = whole.width() * 0.35
        left = (whole.width() + part) * self._step / 60 - part
        painter.setBrush(QColor(self._look.accent))
        painter.drawRoundedRect(QRectF(left, 0, part, whole.height()), 2, 2)


class Offering(QComboBox):
    """A line to type in, with what was given before to choose from."""

    def __init__(self, look: Look, offered: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self.setEditable(True)
        self.setView(QListView(self))  # both as the stylesheet reaches them
        self.setItemDelegate(QStyledItemDelegate(self))
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItems(list(offered))

    def line(self) -> QLineEdit:
        """Return the line."""
        line = self.lineEdit()
        assert line is not None  # noqa: S101 - it is editable
        return line

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(
            QPen(
                QColor(self._look.muted),
                1.8,
                c=Qt.PenCapStyle.RoundCap,
                j=Qt.PenJoinStyle.RoundJoin,
            )
        )
        x, y = self.width() - 20.0, self.height() / 2
        painter.drawPolyline(
            [QPointF(x - 4.5, y - 2), QPointF(x, y + 2.5), QPointF(x + 4.5, y - 2)]
        )
