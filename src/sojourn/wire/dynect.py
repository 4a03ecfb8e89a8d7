"""The shapes of the DynECT REST API: paths, the envelope of every answer and its messages, sign-in,
jobs and the permission report, in both directions. The `dynect` dialect and the server in
`sojourn.testing` stand above it; below it is `json_text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self
from urllib.parse import urlsplit

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import json_text

ROOT: Final = "/REST"
SESSION: Final = f"{ROOT}/Session/"
PASSWORD: Final = f"{ROOT}/Password/"
PERMISSIONS: Final = f"{ROOT}/UserPermissionReport/"

METHODS: Final = ("DELETE", "GET", "POST", "PUT")
TOKEN_HEADER: Final = "Auth-Token"
VERSION_HEADER: Final = "API-Version"

SUCCESS: Final = "success"
FAILURE: Final = "failure"
INCOMPLETE: Final = "incomplete"

RATE_LIMITED: Final = "RATE_LIMIT_EXCEEDED"
_BLOCKED: Final = "Operation blocked by current task"
_REFUSED: Final = "login:"

MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes: the records of a large zone come in one answer."""
_LONGEST = 4096
_MEMBERS = frozenset({"status", "data", "job_id", "msgs"})

_is_path = re.compile(
    r"/REST/[\x21\x24-\x3e\x40-\x5b\x5d-\x7e]+"
).fullmatch  # no ", #, ?, \ or space
_has_dots = re.compile(r"(?i)(?:^|/)(?:\.|%2e){1,2}(?:/|$)").search
_is_job = re.compile(r"/REST/Job/([0-9]{1,18})/?").fullmatch
_is_task = re.compile(r"task_id:\s+([0-9]{1,18})").fullmatch
_is_token = re.compile(r"[\x21-\x7e]{1,4096}").fullmatch


def path_of(uri: str) -> str:
    """Return the path that `uri` means: a leading slash and `/REST` are added where they lack.

    Anything that is no plain path below `/REST/` (a host, a query, dots, a space) raises Malformed.
    """
    path = uri if uri.startswith("/") else f"/{uri}"
    if path != ROOT and not path.startswith(f"{ROOT}/"):
        path = ROOT + path
    if not _is_path(path) or _has_dots(path) or "//" in path:
        raise Malformed("The uri is not a path of the DynECT API.")
    return path


def job_path(job_id: int) -> str:
    """Return the path at which the result of a slow call is asked for."""
    return f"{ROOT}/Job/{job_id}/"


def job_of(location: str) -> int:
    """Return the job that a Location header names, absolute or not; anything else raises Malformed."""
    try:
        found = _is_job(urlsplit(location).path)
    except ValueError:
        found = None
    if found is None:
        raise Malformed("The answer redirects to something that is not a job.")
    return int(found[1])


class Message(Struct, frozen=True):
    """One of an answer's `msgs`: what it says, who says it, a code such as `NOT_FOUND`, a level."""

    info: str
    source: str | None = None
    code: str | None = None
    level: str | None = None

    @classmethod
    def parse(cls, members: object) -> Self:
        """Read one message; another shape raises Malformed."""
        if not isinstance(members, dict):
            raise Malformed("A message of the answer is not an object.")
        info = json_text.optional_text(members, "INFO")
        if info is None:
            raise Malformed("A message of the answer says nothing.")
        source, code, level = (
            json_text.optional_text(members, name) for name in ("SOURCE", "ERR_CD", "LVL")
        )
        return cls(info, source, code, level)

    def members(self) -> dict[str, Any]:
        """Return the message as it goes over the wire."""
        return {"INFO": self.info, "SOURCE": self.source, "ERR_CD": self.code, "LVL": self.level}


