"""What programs say to each other about credentials: git's helpers (gitcredentials(7)), kubectl's plugins
(client.authentication.k8s.io), and the JSON that others print. The command line and the plugin that reads
another tool's process stand above it; below it is `json_text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import json_text

API_VERSIONS: Final = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
MAX_SIZE: Final = 65536

_EXEC = "ExecCredential"
_is_token = re.compile(r"(?=.{1,16384}$)[A-Za-z0-9\-._~+/]+=*").fullmatch  # RFC 6750 §2.1
_has_control = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]").search
_ENDS: Final = ("expirationTimestamp", "expiry", "expiration", "Expiration")


class Token(Struct, frozen=True):
    """A token and its end, UTC milliseconds; None where it is not known."""

    text: str
    expires_at: int | None = None

    def __repr__(self) -> str:
        return f"<Token until {self.expires_at}>"


class GitQuestion(Struct, frozen=True):
    """What git asks a helper about: `host` may have a port; `capabilities` are what it understands."""

    protocol: str
    host: str
    password: str | None = None
    credential: str | None = None
    capabilities: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<GitQuestion {self.protocol}://{self.host}>"


def parse_git(text: str) -> GitQuestion:
    """Read the attributes that git writes to a helper; what breaks their grammar raises Malformed."""
    if len(text) > MAX_SIZE or _has_control(text):
        raise Malformed("The question of git is too long or holds a control character.")
    found: dict[str, str] = {}
    capabilities: list[str] = []
    for line in text.split("\n"):
        if not line:
            break
        name, equals, value = line.partition("=")
        if not equals or not name:
            raise Malformed("A line of git's question is not name=value.")
        if name == "capability[]":
            capabilities.append(value)
        elif not name.endswith("[]") and found.setdefault(name, value) != value:
            raise Malformed(f"Git's question says {name} twice.")
    return GitQuestion(
        found.get("protocol", ""),
        found.get("host", ""),
        found.get("password"),
        found.get("credential"),
        tuple(capabilities),
    )


def git_answer(question: GitQuestion, token: Token, *, user: str) -> str:
    """Return what a helper writes to git: a bearer credential where git understands one, else a user
    name and the token as the password."""
    if "authtype" in question.capabilities:
        given = {"authtype": "Bearer", "credential": token.text, "ephemeral": "1"}
        lines = ["capability[]=authtype", *(f"{name}={value}" for name, value in given.items())]
    else:
        lines = [f"username={user}", f"password={token.text}"]
    if token.expires_at is not None:
        lines.append(f"password_expiry_utc={token.expires_at // 1000}")
    return "".join(f"{line}\n" for line in lines)


def asked_version(info: str | None) -> str:
    """Return the API version that kubectl asks for in `KUBERNETES_EXEC_INFO`; another one raises
    Malformed, none is the newest."""
    if not info:
        return API_VERSIONS[0]
    version = json_text.text(json_text.parse_object(info), "apiVersion")
    if version not in API_VERSIONS:
        raise Malformed("kubectl asks for a version of ExecCredential that is not known.")
    return version


def exec_credential(version: str, token: Token) -> str:
    """Return the ExecCredential that kubectl reads."""
    status: dict[str, Any] = {"token": token.text}
    if token.expires_at is not None:
        ends = datetime.fromtimestamp(token.expires_at // 1000, UTC)
        status["expirationTimestamp"] = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"apiVersion": version, "kind": _EXEC, "status": status})


def parse_token(text: str, *, now: int) -> Token:
    """Read the token that another tool printed: an ExecCredential, an object with `access_token` or
    `token`, or the bare token on one line. `now` is UTC ms. Anything else raises Malformed."""
    plain = text.strip()
    if not plain.startswith("{"):
        if not _is_token(plain):
            raise Malformed("The credential process printed no token.")
        return Token(plain)
    members = json_text.parse_object(plain, limit=MAX_SIZE)
    if members.get("kind") == _EXEC:
        status = members.get("status")
        members = status if isinstance(status, dict) else {}
    name = "access_token" if "access_token" in members else "token"
    token = json_text.text(members, name)
    if not _is_token(token):
        raise Malformed("The credential process printed a token that no header can carry.")
    return Token(token, _end(members, now))


def _end(members: Mapping[str, Any], now: int) -> int | None:
    if (lasts := json_text.optional_moment(members, "expires_in")) is not None:
        return now + lasts
    for name in _ENDS:
        value = members.get(name)
        if isinstance(value, str):
            return _moment(value)
    return json_text.optional_moment(members, "expires_at")


def _moment(text: str) -> int:
    found = None
    with suppress(ValueError):
        found = datetime.fromisoformat(text)
    if found is None or found.tzinfo is None:
        raise Malformed("The credential process printed an end that is no time with its zone.")
    return int(found.timestamp() * 1000)
