"""The base of every stored value: immutable, its shape's version told by `v`. All other files stand on it."""

from __future__ import annotations

from msgspec import Struct

SHAPE = 1
"""The newest shape version this release writes; it reads one more (see `store.records`)."""


class Value(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="v", tag=SHAPE, gc=False
):
    """A stored value. Defaults are left out of its JSON text."""


class Ending(Struct, frozen=True, omit_defaults=True, gc=False):
    """Why a node ended.

    at         UTC ms
    why        a word for people and programs: `signed_out`, `revoked`, `replayed`, `disabled`, ...
    recursive  of a token: whether the tokens based on it end too
    by         who did it: a user id, a client id, or empty for the system
    """

    at: int
    why: str
    recursive: bool = True
    by: str = ""
