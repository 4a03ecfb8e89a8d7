"""The colours of the dialog in light and dark, those of the server's pages, and its one stylesheet. The dialog stands
above it. Lengths are device-independent pixels, so that every scale is sharp."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtGui import QPalette


class Look(NamedTuple):
    paper: str
    field: str
    ink: str
    muted: str
    line: str
    edge: str
    accent: str
    accent_strong: str
    on_accent: str
    tint: str
    danger: str
    danger_tint: str
    logo: str
    sun: str


LIGHT: Final = Look(
    paper="#fffefb",
    field="#ffffff",
    ink="#1c2227",
    muted="#596067",
    line="#e2ddd3",
    edge="#85837c",
    accent="#0d5c56",
    accent_strong="#084640",
    on_accent="#ffffff",
    tint="#e6f0ed",
    danger="#96291c",
    danger_tint="#f9eae6",
    logo="#0d5c56",
    sun="#f6d9a4",
)
DARK: Final = Look(
    paper="#1a1e22",
    field="#121518",
    ink="#ebe9e3",
    muted="#a5abae",
    line="#2c3237",
    edge="#737a80",
    accent="#86d3c4",
    accent_strong="#a9e2d7",
    on_accent="#07231f",
    tint="#1c302e",
    danger="#f3a598",
    danger_tint="#37211e",
    logo="#22776d",
    sun="#f6d9a4",
)


def of(palette: QPalette) -> Look:
    """Return the look that goes with the rest of the program."""
    return DARK if palette.color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def palette(look: Look) -> QPalette:
    """Return the colours of what the stylesheet does not reach: lists that drop down, selections, links."""
    from PySide6.QtGui import QColor

    roles = QPalette.ColorRole
    made = QPalette()
    for role, colour in (
        (roles.Window, look.paper),
        (roles.WindowText, look.ink),
        (roles.Base, look.field),
        (roles.AlternateBase, look.paper),
        (roles.Text, look.ink),
        (roles.Button, look.paper),
        (roles.ButtonText, look.ink),
        (roles.PlaceholderText, look.muted),
        (roles.Highlight, look.accent),
        (roles.HighlightedText, look.on_accent),
        (roles.Link, look.accent),
    ):
        made.setColor(role, QColor(colour))
    return made


def sheet(look: Look, points: float) -> str:
    """Return the stylesheet for a program whose text has so many points."""
    return f"""
* {{ font-size: {points}pt; color: {look.ink}; }}
QDialog {{ background: {look.paper}; }}
QLabel#title {{ font-size: {points * 1.45:.1f}pt; font-weight: 600; }}
QLabel#about, QLabel#hint {{ color: {look.muted}; }}
QLabel#label {{ font-weight: 600; }}
QLabel#problem {{
  color: {look.danger}; background: {look.danger_tint};
  border-radius: 8px; padding: 10px 14px;
}}
QTextEdit#told {{ background: {look.tint}; border: none; border-radius: 8px; padding: 8px; }}
QTextEdit#told:focus {{ border: 2px solid {look.accent}; padding: 6px; }}
QLineEdit, QComboBox {{
  background: {look.field}; border: 1px solid {look.edge}; border-radius: 8px; min-height: 22px; padding: 8px 11px;
  selection-background-color: {look.accent}; selection-color: {look.on_accent};
}}
QLineEdit:focus, QComboBox:focus {{ border: 2px solid {look.accent}; padding: 7px 10px; }}
QComboBox QLineEdit, QComboBox QLineEdit:focus {{ border: none; padding: 0; background: transparent; }}
QComboBox::drop-down {{ border: none; width: 34px; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QListView {{
  background: {look.field}; border: 1px solid {look.edge}; padding: 4px; outline: none;
  selection-background-color: {look.accent}; selection-color: {look.on_accent};
}}
QComboBox QListView::item {{ min-height: 30px; padding: 2px 8px; border-radius: 5px; color: {look.ink}; }}
QComboBox QListView::item:selected {{ background: {look.accent}; color: {look.on_accent}; }}
QLineEdit#code {{ font-size: {points * 1.5:.1f}pt; min-height: 30px; }}
QPushButton {{
  border-radius: 8px; border: 1px solid {look.edge}; background: {look.paper};
  min-height: 22px; padding: 8px 18px; font-weight: 600;
}}
QPushButton:hover {{ background: {look.tint}; }}
QPushButton:focus {{ border: 2px solid {look.accent}; padding: 7px 17px; }}
QPushButton[way="main"] {{ background: {look.accent}; border-color: {look.accent}; color: {look.on_accent}; }}
QPushButton[way="main"]:hover {{ background: {look.accent_strong}; border-color: {look.accent_strong}; }}
QPushButton[way="main"]:focus {{ border: 2px solid {look.ink}; }}
QPushButton[way="main"]:disabled {{ background: {look.line}; border-color: {look.line}; color: {look.muted}; }}
QPushButton[way="quiet"] {{ border-color: transparent; background: transparent; color: {look.muted}; }}
QPushButton[way="quiet"]:hover {{ color: {look.ink}; }}
QPushButton[way="quiet"]:focus {{ border-color: {look.accent}; color: {look.ink}; }}
"""
