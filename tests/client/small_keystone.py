"""A Keystone and its cloud in one small server: every sign-in is counted, tokens are accepted until
they are revoked. For what no healthy Keystone does on demand; the real one is in tests/seeds."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from tests.client.servers import Answer, Received, Server, ok

USER = {"id": "u-ada", "name": "ada", "domain": {"id": "default", "name": "Default"}}
PROJECT = {"id": "p-1", "name": "proj", "domain": {"id": "default", "name": "Default"}}


class SmallKeystone:
    """Give it to `serve(keystone.answer)` and tell it the server's URL with `at`."""

    def __init__(self) -> None:
        self.url = ""
        self.password = "right"
        self.live: set[str] = set()
        self.sign_ins: list[Received] = []
        self.ended: list[str] = []
        self.seen: list[str] = []
        self.issued_at = "2026-01-01T00:00:00.000000Z"
        self.expires_at = "2999-01-01T00:00:00.000000Z"
        self.on_request: Callable[[Received], Answer] | None = None
        self.on_sign_in: Callable[[Received], Answer] | None = None
        self.documents: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def at(self, server: Server) -> SmallKeystone:
        self.url = server.url
        return self

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(one.body)["auth"] for one in self.sign_ins]

    def endpoint(
        self, url: str, interface: str = "public", region: str = "north"
    ) -> dict[str, str]:
        return {
            "id": f"e-{interface}-{region}",
            "interface": interface,
            "region_id": region,
            "url": url,
        }

    def catalog(self) -> list[dict[str, Any]]:
        compute = [
            self.endpoint(f"{self.url}/compute/v2.1/p-1"),
            self.endpoint(f"{self.url}/inside/v2.1/p-1", "internal"),
            self.endpoint(f"{self.url}/south/v2.1/p-1", region="south"),
        ]
        volumes = [self.endpoint(f"{self.url}/volume/v3/p-1")]
        return [
            {"type": "compute", "name": "nova", "id": "s-1", "endpoints": compute},
            {"type": "volumev3", "name": "cinder", "id": "s-2", "endpoints": volumes},
            {"type": "identity", "id": "s-3", "endpoints": [self.endpoint(self.url)]},
        ]

    def answer(self, received: Received) -> Answer:
        if received.path in self.documents:
            return self.documents[received.path]
        if received.path == "/v3/auth/tokens":
            return self._token(received)
        if received.path.startswith("/v3/OS-FEDERATION/"):
            return self._federated(received)
        token = received.headers.get("x-auth-token", "")
        self.seen.append(token)
        if self.on_request is not None:
            answer = self.on_request(received)
            if answer != (0, {}, b""):
                return answer
        return ok({"path": received.target}) if token in self.live else _refused()

    def _token(self, received: Received) -> Answer:
        if received.method == "DELETE":
            self.ended.append(received.headers["x-subject-token"])
            return 204, {}, b""
        with self._lock:
            self.sign_ins.append(received)
            number = len(self.sign_ins)
        if self.on_sign_in is not None:
            answer = self.on_sign_in(received)
            if answer != (0, {}, b""):
                return answer
        identity = json.loads(received.body)["auth"]["identity"]
        if identity.get("password", {}).get("user", {}).get("password", "right") != self.password:
            return _refused()
        return self.token(f"token-{number}")

    def token(self, secret: str) -> Answer:
        self.live.add(secret)
        body = {
            "methods": ["password"],
            "user": USER,
            "project": PROJECT,
            "roles": [{"id": "r-1", "name": "member"}],
            "audit_ids": ["a-2", "a-1"],
            "issued_at": self.issued_at,
            "expires_at": self.expires_at,
            "catalog": self.catalog(),
        }
        return ok({"token": body}, 201, X_Subject_Token=secret)

    def _federated(self, received: Received) -> Answer:
        if received.headers.get("authorization") != "Bearer from-elsewhere":
            return _refused()
        return self.token("unscoped")


def _refused() -> Answer:
    error = {"code": 401, "title": "Unauthorized", "message": "requires authentication"}
    return ok({"error": error}, 401, WWW_Authenticate='Keystone uri="x"')


GO_ON: Answer = (0, {}, b"")
"""What `on_request` and `on_sign_in` return to let the call take its course."""
