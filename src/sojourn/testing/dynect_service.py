"""What a small DynECT answers: users, tokens, zones and jobs held in memory, and the faults that a
test asks for. `testing.dynect` serves it over HTTP; below it is `wire.dynect`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any, Final, NamedTuple

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import dynect, json_text
from sojourn.wire.dynect import FAILURE, INCOMPLETE, SUCCESS, Envelope, SignIn

_REFUSED: Final = "login: Bad or expired credentials"
_HINT: Final = "login: There was a problem with your credentials"


class Answer(NamedTuple):
    """One answer over HTTP."""

    status: int
    body: bytes
    location: str | None = None
    retry_after: int | None = None


class _User(Struct):
    password: str
    permissions: tuple[str, ...]
    zones: dict[str, dict[str, Any]]


class _Slow(Struct):
    """A call that takes a while: its job is asked for `polls` times in vain."""

    polls: int
    status: str


class _Job(Struct):
    left: int
    status: str
    result: Envelope


class _Faults(Struct):
    """What goes wrong next, each so many times."""

    limited: int = 0
    blocked: int = 0
    task: int = 0
    raw: list[Answer | None] = []


class DynectService:
    """The answers of one DynECT. Any number of threads may ask at once."""

    def __init__(self) -> None:
        self.tokens: dict[str, tuple[str, str]] = {}
        self._users: dict[tuple[str, str], _User] = {}
        self._jobs: dict[int, _Job] = {}
        self._slow: dict[str, _Slow] = {}
        self._faults = _Faults()
        self._next_job = 0
        self._lock = RLock()

    # What a test sets up -----------------------------------------------------------------------------------

    def add_user(
        self,
        customer: str,
        user: str,
        password: str,
        *,
        permissions: Iterable[str] = (),
        zones: Iterable[str] = (),
    ) -> None:
        """Make a user, or make one anew; `permissions` and `zones` are names."""
        owned = {name: _zone(name) for name in zones}
        self._users[customer, user] = _User(password, tuple(permissions), owned)

    def expire(self) -> None:
        """End every session; the next call of each is refused in band, over a live connection."""
        with self._lock:
            self.tokens.clear()

    def limit(self, times: int) -> None:
        """Refuse the next `times` calls because there were too many."""
        self._faults.limited = times

    def block(self, times: int, *, task: int = 7) -> None:
        """Refuse the next `times` calls because `task` is under way."""
        self._faults.blocked, self._faults.task = times, task

    def slow(self, path: str, *, polls: int, status: str = "redirect") -> None:
        """Make calls to `path` jobs that are asked for `polls` times in vain.

        `status` is how they say so: "redirect" by 307, "incomplete" in the envelope.
        """
        self._slow[path] = _Slow(polls, status)

    def answer_next(
        self,
        status: int,
        body: bytes,
        *,
        location: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Answer the next call with exactly this; `retry_after` is in seconds."""
        self._faults.raw.append(Answer(status, body, location, retry_after))

    def drop_next(self) -> None:
        """Take the next call and close the connection without a word."""
        self._faults.raw.append(None)

    # What it answers ---------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, token: str | None, body: bytes) -> Answer | None:
        """Return the answer to one call, or None to close the connection."""
        with self._lock:
            if self._faults.raw:
                return self._faults.raw.pop(0)
            if method not in dynect.METHODS:
                return _over_http(
                    _failed("That method is not allowed.", code="INVALID_REQUEST"), 405
                )
            place = path.rstrip("/")
            if (method, place) == ("POST", "/REST/Session"):
                return self._limited() or _over_http(self._signed_in(body))
            who = self.tokens.get(token or "")
            if who is None:
                return _over_http(_refused())
            return self._limited() or self._called(method, path, who, token or "", body)

    def _limited(self) -> Answer | None:
        faults = self._faults
        if faults.limited:
            faults.limited -= 1
            return _over_http(_failed("rate limit exceeded", code=dynect.RATE_LIMITED), 429)
        if faults.blocked:
            faults.blocked -= 1
            told = ("token: Operation blocked by current task", f"task_id: {faults.task}")
            return _over_http(_failed(*told, code="OPERATION_FAILED"))
        return None

    def _signed_in(self, body: bytes) -> Envelope:
        try:
            asked = SignIn.parse(body)
        except Malformed as error:
            return _failed(str(error), code="INVALID_DATA")
        user = self._users.get((asked.customer, asked.user))
        if user is None or not secrets.compare_digest(user.password, asked.password):
            return _refused()
        token = secrets.token_urlsafe(24)
        self.tokens[token] = (asked.customer, asked.user)
        return self._good({"token": token, "version": "3.7.0"}, "login: Login successful")

    def _called(
        self, method: str, path: str, who: tuple[str, str], token: str, body: bytes
    ) -> Answer:
        place = path.rstrip("/")
        if place.startswith("/REST/Job/"):
            return self._job(place)
        try:
            arguments = json_text.parse_object(body) if body else {}
        except Malformed as error:
            return _over_http(_failed(str(error), code="INVALID_DATA"))
        slow = self._slow.get(path)
        result = self._result(method, place, who, token, arguments)
        if slow is None:
            return _over_http(result)
        self._next_job += 1
        job = self._jobs[self._next_job] = _Job(slow.polls, slow.status, result)
        return self._unfinished(self._next_job, job)

    def _result(
        self, method: str, place: str, who: tuple[str, str], token: str, arguments: dict[str, Any]
    ) -> Envelope:
        kind = place.split("/")[2]
        tell: Callable[..., Envelope] | None = {
            "Session": self._session,
            "Password": self._password,
            "UserPermissionReport": self._permissions,
            "Zone": self._zones,
            "Task": self._tasks,
        }.get(kind)
        if tell is None:
            return _failed(f"resource: {kind} is not known", code="NOT_FOUND")
        return tell(method, place, who, token, arguments)

    def _session(
        self, method: str, place: str, who: tuple[str, str], token: str, arguments: dict[str, Any]
    ) -> Envelope:
        if method == "DELETE":
            del self.tokens[token]
            return self._good({}, "logout: Logout successful")
        return self._good({}, "isalive: User session is still active")

    def _password(
        self, method: str, place: str, who: tuple[str, str], token: str, arguments: dict[str, Any]
    ) -> Envelope:
        try:
            self._users[who].password = json_text.text(arguments, "password")
        except Malformed as error:
            return _failed(str(error), code="INVALID_DATA")
        return self._good({}, "update: Password changed")

    def _permissions(
        self, method: str, place: str, who: tuple[str, str], token: str, arguments: dict[str, Any]
    ) -> Envelope:
        name = arguments.get("user_name", who[1])
        user = self._users.get((who[0], name))
        if user is None:
            return _failed("user_name: No such user", code="NOT_FOUND")
        report = dynect.Report(name, user.permissions).members()
        return self._good(report, "report: Here is your report")

    def _zones(
        self, method: str, place: str, who: tuple[str, str], token: str, arguments: dict[str, Any]
    ) -> Envelope:
        zones, name = self._users[who].zones, place.removeprefix("/REST/Zone").strip("/")
        if not name:
            detailed = arguments.get("detail") == "Y"
            listed = [*zones.values()] if detailed else [f"/REST/Zone/{one}/" for one in zones]
            return self._good(listed, "get: Your zones")
        if method == "POST" and name not in zones:
            zones[name] = _zone(name)
        elif method == "POST":
            return _failed(f"name: Name {name} already exists", code="TARGET_EXISTS")
        elif name not in zones:
            return _failed(f"zone: No such zone {name}", code="NOT_FOUND")
        zone = zones.pop(name) if method == "DELETE" else zones[name]
        return self._good({} if method == "DELETE" else zone, f"{method.lower()}: {name}")

    def _tasks(
        self, method: str, place: str, who: tuple[str, str], token: str, arguments: dict[str, Any]
    ) -> Envelope:
        return self._good([], "get: Here are your tasks")

    def _job(self, place: str) -> Answer:
        number = dynect.job_of(place)
        job = self._jobs.get(number)
        if job is None:
            return _over_http(_failed(f"job: No such job {number}", code="NOT_FOUND"))
        if job.left == 0:
            return _over_http(job.result)
        job.left -= 1
        return self._unfinished(number, job)

    def _unfinished(self, number: int, job: _Job) -> Answer:
        if job.status == "redirect":
            return Answer(307, dynect.job_path(number).encode("ascii"), dynect.job_path(number))
        return Answer(200, Envelope(INCOMPLETE, {}, number).text())

    def _good(self, data: object, said: str) -> Envelope:
        self._next_job += 1
        return Envelope(SUCCESS, data, self._next_job, dynect.messages_of([said]))


def _zone(name: str) -> dict[str, Any]:
    return {"zone": name, "zone_type": "Primary", "serial": 1, "serial_style": "increment"}


def _failed(*infos: str, code: str) -> Envelope:
    return Envelope(FAILURE, {}, 0, dynect.messages_of(infos, code=code))


def _refused() -> Envelope:
    return _failed(_REFUSED, _HINT, code="INVALID_DATA")


def _over_http(envelope: Envelope, status: int = 400) -> Answer:
    return Answer(status if envelope.status == FAILURE else 200, envelope.text())
