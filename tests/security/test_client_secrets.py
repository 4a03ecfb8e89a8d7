"""More than thirty kinds of secret, sent and received by a client: none is in a log, a repr, a history, an archive
or a traceback."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from sojourn import AsyncSession, Session, errors
from sojourn.client.auth import AuthPlugin, Stamp
from tests.client.servers import Server

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0"


class Planted(NamedTuple):
    """A secret, and where it stands in both directions: headers, and a body with its type."""

    kind: str
    secret: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: str = ""
    type: str = "text/plain"


def in_header(kind: str, name: str, before: str = "") -> Planted:
    secret = f"Hdr{len(kind)}{''.join(kind.title().split())}9xQ"
    return Planted(kind, secret, {name: before + secret})


def in_json(kind: str, *path: str) -> Planted:
    secret = f"Jsn{len(kind)}{''.join(kind.title().split())} 7 zW"
    value: Any = secret
    for name in reversed(path):
        value = {name: value}
    return Planted(kind, secret, {}, json.dumps({"n": 1, **value}), "application/json")


def in_form(kind: str, name: str) -> Planted:
    secret = f"Frm{len(kind)}{''.join(kind.title().split())} 5+vB"
    return Planted(
        kind, secret, {}, f"a=1&{name}={quote(secret)}", "application/x-www-form-urlencoded"
    )


def in_text(kind: str, secret: str, text: str, type: str = "text/plain") -> Planted:
    return Planted(kind, secret, {}, text.format(secret), type)


PLANTED = [
    in_header("bearer token", "Authorization", "Bearer "),
    in_header("basic credentials", "Authorization", "Basic "),
    in_header("dpop token", "Authorization", "DPoP "),
    in_header("dpop proof", "DPoP"),
    in_header("proxy credentials", "Proxy-Authorization", "Basic "),
    in_header("session cookie", "Cookie", "session="),
    in_header("new cookie", "Set-Cookie", "session="),
    in_header("keystone token", "X-Auth-Token"),
    in_header("keystone subject token", "X-Subject-Token"),
    in_header("keystone service token", "X-Service-Token"),
    in_header("multi factor receipt", "Openstack-Auth-Receipt"),
    in_header("dynect token", "Auth-Token"),
    in_header("api key", "X-Api-Key"),
    in_header("signature", "X-Hub-Signature-256"),
    in_header("code in a redirect", "Content-Location", "https://app.example/cb?code="),
    in_json("password", "auth", "identity", "password", "user", "password"),
    in_json("keystone token by id", "auth", "identity", "token", "id"),
    in_json("application credential", "application_credential", "secret"),
    in_json("session token", "session_token"),
    in_json("script key", "params", "script_key"),
    in_json("one time passcode", "passcode"),
    in_json("private key field", "private_key"),
    in_json("device code", "device_code"),
    in_json("access token", "access_token"),
    in_form("form password", "password"),
    in_form("refresh token", "refresh_token"),
    in_form("authorization code", "code"),
    in_form("pkce verifier", "code_verifier"),
    in_form("client assertion", "client_assertion"),
    in_form("client secret", "client_secret"),
    in_form("subject token", "subject_token"),
    in_form("actor token", "actor_token"),
    in_form("device flow code", "device_code"),
    in_form("cubicweb password", "__password"),
    in_header("cubicweb signature", "Authorization", "Cubicweb nightly:"),
    in_header("csrf token", "X-CSRF-Token"),
    in_header("shotgrid session", "Cookie", "_session_id="),
    in_json("shotgrid user password", "params", "user_password"),
    in_json("shotgrid second factor", "params", "auth_token"),
    in_json("platform token", "value", "id_token"),
    in_json("job", "SOJOURN_JOB_TOKEN"),
    in_text("sealed job", "c1pherT3xt9xQ7zW5vB", "SOJOURN_JOB=eyJhbGciOiJkaXIifQ..bm9uY2U.{}.dGFn"),
    in_text("job key", "a2V5OXhRN3pXNXZCMTIzNDU2", "SOJOURN_JOB_KEY={}"),
    in_text("private jwk", "Zk9xQ7zW5vBd", '{{"kty": "EC", "crv": "P-256", "x": "a", "d": "{}"}}', "application/json"),
    in_text("private jwk in a log line", "Yk9xQ7zW5vBd", 'key is {{"kty":"EC","d":"{}"}}, used'),
    in_text("signed request in a log line", "5f2b8c0d4e6a7f9b1c3d5e7f90a1b2c3", "Authorization: Cubicweb nightly:{}"),
    in_text("opaque token", "Zq3vB7nXk9TtW2yLr5", "see sj_a_{} for more"),
    in_text("jwt", "sIgNaTuRe9xQ7zW5vB", f"got {JWT}.{{}} back"),
    in_text("json in plain text", "zqcorrect h0rse", 'log: {{"password": "{}"}} end'),
    in_text("field in xml", "XmLs3cr3tValue", "<a><client-secret>{}</client-secret></a>", "application/xml"),
    in_text("url credentials", "UrLp4ssw0rdValue", "clone https://bob:{}@git.example/x"),
    in_text("pem key", "MIGHAgEAMBMGByqGSM49", "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"),
    in_text("forge token", "A1b2C3d4E5f6G7h8I9j0", "use ghp_{} there"),
    in_text("chat token", "123456789012-AbCdEfGhIjKl", "xoxb-{}"),
    in_text("cookie in a log line", "C00kieValue9xQ", "Set-Cookie: sid={}; Path=/"),
    in_text("error description", "Err0rT0ken9xQ7zW", '{{"error_description":"token={} is bad"}}', "application/json"),
]  # fmt: skip


class Carrying(AuthPlugin):
    """Puts the secret where credentials stand."""

    label = "carrier"

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = tuple(headers.items())

    async def authorize(self, env: Any, request: Any) -> Stamp:
        return Stamp(self._headers, 1)


@pytest.fixture
def echo():
    """Answers with what it got: the same body, and the same headers but those of the connection."""
    planted: list[Planted] = []

    def answer(received):
        one = planted[-1]
        return 403, {**one.headers, "Content-Type": one.type}, received.body

    with Server(answer) as server:
        yield planted, server


def test_there_are_more_than_thirty_kinds():
    assert (
        len({one.kind for one in PLANTED})
        == len({one.secret for one in PLANTED})
        == len(PLANTED)
        >= 30
    )


@pytest.mark.parametrize("face", [Session, AsyncSession])
@pytest.mark.parametrize("one", PLANTED, ids=lambda one: one.kind)
def test_a_secret_is_seen_nowhere(echo, caplog, tmp_path, one, face):
    planted, server = echo
    planted.append(one)
    session = face(Carrying(one.headers), history="full", trust_env=False)
    url = f"{server.url}/x?{quote(one.kind)}={quote(one.secret)}#{quote(one.secret)}"
    asked = {"data": one.body.encode() or None, "headers": {"Content-Type": one.type}}
    with caplog.at_level(logging.DEBUG):
        try:
            posted(session, url, **asked)
        except errors.HttpError as error:
            answer: Any = error.response
            seen = (error, vars(error), answer, answer.request, answer.headers, answer.reply)
            shown = [traceback.format_exc(), error.url, *map(repr, seen)]
        else:
            pytest.fail("the server refuses every call")
    session.history.save(tmp_path / "trace.har")
    shown += [
        caplog.text,
        repr(session),
        repr(session.auth),
        repr(session.history),
        (tmp_path / "trace.har").read_text(),
    ]
    for text in shown:
        assert one.secret not in text
        assert quote(one.secret) not in text
        assert one.secret.partition(" ")[0] not in text
    (entry,) = session.history
    assert "***" in repr(entry.exchange), "and something was masked"
    sent = server.received[-1]
    assert (
        one.secret.encode() in sent.body
        or quote(one.secret).encode() in sent.body
        or one.secret in str(sent.headers)
    )


def posted(session: Session | AsyncSession, url: str, **asked: Any) -> None:
    if isinstance(session, Session):
        with session:
            session.post(url, **asked)
        return

    async def post() -> None:
        async with session:
            await session.post(url, **asked)

    asyncio.run(post())
