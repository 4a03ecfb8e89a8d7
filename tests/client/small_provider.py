"""A token endpoint and a protected resource in one small server: every call is counted, tokens are
accepted until they are revoked, and refresh tokens rotate. For what no healthy provider does on
demand: lost answers, waits, refusals."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

from sojourn.client.cache.store import CredentialStore
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode
from tests.client.servers import Answer, Received, Server, ok


class SmallProvider:
    """Give it to `serve(provider.answer)` and tell it the server's URL with `at`."""

    def __init__(self) -> None:
        self.issuer = ""
        self.live: set[str] = set()
        self.token_calls: list[Received] = []
        self.resource_calls: list[str] = []
        self.expires_in = 3600
        self.on_token: Callable[[Received], Answer] | None = None
        self.on_revoke: Callable[[Received], Answer] | None = None
        self.on_resource: Callable[[Received], None] | None = None
        self._lock = threading.Lock()

    def at(self, server: Server) -> SmallProvider:
        self.issuer = server.url
        return self

    def _metadata(self) -> dict[str, str]:
        endpoints = {"token_endpoint": f"{self.issuer}/token"}
        if self.on_revoke is not None:
            endpoints["revocation_endpoint"] = f"{self.issuer}/revoke"
        return {"issuer": self.issuer, **endpoints}

    def answer(self, received: Received) -> Answer:
        if received.path == "/.well-known/openid-configuration":
            return ok(self._metadata())
        if received.path == "/revoke" and self.on_revoke is not None:
            return self.on_revoke(received)
        if received.path == "/token":
            return self._token(received)
        token = received.headers.get("authorization", "").removeprefix("Bearer ")
        self.resource_calls.append(token)
        if self.on_resource is not None:
            self.on_resource(received)
        return ok() if token in self.live else ok({"error": "invalid_token"}, 401)

    def _token(self, received: Received) -> Answer:
        with self._lock:
            self.token_calls.append(received)
            number = len(self.token_calls)
        if self.on_token is not None:
            answer = self.on_token(received)
            if answer != (0, {}, b""):
                return answer
        self.live.add(f"access-{number}")
        return ok(
            {
                "access_token": f"access-{number}",
                "token_type": "Bearer",
                "expires_in": self.expires_in,
                "refresh_token": f"refresh-{number}",
            }
        )


GO_ON: Answer = (0, {}, b"")
"""What `on_token` returns to let the call take its course."""


def refused(code: str, status: int = 400) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps({"error": code}).encode()


def signed_in(
    issuer: str,
    store: CredentialStore | None = None,
    *,
    lasts: float = -1,
    refresh_token: str | None = "refresh-0",
    resource: str | tuple[str, ...] | None = None,
) -> AuthorizationCode:
    """Return the plugin of a person who signed in an hour ago, kept in `store` if one is given.

    The access token `access-0` lasts `lasts` seconds more.
    """
    now = time.time_ns() // 1_000_000
    held = Credential(
        generation=now - 3_600_000,
        access_token="access-0",
        issued_at=now - 3_600_000,
        expires_at=now + int(lasts * 1000),
        refresh_token=refresh_token,
        claims={"sub": "ada"},
    )
    account = store.account_id("oidc", issuer, "ada") if store else None
    plugin = AuthorizationCode(
        issuer,
        "native",
        scope="openid",
        resource=resource,
        interactive=False,
        store=store,
        account=account,
    )
    plugin.adopt(held)
    if store is not None and account is not None:
        named = {"name": "ada", "subject": "ada", "username": "ada"}
        store.write(account, {**plugin.record(), **named})
    return plugin
