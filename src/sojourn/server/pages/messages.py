"""The words of the pages: message tables per locale, the choice of a locale, and how a locale
says a number or a time.

`render` and `picture` read from here; below it stand only the JSON files in `locales/`. Every
visible text has an id. Values put into a message may be hostile: they are cleaned of invisible
and direction-changing characters and shortened.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sojourn.server.pages.devices import Device
    from sojourn.server.pages.view import ScopeRow

__all__ = ["DEFAULT_LOCALE", "LOCALES", "Messages", "iso", "load", "negotiate", "shown"]

LOCALES: Final = ("en", "de", "fr")
DEFAULT_LOCALE: Final = "en"
NAME_LIMIT: Final = 64
SENTENCE_LIMIT: Final = 200
HEADER_LIMIT: Final = 500

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
LONG_AGO: Final = 30 * DAY

# Format characters that letters need (Persian, Indic scripts, joined emoji); every other one can
# only deceive.
JOINERS: Final = frozenset("\u200c\u200d")
UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def shown(text: str, limit: int | None = None) -> str:
    """`text` as it may stand on a page: no control or direction-changing characters, spaces
    folded, cut to `limit`.
    """
    kept = (" " if char in "\t\r\n" else char for char in text if _visible(char))
    folded = re.sub(" {2,}", " ", "".join(kept)).strip(" ")
    if limit is None or len(folded) <= limit:
        return folded
    return folded[: limit - 1].rstrip() + "…"


def _visible(char: str) -> bool:
    return char in "\t\r\n" or char in JOINERS or unicodedata.category(char) not in UNSEEN


def load(locale: str) -> Messages:
    """Read one locale's table; an unknown locale raises FileNotFoundError."""
    source = files("sojourn.server.pages") / "locales" / f"{locale}.json"
    return Messages(locale, json.loads(source.read_text(encoding="utf-8")))


def negotiate(ui_locales: str | None, accept_language: str | None) -> str:
    """Choose a locale: the request's `ui_locales` (OpenID Connect Core §3.1.2.1), then Accept-
    Language (RFC 9110 §12.5.4).
    """
    asked = (ui_locales or "")[:HEADER_LIMIT].split()
    for tag in [*asked, *_accepted((accept_language or "")[:HEADER_LIMIT])]:
        language = tag.replace("_", "-").split("-")[0].lower()
        if language in LOCALES:
            return language
    return DEFAULT_LOCALE


def _accepted(header: str) -> list[str]:
    weighed = []
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        quality = _quality(parameter)
        if quality > 0:
            weighed.append((quality, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]


def _quality(parameter: str) -> float:
    name, _, number = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(number)
    except ValueError:
        return 0.0
    return quality if name.strip().lower() == "q" and 0 <= quality <= 1 else 0.0


class Messages:
    """The table of one locale. An id that is not in it raises KeyError: a missing word is a fault
    of ours.
    """

    def __init__(self, locale: str, table: Mapping[str, str]) -> None:
        self.locale = locale
        self.table = dict(table)

    def has(self, id: str) -> bool:
        return id in self.table

    def text(self, id: str, values: Mapping[str, object] | None = None) -> str:
        """The message as plain text, its `{placeholders}` filled with cleaned values."""
        cleaned = {name: shown(str(value), NAME_LIMIT) for name, value in (values or {}).items()}
        return self.table[id].format_map(cleaned)

    def rich(self, id: str, values: Mapping[str, object]) -> Markup:
        """The message as HTML, its values escaped, emphasised, and unable to turn the direction
        of their surroundings.
        """
        frame = Markup("<strong><bdi>{}</bdi></strong>")
        # The end of a host name says whose it is, so that one is never cut.
        limits = {name: None if name == "host" else NAME_LIMIT for name in values}
        framed = {
            name: frame.format(shown(str(value), limits[name])) for name, value in values.items()
        }
        return Markup(escape(self.table[id])).format_map(framed)  # noqa: S704 - escaped

    def count(self, id: str, number: int) -> str:
        """The message `<id>.one` or `<id>.other` for `number`, as `{n}`."""
        one = number in {0, 1} if self.locale == "fr" else number == 1
        return self.text(f"{id}.{'one' if one else 'other'}", {"n": number})

    def listed(self, words: tuple[str, ...]) -> str:
        """Words in a row: `a, b and c`."""
        if len(words) < 2:
            return "".join(words)
        return self.table["list.and"].format(first=", ".join(words[:-1]), last=words[-1])

    def ago(self, then: int, now: int) -> str:
        """How long before (or after) `now` a time lies; both UTC milliseconds. Far away, its
        date.
        """
        distance = abs(now - then)
        if distance >= LONG_AGO:
            return self.date(then)
        direction = "ago" if then <= now else "ahead"
        if distance < MINUTE:
            return self.text(f"time.{direction}.now")
        for unit, length in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
            if distance >= length:
                return self.count(f"time.{direction}.{unit}", distance // length)
        raise AssertionError(distance)

    def device(self, device: Device) -> str:
        """`Firefox on Linux`, or as much of it as is known."""
        if device.browser and device.system:
            return self.text("device.both", {"browser": device.browser, "system": device.system})
        return device.browser or device.system or self.text("device.unknown")

    def method(self, name: str) -> str:
        """How somebody signed in, for a value of RFC 8176; one we have no word for stands as it
        is.
        """
        known = f"method.{name}"
        return self.text(known) if self.has(known) else shown(name, NAME_LIMIT)

    def methods(self, names: tuple[str, ...]) -> str:
        return self.listed(tuple(self.method(name) for name in names))

    def allowances(self, scopes: tuple[ScopeRow, ...]) -> str:
        """What scopes allow, in a row; those that we have no sentence for are named together at the end."""
        unknown = [one for one in scopes if not (one.sentence or self.has(f"scope.{one.name}"))]
        if len(unknown) < 2:
            return self.listed(tuple(self.scope(scope) for scope in scopes))
        known = tuple(self.scope(scope) for scope in scopes if scope not in unknown)
        names = (self.text("scopes.unknown.name", {"scope": one.name}) for one in unknown)
        several = self.table["scopes.unknown.many"].format(scopes=self.listed(tuple(names)))
        return self.listed((*known, several))

    def scope(self, scope: ScopeRow) -> str:
        """What a scope allows, as a sentence: the resource's own, ours, or a general one that
        quotes its name.
        """
        known = f"scope.{scope.name}"
        if scope.sentence:
            return shown(scope.sentence, SENTENCE_LIMIT)
        return (
            self.text(known)
            if self.has(known)
            else self.text("scopes.unknown", {"scope": scope.name})
        )

    def date(self, then: int) -> str:
        moment = _moment(then)
        return self.table["time.date"].format(
            day=moment.day, month=self.table[f"month.{moment.month}"], year=moment.year
        )

    def date_time(self, then: int) -> str:
        """Day and minute, in UTC."""
        moment = _moment(then)
        return self.table["time.date_time"].format(date=self.date(then), time=f"{moment:%H:%M}")


def iso(then: int) -> str:
    """UTC milliseconds as the `datetime` attribute wants them."""
    return f"{_moment(then):%Y-%m-%dT%H:%M:%SZ}"


def _moment(then: int) -> datetime:
    return datetime.fromtimestamp(then / SECOND, UTC)
