"""A server over HTTP, and the platforms whose workloads its clients trust: one that says what a test wants, and a
second Sojourn with its own keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sojourn.model.client import Client
from sojourn.model.workload import Workload
from sojourn.testing.server import ServerInTest
from tests.conformance.fixtures import provider, served
from tests.conformance.setting import Provider
from tests.features.resource_server.issuers import OwnIssuer, own_issuer, signing_key

__all__ = ["provider", "served"]

SUBJECT = "repo:analytical/engine:ref:refs/heads/main"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_numbers = count(1)


@pytest.fixture
def platform() -> Iterator[OwnIssuer]:
    with own_issuer() as issuer:
        yield issuer


@pytest.fixture
def sojourn_platform(provider: Provider, tmp_path: Path) -> Iterator[ServerInTest]:
    """A second server of ours, which vouches for workloads, on the same clock."""
    with ServerInTest(tmp_path / "ci", now=provider.clock.now) as server:
        yield server


class Runner:
    """A workload: its client at the server, and the tokens that its platform could give it."""

    def __init__(self, provider: Provider, platform: str, client_id: str) -> None:
        self.provider = provider
        self.platform = platform
        self.client_id = client_id

    def claims(self, **changes: object) -> dict[str, Any]:
        now = self.provider.clock.now() // 1000
        plain: dict[str, object] = {
            "iss": self.platform,
            "sub": SUBJECT,
            "aud": self.provider.issuer,
            "jti": f"run-{next(_numbers)}",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        }
        return {name: value for name, value in (plain | changes).items() if value is not None}

    def token(self, kid: str = "one", *, alg: str = "ES256", typ: str = "JWT", **changes: object):
        return signing_key(alg, kid).sign(self.claims(**changes), typ=typ)

    def shows(self, assertion: str, *, path: str = "/token", **form: str | None) -> httpx2.Response:
        said = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
            **form,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        return httpx2.post(f"{self.provider.issuer}{path}", data=kept, trust_env=False, timeout=60)

    def is_let_in(self, assertion: str) -> None:
        answer = self.shows(assertion)
        assert answer.status_code == 200, answer.text

    def is_refused(self, assertion: str, *, client_id: str | None = "") -> None:
        shown = self.client_id if client_id == "" else client_id
        answer = self.shows(assertion, client_id=shown)
        assert (answer.status_code, answer.json()) == (
            401,
            {"error": "invalid_client", "error_description": "Client authentication failed."},
        )


@pytest.fixture
def runner(provider: Provider, platform: OwnIssuer) -> Callable[..., Runner]:
    """Register a client that trusts the platform's workload."""

    def register(**trust: Any) -> Runner:
        client_id = f"runner-{next(_numbers)}"
        workload = Workload(**{"issuer": platform.url, "subject": SUBJECT, **trust})
        provider.server.add_client(
            Client(
                client_id=client_id,
                token_endpoint_auth_method="private_key_jwt",
                grant_types=("client_credentials",),
                scope=("deploy",),
                workloads=(workload,),
            )
        )
        return Runner(provider, platform.url, client_id)

    return register
