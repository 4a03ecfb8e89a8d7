"""What the resource server's tests share: the two issuers, a clock, and the sample service on its own loopback host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sojourn.resource_server import Verifier
from sojourn.resource_server.sample import sample_app
from tests.features.resource_server.issuers import (
    SECRET,
    OwnIssuer,
    PeerIssuer,
    own_issuer,
    peer_issuer,
)
from tests.features.resource_server.services import asgi_service, loopback_socket


class Service:
    """The sample service: its URL, which is its audience as well, and its issuer."""

    def __init__(self, url: str, issuer: PeerIssuer) -> None:
        self.url = url
        self.issuer = issuer


@pytest.fixture(scope="session")
def sample() -> Iterator[Service]:
    with (
        loopback_socket() as (listening, url),
        peer_issuer(url) as issuer,
    ):
        verifier = Verifier(
            issuer.url,
            audience=url,
            client_id="service",
            client_secret=SECRET,
            scopes_supported=("notes",),
        )
        with asgi_service(sample_app(verifier), listening):
            yield Service(url, issuer)


@pytest.fixture
def issuer() -> Iterator[OwnIssuer]:
    with own_issuer() as running:
        yield running


class Clock:
    """UTC milliseconds that a test moves by hand."""

    def __init__(self) -> None:
        self.at = 1_800_000_000_000

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()
