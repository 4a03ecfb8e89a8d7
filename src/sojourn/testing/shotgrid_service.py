"""What a small ShotGrid site answers: people, scripts, sessions, entities and browser sign-ins held in memory, and the
faults that a test asks for. `testing.shotgrid` serves it over HTTP; below it are `wire.shotgrid` and
`wire.shotgrid_launcher`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from threading import RLock
from typing import Any, Final

from msgspec import Struct

from sojourn.errors import InvalidRequest, Malformed
from sojourn.testing.loopback import LoopbackAnswer, LoopbackCall
from sojourn.wire import forms, shotgrid, shotgrid_launcher
from sojourn.wire.shotgrid import Answer, Call, Caller, Fault, Info, RestGrant
from sojourn.wire.shotgrid_launcher import Approval, Launch, LaunchRequest

SESSION_EXPIRED: Final = "Session has expired, please log in again."
_WRONG: Final = "Can't authenticate user '{}'"
_REST_LIFE: Final = 600  # seconds

_form_field = re.compile(rb'name="session_token"\r\n\r\n([^\r]+)\r\n').search


class _Person(Struct):
    password: str
    code: str | None
    id: int


class _Script(Struct):
    key: str
    id: int


class _Faults(Struct):
    """What goes wrong next."""

    raw: list[LoopbackAnswer | None] = []
    busy: list[tuple[str, int]] = []


class ShotgridService:
    """The answers of one site. Any number of threads may ask at once.

    `tokens` are the sessions that are open: token -> (entity type, name). `rest_tokens` likewise.
    """

    def __init__(self) -> None:
        self.info = Info((8, 50, 1), launcher=True)
        self.tokens: dict[str, tuple[str, str]] = {}
        self.rest_tokens: dict[str, str] = {}
        self.entities: dict[str, list[dict[str, Any]]] = {"HumanUser": [], "ApiUser": []}
        self.attachments: dict[str, bytes] = {}
        self._people: dict[str, _Person] = {}
        self._scripts: dict[str, _Script] = {}
        self._launches: dict[str, Approval | None] = {}
        self._single_sign_on = False
        self._faults = _Faults()
        self._lock = RLock()

    # What a test sets up ---------------------------------------------------------------------------------------------

    def add_user(self, login: str, password: str, *, code: str | None = None) -> int:
        """Make a person, or give one another password; `code` is their second factor, if any. Returns the id of the
        HumanUser."""
        known = self._people.get(login)
        members = {"login": login, "sg_status_list": "act"}
        number = known.id if known else self._add("HumanUser", members)
        self._people[login] = _Person(password, code, number)
        return number

    def add_script(self, name: str, key: str) -> int:
        """Make a script; returns the id of the ApiUser."""
        number = self._add("ApiUser", {"firstname": name})
        self._scripts[name] = _Script(key, number)
        return number

    def expire(self, login: str | None = None) -> None:
        """End the sessions of `login`, or all."""
        with self._lock:
            self.tokens = {
                token: who for token, who in self.tokens.items() if login not in (None, who[1])
            }

    def expire_rest(self) -> None:
        """End the tokens of the REST API; sessions stay."""
        with self._lock:
            self.rest_tokens.clear()

    def leave_sign_ins_to(self, method: str) -> None:
        """Take no passwords any more: `saml2` sends callers whose session has ended to the provider, `oxygen` does
        not."""
        self.info = Info(self.info.version, method, launcher=self.info.launcher)
        self._single_sign_on = method == "saml2"

    def offer_launcher(self, *, offered: bool) -> None:
        """Switch the App Session Launcher on or off."""
        self.info = Info(self.info.version, self.info.authentication, launcher=offered)

    @property
    def launches(self) -> list[str]:
        """The browser sign-ins that wait for a person."""
        return [one for one, approval in self._launches.items() if approval is not None]

    def approve(self, request: str, login: str) -> None:
        """Let `login` approve a browser sign-in."""
        with self._lock:
            self._launches[request] = Approval(self.open_session("HumanUser", login), login)

    def reject(self, request: str) -> None:
        """Let the person say no to a browser sign-in."""
        self._launches[request] = None

    def answer_next(self, answer: LoopbackAnswer | None) -> None:
        """Answer the next call with exactly this; None closes the connection without a word."""
        self._faults.raw.append(answer)

    def busy(self, path: str, *statuses: int) -> None:
        """Answer the next calls to paths that begin with `path` with these statuses."""
        self._faults.busy.extend((path, status) for status in statuses)

    def _add(self, kind: str, members: dict[str, Any]) -> int:
        with self._lock:
            known = self.entities.setdefault(kind, [])
            number = len(known) + 1
            known.append({"type": kind, "id": number, **members})
            return number

    # What it answers -------------------------------------------------------------------------------------------------

    def answer(self, call: LoopbackCall, url: str) -> LoopbackAnswer | None:
        """Return the answer to one call, or None to close the connection."""
        path = call.path.partition("?")[0]
        with self._lock:
            if self._faults.raw:
                return self._faults.raw.pop(0)
            for fault in self._faults.busy:
                if path.startswith(fault[0]):
                    self._faults.busy.remove(fault)
                    return LoopbackAnswer(fault[1], b"busy", content_type="text/html")
            for begin, told in self._told().items():
                if path.startswith(begin):
                    return told(call, path, url)
            return _page(404, "There is no such page.")

    def _told(self) -> dict[str, Callable[[LoopbackCall, str, str], LoopbackAnswer]]:
        return {
            shotgrid.RPC: self._called,
            shotgrid_launcher.PATH: self._launched,
            shotgrid.ACCESS_TOKEN: self._rest_token,
            shotgrid.REST: self._rest,
            "/upload/": self._uploaded,
            "/file_serve/attachment/": self._downloaded,
            "/user/login": lambda *_: _page(200, "Sign in."),
        }

    # The JSON API ----------------------------------------------------------------------------------------------------

    def _called(self, call: LoopbackCall, path: str, url: str) -> LoopbackAnswer:
        try:
            asked = Call.parse(call.body)
        except Malformed as error:
            return _said(Fault(str(error), 100))
        if asked.method == "info":
            return _results(self.info.members())
        caller = asked.caller or Caller()
        token = caller.session_token
        if token is not None and token not in self.tokens and self._single_sign_on:
            return LoopbackAnswer(302, b"", (("Location", f"{url}{shotgrid.SAML}"),))
        who = self._judged(caller)
        if isinstance(who, Fault):
            return _said(who)
        return self._done(asked, token, who)

    def _done(self, asked: Call, token: str | None, who: tuple[str, str]) -> LoopbackAnswer:
        if asked.method == "get_session_token":
            return _results({"session_id": token or self.open_session(*who)})
        arguments = asked.arguments if isinstance(asked.arguments, dict) else {}
        if asked.method == "read":
            found = self._found(arguments)
            return _results({"entities": found, "paging_info": {"has_next_page": False}})
        if asked.method == "create":
            fields = {one["field_name"]: one["value"] for one in arguments.get("fields", [])}
            number = self._add(str(arguments.get("type")), fields)
            return _results({"type": arguments.get("type"), "id": number, **fields})
        return _said(Fault(f"API call {asked.method}() is not known.", 103))

    def _judged(self, caller: Caller) -> tuple[str, str] | Fault:
        if caller.session_token is not None:
            return self.tokens.get(caller.session_token) or Fault(SESSION_EXPIRED, shotgrid.REFUSED)
        if caller.script_name is not None:
            script = self._scripts.get(caller.script_name)
            if script is None or not _same(script.key, caller.script_key):
                return Fault(f"Can't authenticate script '{caller.script_name}'", shotgrid.REFUSED)
            return "ApiUser", caller.script_name
        return self._judged_person(caller)

    def _judged_person(self, caller: Caller) -> tuple[str, str] | Fault:
        elsewhere = {"saml2": shotgrid.SSO_ONLY, "oxygen": shotgrid.IDENTITY_ONLY}
        if self.info.authentication in elsewhere:
            return Fault("Passwords are not allowed.", elsewhere[self.info.authentication])
        login = caller.user_login or ""
        person = self._people.get(login)
        if person is None or not _same(person.password, caller.user_password):
            return Fault(_WRONG.format(login), shotgrid.REFUSED)
        if person.code is not None and not _same(person.code, caller.auth_token):
            return Fault("Missing required two-factor authentication", shotgrid.SECOND_FACTOR)
        return "HumanUser", login

    def open_session(self, kind: str, name: str) -> str:
        """Open a session of the entity `kind` called `name`, whatever would prove it; returns its token."""
        token = secrets.token_hex(16)
        self.tokens[token] = (kind, name)
        return token

    def _found(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = arguments.get("filters", {}).get("conditions", [])
        known = self.entities.get(str(arguments.get("type")), [])
        found = [one for one in known if all(_fits(one, condition) for condition in wanted)]
        fields = {"type", "id", *arguments.get("return_fields", [])}
        limit = arguments.get("paging", {}).get("entities_per_page", 500)
        return [
            {name: value for name, value in one.items() if name in fields} for one in found[:limit]
        ]

    # Forms and attachments -------------------------------------------------------------------------------------------

    def _uploaded(self, call: LoopbackCall, path: str, url: str) -> LoopbackAnswer:
        found = _form_field(call.body)
        token = found[1].decode("latin-1") if found else ""
        if token not in self.tokens and b'name="script_key"' not in call.body:
            return _page(200, "0: not signed in")
        number = str(len(self.attachments) + 1)
        self.attachments[number] = call.body
        return _page(200, f"1:{number}\n")

    def _downloaded(self, call: LoopbackCall, path: str, url: str) -> LoopbackAnswer:
        name, _, token = call.headers.get("cookie", "").partition("=")
        if name != shotgrid.COOKIE or token not in self.tokens:
            return LoopbackAnswer(302, b"", (("Location", "/user/login"),))
        content = self.attachments.get(path.rpartition("/")[2])
        if content is None:
            return _page(400, "There is no such attachment.")
        return LoopbackAnswer(200, content, content_type="application/octet-stream")

    # REST ------------------------------------------------------------------------------------------------------------

    def _rest_token(self, call: LoopbackCall, path: str, url: str) -> LoopbackAnswer:
        try:
            grant = RestGrant.parse(forms.parse(call.body))
        except (InvalidRequest, Malformed) as error:
            return _rest_error(400, str(error))
        who = self._judged(_caller(grant))
        if isinstance(who, Fault):
            return _rest_error(401, who.message)
        token = secrets.token_urlsafe(24)
        self.rest_tokens[token] = who[1]
        return _json(
            {
                "token_type": "Bearer",
                "access_token": token,
                "expires_in": _REST_LIFE,
                "refresh_token": secrets.token_urlsafe(24),
            }
        )

    def _rest(self, call: LoopbackCall, path: str, url: str) -> LoopbackAnswer:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        who = self.rest_tokens.get(token) if kind == "Bearer" else None
        if who is None:
            return _rest_error(401, "The token is not good.")
        return _json({"data": {"type": "caller", "id": who}, "links": {"self": path}})

    # The App Session Launcher ----------------------------------------------------------------------------------------

    def _launched(self, call: LoopbackCall, path: str, url: str) -> LoopbackAnswer:
        if not self.info.launcher:
            return _page(403, "The feature is off.")
        if call.method == "POST" and path == shotgrid_launcher.PATH:
            return self._launch(call, url)
        found = self._launches.get(path.rpartition("/")[2])
        if found is None:
            return _page(404, "There is no such request.")
        return LoopbackAnswer(200, found.text())

    def _launch(self, call: LoopbackCall, url: str) -> LoopbackAnswer:
        try:
            LaunchRequest.parse(forms.parse(call.body))
        except (InvalidRequest, Malformed) as error:
            return _page(400, str(error))
        request = secrets.token_hex(12)
        self._launches[request] = Approval()
        return LoopbackAnswer(200, Launch(request, f"{url}/app_session_request/{request}").text())


def _caller(grant: RestGrant) -> Caller:
    if grant.grant_type == "session_token":
        return Caller(session_token=grant.secret)
    if grant.grant_type == "client_credentials":
        return Caller(script_name=grant.name, script_key=grant.secret)
    return Caller(user_login=grant.name, user_password=grant.secret, auth_token=grant.auth_token)


def _fits(entity: dict[str, Any], condition: dict[str, Any]) -> bool:
    if condition.get("relation") != "is":
        return False
    return entity.get(str(condition.get("path"))) in condition.get("values", [])


def _same(one: str, other: str | None) -> bool:
    return secrets.compare_digest(one.encode(), (other or "").encode())


def _said(fault: Fault) -> LoopbackAnswer:
    return LoopbackAnswer(200, fault.text())


def _results(results: object) -> LoopbackAnswer:
    return LoopbackAnswer(200, Answer(results).text())


def _json(members: object, status: int = 200) -> LoopbackAnswer:
    return LoopbackAnswer(status, json.dumps(members).encode("ascii"))


def _rest_error(status: int, title: str) -> LoopbackAnswer:
    return _json({"errors": [{"status": status, "title": title}]}, status)


def _page(status: int, text: str) -> LoopbackAnswer:
    return LoopbackAnswer(status, text.encode(), content_type="text/html")
