"""Positive introspection answers, kept for as long as the owner of the service allows. The verifier stands above it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from sojourn.resource_server.access_token import AccessToken
from sojourn.wire import tokens

MOST: Final = 10_000


class Remembered:
    """At most 10,000 accepted tokens by the digest of their text, each for `life` milliseconds at most."""

    def __init__(self, life: int) -> None:
        self._life = life
        self._kept: OrderedDict[str, tuple[int, AccessToken]] = OrderedDict()

    def get(self, text: str, *, now: int) -> AccessToken | None:
        """Return the token of `text` if it is still known to be good."""
        if not self._life:
            return None
        until, token = self._kept.get(tokens.digest(text), (0, None))
        return token if now < until else None

    def put(self, text: str, token: AccessToken, *, now: int) -> None:
        """Keep `token`, never past its own end; the oldest makes room."""
        if not self._life:
            return
        until = min(now + self._life, token.expires_at or now + self._life)
        self._kept[tokens.digest(text)] = (until, token)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
