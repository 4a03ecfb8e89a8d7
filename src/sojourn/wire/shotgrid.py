"""The shapes of ShotGrid (Flow Production Tracking): the JSON calls of `/api3/json`, who makes them, answers and
faults, what a site says of itself, and the REST API's tokens, in both directions. The `shotgrid` dialect and the server
in `sojourn.testing` stand above it; below it are `json_text` and `oauth`.

The App Session Launcher has its own module, `shotgrid_launcher`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Self

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import json_text
from sojourn.wire.oauth import TokenResponse

RPC: Final = "/api3/json"
REST: Final = "/api/v1"
ACCESS_TOKEN: Final = f"{REST}/auth/access_token"
SAML: Final = "/saml/saml_login_request"
"""Where a site with single sign-on sends a caller whose session has ended."""

COOKIE: Final = "_session_id"
"""The cookie that holds the session token, for attachments."""

REFUSED: Final = 102
SECOND_FACTOR: Final = 106
SSO_ONLY: Final = 108
IDENTITY_ONLY: Final = 110

MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes: the records of a large query come in one answer."""
_OPEN: Final = frozenset({"info"})
"""Methods that are called without saying who calls."""
_WAYS: Final = (("user_login", "user_password"), ("script_name", "script_key"), ("session_token",))

_TEXTS: Final = (
    "user_login",
    "user_password",
    "auth_token",
    "script_name",
    "script_key",
    "session_token",
)

_is_method = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}").fullmatch
# What a cookie may hold (RFC 6265 §4.1.1): the token is sent as one.
_is_token = re.compile(r"[!#-+\--:<-\[\]-~]{1,4096}").fullmatch
_is_name = re.compile(r"[^\x00-\x1f\x7f]{1,4096}").fullmatch


class Caller(Struct, frozen=True, kw_only=True):
    """Who makes a call: a user by password and perhaps a second factor, a script by its key, or whoever holds a session
    token; exactly one of the three. `more` are members that are not known here."""

    user_login: str | None = None
    user_password: str | None = None
    auth_token: str | None = None
    script_name: str | None = None
    script_key: str | None = None
    session_token: str | None = None
    reject_if_expired: bool = False
    more: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Caller {self.user_login or self.script_name or 'with a session token'}>"

    @classmethod
    def parse(cls, members: object) -> Self:
        """Read the first of a call's params; what names none of the three, or several, raises Malformed."""
        if not isinstance(members, dict):
            raise Malformed("The call does not say who makes it.")
        known = {name: json_text.optional_text(members, name) for name in _TEXTS}
        given = {name: value for name, value in known.items() if value is not None}
        ways = [way for way in _WAYS if any(name in given for name in way)]
        if len(ways) != 1 or not all(given.get(name) for name in ways[0]):
            raise Malformed("The call does not name one user, one script or one session.")
        if "auth_token" in given and ways[0] is not _WAYS[0]:
            raise Malformed("A second factor goes with a password.")
        if not all(_is_name(value) for value in given.values()):
            raise Malformed("A credential is too long, or holds a control character.")
        reject = json_text.optional_flag(members, "reject_if_expired") or False
        more = {name: members[name] for name in members if name not in cls.__struct_fields__}
        return cls(**given, reject_if_expired=reject, more=more)

    def members(self) -> dict[str, Any]:
        """Return the caller as it goes over the wire."""
        found = {name: getattr(self, name) for name in _TEXTS if getattr(self, name) is not None}
        if self.reject_if_expired:
            found["reject_if_expired"] = True
        return {**self.more, **found}


class Call(Struct, frozen=True):
    """One call: a method, who calls, and at most one value of arguments."""

    method: str
    caller: Caller | None = None
    arguments: Any = None

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the body of a call; anything else raises Malformed."""
        members = json_text.parse_object(content, limit=MAX_ANSWER)
        method, params = json_text.text(members, "method_name"), members.get("params")
        if not _is_method(method) or not isinstance(params, list) or len(params) > 2:
            raise Malformed("The call is no method with its params.")
        if method in _OPEN:
            return cls(method, None, params[0] if params else None)
        if not params:
            raise Malformed("The call does not say who makes it.")
        return cls(method, Caller.parse(params[0]), params[1] if params[1:] else None)

    def text(self) -> bytes:
        """Return the body as it goes over the wire."""
        params = [self.caller.members()] if self.caller else []
        if self.arguments:
            params.append(self.arguments)
        body = {"method_name": self.method, "params": params}
        return json.dumps(body, separators=(",", ":")).encode("ascii")


class Fault(Struct, frozen=True):
    """Why a call was refused: `code` is one of those above, another, or None."""

    message: str
    code: int | None = None

    def text(self) -> bytes:
        """Return the refusal as it goes over the wire."""
        body = {"exception": True, "error_code": self.code, "message": self.message}
        return json.dumps(body, separators=(",", ":")).encode("ascii")


class Answer(Struct, frozen=True):
    """What a call gave: its results, or a fault."""

    results: Any = None
    fault: Fault | None = None

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read an answer's body; what is no JSON object or of another shape raises Malformed."""
        members = json_text.parse_object(content, limit=MAX_ANSWER)
        if not json_text.optional_flag(members, "exception"):
            return cls(members.get("results", members))
        code = members.get("error_code")
        if code is not None and (not isinstance(code, int) or isinstance(code, bool)):
            raise Malformed("The answer's error_code is not a number.")
        message = json_text.optional_text(members, "message")
        return cls(None, Fault(message or "The site does not say why.", code))

    def text(self) -> bytes:
        """Return the answer as it goes over the wire."""
        if self.fault is not None:
            return self.fault.text()
        return json.dumps({"results": self.results}, separators=(",", ":")).encode("ascii")


