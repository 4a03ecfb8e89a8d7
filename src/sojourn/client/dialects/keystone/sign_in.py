"""The calls that get and end tokens. The plugins stand above it; below it are the environment and
`wire.keystone`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from sojourn.client.env.contract import Env
from sojourn.client.http_errors import said
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import AuthenticationError, ConnectFailure, Malformed, MissingAuthMethods
from sojourn.wire.keystone import Method, Receipt, Scope, Token, auth_body

_HEADERS: Final = (
    ("Accept", "application/json"),
    ("User-Agent", PRODUCT),
    ("Content-Type", "application/json"),
)
_ending = re.compile(r"/+(?:v2\.0|v3)?/*$").sub


def root_of(auth_url: str) -> str:
    """Return `auth_url` without the version that many write at its end: tokens are always got from
    v3."""
    return _ending("", auth_url.strip())


async def token(
    env: Env, auth_url: str, methods: Sequence[Method], scope: Scope, *, catalog: bool = True
) -> Token:
    """Return a token for what `methods` prove. Raises AuthenticationError for a refusal,
    MissingAuthMethods where another factor is asked for, ConnectFailure."""
    url = f"{root_of(auth_url)}/v3/auth/tokens{'' if catalog else '?nocatalog'}"
    body = json.dumps(auth_body(methods, scope), separators=(",", ":")).encode()
    reply = await env.send(Request("POST", url, _HEADERS, body))
    receipt = reply.header("openstack-auth-receipt")
    if reply.status == 401 and receipt:
        raise unfinished(reply.content, receipt)
    return answered(url, reply)


async def federated(
    env: Env, auth_url: str, provider: str, protocol: str, *, access_token: str
) -> Token:
    """Return the unscoped token that Keystone gives for another provider's access token."""
    url = (
        f"{root_of(auth_url)}/v3/OS-FEDERATION/identity_providers/{provider}"
        f"/protocols/{protocol}/auth"
    )
    bearer = ("Authorization", f"Bearer {access_token}")
    return answered(url, await env.send(Request("POST", url, (*_HEADERS[:2], bearer))))


async def look(env: Env, auth_url: str, secret: str) -> Token:
    """Return what the server says of the token `secret`. Raises AuthenticationError for a dead one, ConnectFailure."""
    url = f"{root_of(auth_url)}/v3/auth/tokens"
    fields: Fields = (("X-Auth-Token", secret), ("X-Subject-Token", secret))
    reply = await env.send(Request("GET", url, (*_HEADERS[:2], *fields)))
    if reply.status in (401, 404):
        raise AuthenticationError(f"{root_of(auth_url)} does not take the token any more.")
    return answered(url, reply, secret=secret)


async def end(env: Env, auth_url: str, secret: str) -> None:
    """Revoke the token `secret`. Raises AuthenticationError, ConnectFailure."""
    url = f"{root_of(auth_url)}/v3/auth/tokens"
    fields: Fields = (("X-Auth-Token", secret), ("X-Subject-Token", secret))
    reply = await env.send(Request("DELETE", url, (*_HEADERS[:2], *fields)))
    if reply.status not in (204, 401, 404):  # the latter two: it is dead already
        raise AuthenticationError(f"{url} did not revoke the token: it answered {reply.status}.")


def answered(url: str, reply: Reply, *, secret: str | None = None) -> Token:
    """Return the token in `reply`, the answer of `url`; `secret` is its text where the answer need not say it."""
    if reply.status >= 500 or reply.status == 429:
        raise ConnectFailure(f"{url} answered {reply.status}.", method="POST", url=url)
    if 300 <= reply.status < 400:
        raise AuthenticationError(
            f"{url} redirects to {reply.header('location')}, and credentials do not follow: "
            "write that place as auth_url."
        )
    if reply.status == 404:
        raise AuthenticationError(f"{url} is not there (404): is auth_url= a Keystone with API v3?")
    if reply.status not in (200, 201):
        words = said(reply.header("content-type") or "", reply.content)[0]
        raise AuthenticationError(f"{url} refused the credentials ({reply.status}): {words}")
    try:
        return Token.parse(secret or reply.header("x-subject-token"), reply.content)
    except Malformed as cause:
        text = f"{url} gave no usable token: {cause.public}"
        raise AuthenticationError(text) from cause


def unfinished(content: bytes, receipt: str) -> MissingAuthMethods:
    """Return the error of a 401 with this body, which came with Openstack-Auth-Receipt."""
    try:
        found = Receipt.parse(content)
    except Malformed:
        found = Receipt((), ())
    rules = " or ".join(" + ".join(rule) for rule in found.required)
    return MissingAuthMethods(
        f"Another method of authentication is needed: {rules or 'the server does not say which'}.",
        receipt=receipt,
        methods=found.methods,
        required=found.required,
    )
