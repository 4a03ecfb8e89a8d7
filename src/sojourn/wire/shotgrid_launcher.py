"""The shapes of ShotGrid's App Session Launcher, by which a program gets a session that a person approves in the
browser: the request, where the person goes, and the answer to each poll. The `shotgrid` dialect and the server in
`sojourn.testing` stand above it; below it is `json_text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Self

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import json_text
from sojourn.wire.shotgrid import session_token

PATH: Final = "/internal_api/app_session_request"

_is_id = re.compile(r"[A-Za-z0-9_-]{1,256}").fullmatch


def poll_path(request: str) -> str:
    """Return where the request `request` is asked after."""
    return f"{PATH}/{request}"


class LaunchRequest(Struct, frozen=True):
    """Which program asks, on which machine: what the person is shown."""

    app_name: str
    machine_id: str

    @classmethod
    def parse(cls, params: Mapping[str, str]) -> Self:
        """Read the request's parameters; missing ones raise Malformed."""
        return cls(json_text.text(params, "appName"), json_text.text(params, "machineId"))

    def params(self) -> dict[str, str]:
        """Return the parameters as they are sent."""
        return {"appName": self.app_name, "machineId": self.machine_id}


class Launch(Struct, frozen=True):
    """A request that was taken: its id, and the page where the person approves it."""

    id: str
    url: str

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the answer to a request; anything else raises Malformed."""
        members = json_text.parse_object(content)
        found, url = json_text.text(members, "sessionRequestId"), json_text.text(members, "url")
        if not _is_id(found):
            raise Malformed("The sessionRequestId cannot be part of a path.")
        return cls(found, url)

    def text(self) -> bytes:
        """Return the answer as it goes over the wire."""
        return _json({"sessionRequestId": self.id, "url": self.url})


class Approval(Struct, frozen=True):
    """What became of a request; without a token nobody has approved it yet."""

    token: str | None = None
    login: str | None = None

    def __repr__(self) -> str:
        return f"<Approval of {self.login}>" if self.token else "<Approval pending>"

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the answer to a poll; anything else raises Malformed."""
        members = json_text.parse_object(content)
        approved = json_text.optional_flag(members, "approved")
        if approved is None:
            raise Malformed("The answer does not say whether the request was approved.")
        if not approved:
            return cls()
        token = session_token(members.get("sessionToken"))
        return cls(token, json_text.text(members, "userLogin"))

    def text(self) -> bytes:
        """Return the answer as it goes over the wire."""
        if self.token is None:
            return _json({"approved": False})
        return _json({"approved": True, "sessionToken": self.token, "userLogin": self.login})


def _json(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode("ascii")