def token_of(results: object) -> str:
    """Return the token that `get_session_token` gave; results without one raise Malformed."""
    found = results.get("session_id") if isinstance(results, dict) else None
    return session_token(found)


def session_token(text: object) -> str:
    """Return `text`, which must be what a session token can be: printable, and fit for a cookie (RFC 6265 §4.1.1)."""
    if not isinstance(text, str) or not _is_token(text):
        raise Malformed("The text is no session token.")
    return text


def entity_of(results: object) -> dict[str, Any] | None:
    """Return `type` and `id` of the only entity that `read` found, None where it found none; another shape, or
    several, raise Malformed."""
    found = results.get("entities") if isinstance(results, dict) else None
    if not isinstance(found, list) or len(found) > 1:
        raise Malformed("The answer does not hold one entity.")
    if not found:
        return None
    members = found[0] if isinstance(found[0], dict) else {}
    number = members.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise Malformed("The entity has no id.")
    return {"type": json_text.text(members, "type"), "id": number}


def reading(entity: str, field: str, value: str) -> dict[str, Any]:
    """Return the arguments of `read` for the entities of the type `entity` whose `field` is `value`: at most two, so
    that a name which several have is noticed."""
    condition = {"path": field, "relation": "is", "values": [value]}
    return {
        "type": entity,
        "return_fields": ["id"],
        "filters": {"logical_operator": "and", "conditions": [condition]},
        "return_only": "active",
        "paging": {"entities_per_page": 2, "current_page": 1},
        "api_return_image_urls": True,
    }


class Info(Struct, frozen=True):
    """What a site says of itself: its version, and how people sign in there: `default`, `ldap`, `saml2`, `oxygen`."""

    version: tuple[int, ...] = ()
    authentication: str = "default"
    unified_login: bool = False
    launcher: bool = False

    @classmethod
    def parse(cls, results: object) -> Self:
        """Read the results of `info`; another shape raises Malformed."""
        if not isinstance(results, dict) or not isinstance(results.get("version", []), list):
            raise Malformed("The site does not say which version it has.")
        numbers = results.get("version", [])
        version = tuple(
            one for one in numbers if isinstance(one, int) and not isinstance(one, bool)
        )
        return cls(
            version,
            json_text.optional_text(results, "user_authentication_method") or "default",
            json_text.optional_flag(results, "unified_login_flow_enabled") or False,
            json_text.optional_flag(results, "authentication_app_session_launcher_enabled")
            or False,
        )

    def members(self) -> dict[str, Any]:
        """Return the results of `info`."""
        return {
            "version": list(self.version),
            "full_version": [*self.version, 0],
            "user_authentication_method": self.authentication,
            "unified_login_flow_enabled": self.unified_login,
            "authentication_app_session_launcher_enabled": self.launcher,
        }

    @property
    def takes_passwords(self) -> bool:
        """Whether the site itself judges passwords."""
        return self.authentication not in {"saml2", "oxygen"}


class RestGrant(Struct, frozen=True):
    """What a REST token is asked for with: a session, a script, or a user. The names are OAuth's, the rest is not
    (RFC 6749 knows no `session_token` grant, and a second factor is its own parameter here)."""

    grant_type: str
    secret: str
    name: str | None = None
    auth_token: str | None = None

    def __repr__(self) -> str:
        return f"<RestGrant {self.grant_type} {self.name or ''}>".replace(" >", ">")

    @classmethod
    def parse(cls, params: Mapping[str, str]) -> Self:
        """Read the parameters of a request; anything else raises Malformed."""
        kind = json_text.text(params, "grant_type")
        if kind == "session_token":
            return cls(kind, json_text.text(params, "session_token"))
        if kind == "client_credentials":
            key, name = json_text.text(params, "client_secret"), json_text.text(params, "client_id")
            return cls(kind, key, name)
        if kind == "password":
            word, name = json_text.text(params, "password"), json_text.text(params, "username")
            return cls(kind, word, name, params.get("auth_token"))
        raise Malformed("The grant_type is not known.")

    def params(self) -> dict[str, str]:
        """Return the parameters as they are sent."""
        kind = {"grant_type": self.grant_type}
        if self.grant_type == "session_token":
            return {**kind, "session_token": self.secret}
        if self.grant_type == "client_credentials":
            return {**kind, "client_id": self.name or "", "client_secret": self.secret}
        code = {"auth_token": self.auth_token} if self.auth_token else {}
        return {**kind, "username": self.name or "", "password": self.secret, **code}


def rest_token(content: bytes) -> TokenResponse:
    """Read the answer to a REST grant that succeeded; one without a Bearer token raises Malformed."""
    found = TokenResponse.parse(content, status=200)
    if found.token_type.lower() != "bearer" or not _is_token(found.access_token):
        raise Malformed("The REST API gave no Bearer token.")
    return found
