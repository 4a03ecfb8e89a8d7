"""The text of a user who travels: one JSON object with what binds it in clear (version, key id, audience, end, own id)
and the rest sealed, bound to all of that. The client's `serialize` stands above it; below it are strict JSON and
base64url."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Self

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import base64url, json_text, seal

VERSION: Final = 1
MAX_SIZE: Final = 1 << 20
"""Characters; the longest that is real holds a token with a large catalog."""

_LONGEST = 2048
_MEMBERS: Final = {"v", "kid", "aud", "exp", "jti", "sealed"}


class NewerUser(Malformed):
    text = "The serialised user was written by a later release."


class SerializedUser(Struct, frozen=True):
    """`exp` is UTC milliseconds, whole seconds; `sealed` is what only the key's holder reads."""

    kid: str
    aud: str
    exp: int
    jti: str
    sealed: bytes = b""

    @classmethod
    def parse(cls, payload: str | bytes) -> Self:
        """Read the text; NewerUser for a later version, Malformed for anything else that is none."""
        members = json_text.parse_object(payload, limit=MAX_SIZE)
        version = members.get("v")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise Malformed("It has no version.")
        if version > VERSION:
            raise NewerUser
        kid, aud, jti, sealed = (
            json_text.text(members, name) for name in ("kid", "aud", "jti", "sealed")
        )
        if max(len(kid), len(aud), len(jti)) > _LONGEST:
            raise Malformed("A member is too long.")
        if members.keys() != _MEMBERS or not isinstance(members["exp"], int):
            raise Malformed("It has other members than a serialised user.")
        exp = json_text.moment(members, "exp")
        return cls(kid, aud, exp, jti, base64url.decode(sealed))

    def text(self) -> str:
        """Return the text."""
        members = {
            "v": VERSION,
            "kid": self.kid,
            "aud": self.aud,
            "exp": self.exp // 1000,
            "jti": self.jti,
            "sealed": base64url.encode(self.sealed),
        }
        return json.dumps(members, separators=(",", ":"))

    @property
    def associated(self) -> bytes:
        """What the seal is bound to: all that stands in clear."""
        told = (str(VERSION), self.kid, self.aud, str(self.exp // 1000), self.jti)
        return seal.length_prefixed("serialised user", *told)


class ToolkitUser(Struct, frozen=True):
    """What the Toolkit writes in its JSON form: a person with their session's token, or a script with its key."""

    host: str
    http_proxy: str | None = None
    login: str | None = None
    session_token: str | None = None
    session_metadata: Any = None
    api_script: str | None = None
    api_key: str | None = None

    def __repr__(self) -> str:
        return f"<ToolkitUser {self.login or self.api_script} @ {self.host}>"

    @classmethod
    def parse(cls, payload: str | bytes) -> Self:
        """Read the text; anything else raises Malformed. Its other form, a pickle, is never read."""
        members = json_text.parse_object(payload, limit=MAX_SIZE)
        data = members.get("data")
        needed = _TOOLKIT.get(str(members.get("type")))
        if needed is None or not isinstance(data, Mapping):
            raise Malformed("It is no user of the Toolkit either.")
        told = {name: json_text.text(data, name) for name in ("host", *needed)}
        proxy = json_text.optional_text(data, "http_proxy")
        return cls(**told, http_proxy=proxy or None, session_metadata=data.get("session_metadata"))


_TOOLKIT: Final = {
    "SessionUser": ("login", "session_token"),
    "ScriptUser": ("api_script", "api_key"),
}
