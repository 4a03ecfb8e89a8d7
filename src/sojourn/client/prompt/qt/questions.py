"""The questions of a form as fields, in the order of the keyboard. The dialog stands above it, its parts below."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.prompt.qt.look import Look
from sojourn.client.prompt.qt.parts import Offering, label_of


class Questions(QWidget):
    """All that a form leaves open. `changed` is called when the person types."""

    def __init__(
        self, form: Form, look: Look, changed: Callable[[], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._form, self._look, self._changed = form, look, changed
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.lines: dict[str, QLineEdit] = {}
        if not form.host_fixed:
            self._add("host", form.host_label, form.host, form.recent_hosts)
        if Way.PASSWORD in form.ways:
            if not form.login_fixed:
                self._add("login", form.login_label, form.login, form.recent_logins)
            for field in form.extra:
                self._add(f"extra {field.name}", field.label, field.value, secret=field.secret)
            self._add("password", "Password", secret=True)

    def answer(self, way: Way) -> Answer:
        """Return what the person said, for one way."""
        form = self._form
        login = self._said("login", form.login)
        if way is Way.BROWSER:
            return Answer(self._said("host", form.host), login, way=way)
        extra = {field.name: self._said(f"extra {field.name}") for field in form.extra}
        password = self.lines["password"].text()
        return Answer(self._said("host", form.host), login, password, extra=extra)

    def complete(self, way: Way) -> bool:
        """Tell whether enough was said for one way."""
        needed = self.lines if way is Way.PASSWORD else self.lines.keys() & {"host"}
        return all(self.lines[name].text().strip() for name in needed)

    def begin(self) -> None:
        """Put the keyboard where the first answer is missing."""
        open_ = [line for line in self.lines.values() if not line.text()]
        for line in (open_ or list(self.lines.values()))[:1]:
            line.setFocus()

    def _said(self, name: str, known: str | None = None) -> str:
        return self.lines[name].text().strip() if name in self.lines else known or ""

    def _add(
        self,
        name: str,
        label: str,
        value: str | None = None,
        recent: Sequence[str] = (),
        *,
        secret: bool = False,
    ) -> None:
        text = label_of(label, self)
        field: QWidget
        if recent:
            offered = dict.fromkeys(filter(None, (value, *recent)))
            field = combo = Offering(self._look, list(offered), self)
            line = combo.line()
        else:
            field = line = QLineEdit(value or "", self)
        if secret:
            line.setEchoMode(QLineEdit.EchoMode.Password)
        line.textChanged.connect(self._changed)
        for each in {field, line}:
            each.setAccessibleName(label)
        text.setBuddy(field)
        if self.lines:
            self._column.addSpacing(10)
        self._column.addWidget(text)
        self._column.addWidget(field)
        self.lines[name] = line
