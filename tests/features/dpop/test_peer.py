"""DPoP with what others wrote: npm openid-client at our server and at a service of ours, with and without nonces."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sojourn.client.env.wall_clock import wall_clock
from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.resource_server import Verifier
from sojourn.resource_server.sample import sample_app
from sojourn.testing.clock import Clock
from sojourn.wire.device import GRANT
from tests.conformance.browser import Landing
from tests.conformance.setting import Provider, running
from tests.features.device.conftest import decided
from tests.features.resource_server.services import asgi_service
from tests.flows.test_openid_client import openid_client

pytestmark = [pytest.mark.peer]

SCOPE = "openid profile offline_access"
CALLBACK = "http://127.0.0.1/callback"
NONCES = b"a key that all processes of the service share"


class WallClock(Clock):
    """The time of this machine: the peer has no other."""

    def now(self) -> int:
        return wall_clock()


def register(provider: Provider, **metadata: object) -> None:
    said: dict[str, object] = {
        "redirect_uris": (CALLBACK,),
        "grant_types": ("authorization_code", "refresh_token", GRANT),
        "response_types": ("code",),
        "scope": (*SCOPE.split(), "notes"),
        "token_endpoint_auth_method": "none",
        "id_token_signed_response_alg": "ES256",
        "dpop_bound_access_tokens": True,
    }
    provider.server.add_client(Client(client_id="peer", **(said | metadata)))  # type: ignore[arg-type]


@pytest.fixture(params=["optional", "required"])
def at(request: pytest.FixtureRequest, tmp_path) -> Iterator[Provider]:
    """A server that asks for nonces, or does not."""
    with running(tmp_path, clock=WallClock(), dpop_nonce=request.param) as provider:
        yield provider


@contextmanager
def service(provider: Provider, *, nonces: bytes | None) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        secret = provider.server.add_client(Client(client_id="service"))
        provider.server.add_resource(
            Resource(identifier=url, scopes=("notes",), client_id="service")
        )
        verifier = Verifier(
            provider.issuer,
            audience=url,
            client_id="service",
            client_secret=secret,
            dpop_nonce_key=nonces,
        )
        with asgi_service(sample_app(verifier), listening):
            yield url


def landed(provider: Provider, url: str) -> str:
    """Where a person's browser ends up that follows `url`."""
    browser = provider.browser()
    landing = browser.finish(browser.open(url), provider.diana, allow=True)
    assert isinstance(landing, Landing)
    return landing.url


def test_openid_client_takes_the_whole_way_with_a_key(at: Provider):
    register(at)
    with openid_client() as peer:
        peer.tell(
            issuer=at.issuer,
            client_id="peer",
            auth="none",
            redirect_uri=CALLBACK,
            scope=SCOPE,
            parameters={"prompt": "consent"},
            dpop=True,
        )
        peer.tell(callback=landed(at, peer.hear("authorize")["url"]))
        assert peer.hear("code")["tokens"]["token_type"] == "dpop"
        assert peer.hear("userinfo")["claims"]["name"] == "Diana Krall"
        renewed = peer.hear("refresh")
        assert (renewed["tokens"]["token_type"], renewed["rotated"]) == ("dpop", False)


@pytest.mark.parametrize("nonces", [None, NONCES], ids=["no nonces", "nonces"])
def test_openid_client_asks_a_service_of_ours_with_a_key(tmp_path, nonces):
    with (
        running(tmp_path, clock=WallClock()) as own,
        service(own, nonces=nonces) as url,
        openid_client() as peer,
    ):
        register(own, resources=(url,))
        peer.tell(
            issuer=own.issuer,
            client_id="peer",
            auth="none",
            redirect_uri=CALLBACK,
            scope=f"{SCOPE} notes",
            parameters={"prompt": "consent"},
            resource=url,
            service=f"{url}/notes",
            dpop=True,
        )
        peer.tell(callback=landed(own, peer.hear("authorize")["url"]))
        assert peer.hear("code")["tokens"]["token_type"] == "dpop"
        told = peer.hear("service")
        assert (told["status"], len(told["body"]["notes"])) == (200, 3)


def test_openid_client_waits_as_a_device_with_a_key(at: Provider):
    register(at)
    with openid_client() as peer:
        peer.tell(
            issuer=at.issuer, client_id="peer", auth="none", flow="device", scope=SCOPE, dpop=True
        )
        told = peer.hear("device")["answer"]
        decided(at.browser(), told["user_code"], at.diana)
        assert peer.hear("approved")["tokens"]["token_type"] == "dpop"
        assert peer.hear("userinfo")["claims"]["name"] == "Diana Krall"