class Envelope(Struct, frozen=True):
    """One answer. `data` is whatever the call gives; `job_id` is there whenever it is incomplete;
    `more` are members that are not known here."""

    status: str
    data: Any = None
    job_id: int | None = None
    messages: tuple[Message, ...] = ()
    more: Mapping[str, Any] = {}

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read an answer's body; what is empty, no JSON or of another shape raises Malformed."""
        if not content:
            raise Malformed("The answer of the DynECT API is empty.")
        members = json_text.parse_object(content, limit=MAX_ANSWER)
        status, job_id, told = (members.get(name) for name in ("status", "job_id", "msgs"))
        if status not in (SUCCESS, FAILURE, INCOMPLETE):
            raise Malformed("The answer says neither success nor failure nor incomplete.")
        if job_id is not None and (not isinstance(job_id, int) or isinstance(job_id, bool)):
            raise Malformed("The answer's job_id is not a number.")
        if status == INCOMPLETE and job_id is None:
            raise Malformed("The answer is incomplete and names no job.")
        if told is not None and not isinstance(told, list):
            raise Malformed("The answer's msgs are not a list.")
        messages = tuple(Message.parse(one) for one in told or ())
        more = {name: value for name, value in members.items() if name not in _MEMBERS}
        return cls(str(status), members.get("data"), job_id, messages, more)

    def members(self) -> dict[str, Any]:
        """Return the whole answer as plain values."""
        told = [message.members() for message in self.messages]
        known = {"status": self.status, "data": self.data, "job_id": self.job_id, "msgs": told}
        return {**self.more, **known}

    def text(self) -> bytes:
        """Return the answer as it goes over the wire."""
        return json.dumps(self.members(), separators=(",", ":")).encode("ascii")

    @property
    def refuses_token(self) -> bool:
        """Whether the call was refused because nobody is signed in, or no more."""
        first = self.messages[0].info if self.messages else ""
        return self.status == FAILURE and first.startswith(_REFUSED)

    @property
    def rate_limited(self) -> bool:
        """Whether the call was refused because there were too many."""
        return self.status == FAILURE and any(one.code == RATE_LIMITED for one in self.messages)

    @property
    def blocked(self) -> bool:
        """Whether the call was refused because a task of the customer's is under way."""
        return self.status == FAILURE and any(_BLOCKED in one.info for one in self.messages)

    @property
    def task_id(self) -> int | None:
        """The task that blocks the call, where the answer names it."""
        found = (_is_task(one.info) for one in self.messages)
        return next((int(match[1]) for match in found if match), None)


def refuses_token(content: bytes) -> bool:
    """Tell whether `content` is an answer that refuses the token; cheap for all that is not."""
    if b"login:" not in content:
        return False
    try:
        return Envelope.parse(content).refuses_token
    except Malformed:
        return False


class SignIn(Struct, frozen=True):
    """What `POST /REST/Session/` takes."""

    customer: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"<SignIn {self.user} of {self.customer}>"

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the body of a sign-in; anything else raises Malformed."""
        members = json_text.parse_object(content)
        names = ("customer_name", "user_name", "password")
        customer, user, password = (json_text.text(members, name) for name in names)
        if max(len(customer), len(user), len(password)) > _LONGEST:
            raise Malformed("A credential is too long.")
        return cls(customer, user, password)

    def members(self) -> dict[str, str]:
        """Return the body as plain values."""
        return {
            "customer_name": self.customer,
            "user_name": self.user,
            "password": self.password,
        }


def token_of(envelope: Envelope) -> str:
    """Return the token of a sign-in that succeeded; an answer without one raises Malformed."""
    data = envelope.data if isinstance(envelope.data, dict) else {}
    token = data.get("token")
    if not isinstance(token, str) or not _is_token(token):
        raise Malformed("The answer to the sign-in holds no token.")
    return token


class Report(Struct, frozen=True):
    """The permission report of one user: the names of what is allowed, in the answer's order."""

    user: str | None
    allowed: tuple[str, ...]

    @classmethod
    def parse(cls, data: object) -> Self:
        """Read the `data` of a report; anything else raises Malformed."""
        if not isinstance(data, dict):
            raise Malformed("The permission report is not an object.")
        allowed = data.get("allowed", [])
        if not isinstance(allowed, list) or not all(isinstance(one, dict) for one in allowed):
            raise Malformed("The permission report lists no permissions.")
        names = tuple(json_text.text(one, "name") for one in allowed)
        return cls(json_text.optional_text(data, "user_name"), names)

    def members(self) -> dict[str, Any]:
        """Return the report as the `data` of an answer."""
        allowed = [{"name": name, "zone": []} for name in self.allowed]
        return {
            "user_name": self.user,
            "allowed": allowed,
            "forbidden": [],
            "admin_override": "0",
        }


def messages_of(infos: Iterable[str], *, code: str | None = None) -> tuple[Message, ...]:
    """Return the messages of an answer; with `code` it failed, and the first one says so."""
    told = list(infos)
    first = Message(told[0], "API-B", code, "ERROR" if code else "INFO")
    return (first, *(Message(info, "API-B", None, "INFO") for info in told[1:]))


def arguments_of(given: object) -> dict[str, Any]:
    """Return the arguments of a call as a mapping.

    None is no arguments. Of an object its attributes `_x` that hold something become `x`, each by
    its own `_json` where it has one: so the record classes of the `dyn` package can be passed.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    attributes = getattr(given, "__dict__", None)
    if attributes is None:
        message = f"The arguments of a call are a mapping or an object, not {type(given).__name__}."
        raise TypeError(message)
    return {
        name[1:]: getattr(value, "_json", value)
        for name, value in attributes.items()
        if name.startswith("_") and value is not None and not callable(value)
    }
