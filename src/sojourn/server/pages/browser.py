"""The browser: the sign-ins it holds, and the proof that a form came from our own page.

The session cookie is a list of at most 8 opaque sign-in tokens, the active one first, each judged alone. A form carries
an HMAC of the browser's own random cookie and the form's name; before that, Origin or Sec-Fetch-Site must be ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Final

from msgspec import Struct
from starlette.requests import Request

from sojourn.errors import ForgedForm
from sojourn.model.admission import Admitted
from sojourn.model.signin import SignIn
from sojourn.model.user import User
from sojourn.server.login.decision import Account
from sojourn.server.pages.interactions import FLOW, LOGOUT
from sojourn.server.pages.site import Site
from sojourn.server.services.sessions.signins import Device, Started
from sojourn.wire import base64url, cookies, seal

MOST: Final = 8
SIGNINS: Final = "signins"
BROWSER: Final = "browser"
CROWD: Final = 8_000
"""Bytes of page flows that a browser may bring along; with what one answer adds, a request stays under its limit."""
_SEPARATOR: Final = "."


class Held(Struct, frozen=True):
    """One live sign-in that the browser holds, with its cookie text."""

    text: str
    admitted: Admitted
    signin: SignIn
    user: User

    def __repr__(self) -> str:
        return f"Held({self.signin!r})"


class Browser:
    """What one request's browser brought. `read` makes it."""

    def __init__(
        self,
        site: Site,
        held: tuple[Held, ...],
        secret: str,
        *,
        fresh: bool,
        crowd: tuple[str, ...] = (),
    ) -> None:
        self._site = site
        self.held = held
        self._secret = secret
        self._fresh = fresh
        self._crowd = crowd

    @classmethod
    async def read(cls, site: Site, request: Request) -> Browser:
        """Judge each sign-in in the cookie; dead, foreign and repeated ones count as not there."""
        jar = cookies.parse(request.headers.get("cookie", ""))
        secret = jar.get(site.cookie_name(BROWSER), "")
        fresh = len(secret) != 22
        if fresh:
            secret = base64url.encode(site.context.random(16))
        held: list[Held] = []
        texts = jar.get(site.cookie_name(SIGNINS), "").split(_SEPARATOR)[:MOST]
        for text in dict.fromkeys(texts):
            admitted = await site.sessions.signins.find(text) if text else None
            if admitted is None:
                continue
            signin, user = admitted.leaf.value, admitted.value(User)
            if isinstance(signin, SignIn) and isinstance(user, User):
                held.append(Held(text, admitted, signin, user))
        return cls(site, tuple(held), secret, fresh=fresh, crowd=_crowd(site, jar))

    @property
    def active(self) -> Held | None:
        return self.held[0] if self.held else None

    def by_sid(self, sid: str) -> Held | None:
        return next((one for one in self.held if one.signin.id == sid), None)

    async def accounts(self) -> tuple[Account, ...]:
        """The sign-ins as the decision sees them, their `sub` for a client left out."""
        idle = self._site.sessions.signins.idle
        return tuple([Account(one.signin, one.user, await idle(one.signin)) for one in self.held])

    def csrf(self, form: str) -> str:
        """The anti-CSRF value of a form in this browser."""
        key = self._site.context.purposes.mac
        return base64url.encode(seal.mac(key, "csrf", self._secret, form)[:18])

    def check(self, request: Request, form: str, given: str) -> None:
        """Raises ForgedForm unless the form came from our own page in this browser."""
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site")
        if origin is not None and origin != "null":
            ours = origin == self._site.origin
        else:
            ours = site in (None, "same-origin") and origin is None
        if not ours or self._fresh or not self.is_of(form, given):
            raise ForgedForm

    def is_of(self, form: str, given: str) -> bool:
        """Whether `given`, any text, is the anti-CSRF value of a form in this browser."""
        return compare_digest(self.csrf(form).encode(), given.encode())

    def cookies(self, held: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """The Set-Cookie texts of this answer: the browser's own if it is new, the sign-ins if they change, and the
        end of the oldest page flows if there are too many.
        """
        found = tuple(self._site.no_cookie(purpose) for purpose in self._crowd)
        if self._fresh:
            found = (*found, self._site.cookie(BROWSER, self._secret))
        if held is None:
            return found
        value = _SEPARATOR.join(held[:MOST])
        changed = self._site.cookie(SIGNINS, value) if value else self._site.no_cookie(SIGNINS)
        return (*found, changed)

    def with_started(self, started: Started) -> tuple[str, ...]:
        """The cookie list with a sign-in in front, without any other of the same user or sign-in."""
        others = tuple(
            one.text
            for one in self.held
            if one.signin.id != started.signin.id and one.user.id != started.signin.user_id
        )
        return (started.text, *others)

    def without(self, sids: frozenset[str]) -> tuple[str, ...]:
        """The cookie list without some sign-ins."""
        return tuple(one.text for one in self.held if one.signin.id not in sids)

    def activated(self, sid: str) -> tuple[str, ...]:
        """The cookie list with one of its sign-ins in front."""
        chosen = [one.text for one in self.held if one.signin.id == sid]
        return (*chosen, *(one.text for one in self.held if one.signin.id != sid))


def _crowd(site: Site, jar: Mapping[str, str]) -> tuple[str, ...]:
    """Purposes of the oldest page flows over CROWD. Browsers send older cookies first (RFC 6265 §5.4)."""
    prefix = site.cookie_name(BROWSER).removesuffix(BROWSER)
    flows = [name for name in jar if name.startswith((f"{prefix}{FLOW}-", f"{prefix}{LOGOUT}-"))]
    size, surplus = 0, []
    for name in reversed(flows):
        size += len(name) + len(jar[name])
        if size > CROWD:
            surplus.append(name.removeprefix(prefix))
    return tuple(surplus)


def device(site: Site, request: Request) -> Device:
    """What a request says of its device."""
    return Device(site.address(request), request.headers.get("user-agent", ""))
