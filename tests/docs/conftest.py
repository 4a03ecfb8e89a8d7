"""What the examples of the documentation talk to: a server, the notes service behind it, and its clients."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from uvicorn import Config, Server

from sojourn import set_authenticated_user
from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.resource_server import Verifier
from sojourn.resource_server.sample import sample_app
from sojourn.testing.dynect import DynectInTest
from sojourn.testing.route import route
from sojourn.testing.server import ServerInTest
from sojourn.testing.shotgrid import ShotgridInTest
from tests.client.servers import Server as Small
from tests.client.small_cubicweb import SmallCubicWeb
from tests.client.small_keystone import SmallKeystone

ISSUER = "https://id.example.org"
NOTES = "https://notes.example.org"
KEYSTONE = "https://keystone.example.org:5000"
SHOTGRID = "https://studio.shotgrid.example.org"
DATA = "https://data.example.org"


class World(NamedTuple):
    """Where the examples' addresses lead here, and the secrets of their clients."""

    issuer: str
    notes: str
    notes_secret: str
    nightly_secret: str
    keystone: str
    shotgrid: str
    data: str
    data_password: str
    data_secret: str

    def here(self, code: str) -> str:
        """`code` with the addresses of this world in the place of the documentation's."""
        there = {
            ISSUER: self.issuer,
            NOTES: self.notes,
            KEYSTONE: self.keystone,
            SHOTGRID: self.shotgrid,
            DATA: self.data,
        }
        for written, address in there.items():
            code = code.replace(written, address)
        return code


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    listening = socket.create_server(("127.0.0.1", 0))
    notes = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with ServerInTest(tmp_path_factory.mktemp("world")) as server:
        notes_secret = server.add_client(Client(client_id="notes"))
        server.add_resource(
            Resource(identifier=notes, name="Notes", scopes=("notes",), client_id="notes")
        )
        nightly_secret = server.add_client(
            Client(
                client_id="nightly",
                grant_types=("client_credentials",),
                scope=("notes",),
                resources=(notes,),
            )
        )
        verifier = Verifier(
            server.issuer, audience=notes, client_id="notes", client_secret=notes_secret
        )
        keystone, data = SmallKeystone(), SmallCubicWeb()
        with (
            _serving(sample_app(verifier), listening),
            Small(keystone.answer) as small,
            Small(data.answer) as cubicweb,
            _dynect(),
            ShotgridInTest() as site,
        ):
            site.add_user("bob", "sesame")
            site.add_script("publisher", "key of publisher")
            cloud = keystone.at(small).url
            addresses = {"keystone": cloud, "data": cubicweb.url, "shotgrid": site.url}
            secrets = {"data_password": data.password, "data_secret": data.secret}
            yield World(server.issuer, notes, notes_secret, nightly_secret, **addresses, **secrets)


@contextmanager
def _dynect() -> Iterator[None]:
    """DynECT at its own address."""
    with DynectInTest() as server, route({"https://api.dynect.net": server.url}):
        for customer, user, password in (
            ("customer", "user", "password"),
            ("customer", "another_user", "password"),
            ("customer_two", "user_two", "password_two"),
        ):
            server.add_user(
                customer, user, password, permissions=["ZoneGet"], zones=["example.com"]
            )
        yield


@contextmanager
def _serving(app: Any, listening: socket.socket) -> Iterator[None]:
    server = Server(Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    yield
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def new_user(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty folder, a home of its own, and the secrets where the examples look for them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOJOURN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("NIGHTLY_SECRET", world.nightly_secret)
    monkeypatch.setenv("NOTES_SECRET", world.notes_secret)
    monkeypatch.setenv("DATA_PASSWORD", world.data_password)
    monkeypatch.setenv("DATA_SECRET", world.data_secret)
    monkeypatch.delenv("SOJOURN_ACCOUNT", raising=False)
    yield world
    set_authenticated_user(None)
