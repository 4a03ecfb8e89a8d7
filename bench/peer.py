"""The HTTP peer: npm oidc-provider, started as one process with everything in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from bench.process import ROOT, server
from bench.target import Target, metadata_of

PORT = 8500


@contextmanager
def oidc_provider(port: int = PORT) -> Iterator[Target]:
    """A running peer; ends with the block."""
    command = ["node", str(ROOT / "bench" / "peer_oidc_provider.mjs"), str(port)]
    environment = {**os.environ, "NODE_ENV": "production"}
    with server(command, port=port, env=environment) as (process, _):
        issuer = f"http://127.0.0.1:{port}"
        yield Target(
            name="oidc-provider",
            issuer=issuer,
            pid=process.pid,
            client_id="bench",
            client_secret="bench-secret",
            opaque="urn:bench:opaque",
            jwt="urn:bench:jwt",
            scope="api",
            fills={"login": "ada", "password": "any"},
            metadata=metadata_of(issuer),
        )
