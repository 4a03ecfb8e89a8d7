"""Our server under measurement: `sojourn serve` on durable SQLite in a folder of its own."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from bench.process import server
from bench.target import REDIRECT_URI, Target, metadata_of
from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.server.app import build
from sojourn.server.services import config
from sojourn.wire import exchange

PORT = 8501
SOJOURN = str(Path(sys.executable).with_name("sojourn"))
PERSON, PASSWORD = "ada", "correct horse battery staple"
CLIENT_ID, ONLINE_ID = "bench", "bench-online"
OPAQUE, JWT = "urn:bench:opaque", "urn:bench:jwt"

CLIENT = Client(
    client_id=CLIENT_ID,
    redirect_uris=(REDIRECT_URI,),
    grant_types=("authorization_code", "refresh_token", "client_credentials", exchange.GRANT),
    response_types=("code",),
    scope=("openid", "profile", "offline_access", "api"),
    resources=(OPAQUE, JWT),
    id_token_signed_response_alg="ES256",
)

ONLINE = replace(CLIENT, client_id=ONLINE_ID, grant_types=("authorization_code",))
"""The peer gives a refresh token for `offline_access` alone; ours to every client that may use one."""

Secrets = dict[str, str]


async def _provision(data: Path, port: int) -> Secrets:
    application = await build(config.load({"data": str(data), "port": port}, {}))
    try:
        site = application.site
        hashed = await site.passwords.hash(PASSWORD)
        await site.users.create(PERSON, claims={"name": "Ada"}, password_hash=hashed)
        for identifier, token_format in ((OPAQUE, "opaque"), (JWT, "jwt")):
            resource = Resource(
                identifier=identifier,
                scopes=("api",),
                token_format=token_format,
                client_id=CLIENT_ID,
            )
            await site.clients.add_resource(resource)
        return {one.client_id: (await site.clients.create(one))[1] for one in (CLIENT, ONLINE)}
    finally:
        await application.close()


def provision(data: Path, port: int) -> Secrets:
    """Fill an empty data folder; returns the clients' secrets by their ids."""
    data.mkdir(mode=0o700)
    return asyncio.run(_provision(data, port))


def serve_command(data: Path, port: int) -> list[str]:
    return [SOJOURN, "serve", "--data", str(data), "--host", "127.0.0.1", "--port", str(port)]


def target_of(pid: int, port: int, secrets: Secrets) -> Target:
    issuer = f"http://127.0.0.1:{port}"
    return Target(
        name="sojourn",
        issuer=issuer,
        pid=pid,
        client_id=CLIENT_ID,
        client_secret=secrets[CLIENT_ID],
        online=(ONLINE_ID, secrets[ONLINE_ID]),
        opaque=OPAQUE,
        jwt=JWT,
        scope="api",
        fills={"login": PERSON, "password": PASSWORD, "decision": "allow"},
        metadata=metadata_of(issuer),
    )


@contextmanager
def sojourn(port: int = PORT) -> Iterator[Target]:
    """A running server of ours; it and its data end with the block."""
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as folder:
        data = Path(folder) / "data"
        secrets = provision(data, port)
        with server(serve_command(data, port), port=port) as (process, _):
            yield target_of(process.pid, port, secrets)
