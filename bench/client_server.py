"""The server of the client bench: tokens for every peer and one small resource, as cheap as Python
allows, in a process of its own: `python -m bench.client_server PORT`."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = "bench-token-0123456789abcdefghijklmnopqrstuvwxyz"
RESOURCE = "/resource"
SERVICE = "bench"
FILTER = {"service_type": SERVICE, "interface": "public", "region_name": "here"}
_END = b"\r\n\r\n"


def answer(body: dict[str, Any], *fields: str, status: str = "200 OK") -> bytes:
    text = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(text)}"]
    return "\r\n".join([*lines, *fields]).encode() + _END + text


def answers(port: int) -> dict[bytes, bytes]:
    """Return every answer by method and path."""
    root = f"http://127.0.0.1:{port}"
    grant = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
    now = datetime.now(UTC)
    endpoint = {
        "id": "e",
        "interface": "public",
        "region": "here",
        "region_id": "here",
        "url": root,
    }
    keystone = {
        "methods": ["password"],
        "user": {"id": "u", "name": "bench", "domain": {"id": "default", "name": "Default"}},
        "issued_at": now.isoformat(),
        "expires_at": (now + timedelta(hours=1)).isoformat(),
        "catalog": [{"type": SERVICE, "name": SERVICE, "id": "s", "endpoints": [endpoint]}],
    }
    metadata = {"issuer": root, "token_endpoint": f"{root}/token"}
    return {
        b"GET /.well-known/openid-configuration": answer(metadata),
        b"POST /token": answer(grant),
        b"POST /v3/auth/tokens": answer(
            {"token": keystone}, f"X-Subject-Token: {TOKEN}", status="201 Created"
        ),
        f"GET {RESOURCE}".encode(): answer({"name": "one", "size": 1, "tags": ["a", "b"]}),
    }


class Conversation(asyncio.Protocol):
    """One connection; a request whose token is not the right one is refused."""

    def __init__(self, known: dict[bytes, bytes]) -> None:
        self._known = known
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(_END)) >= 0:
            head = self._held[:end]
            length = _length(head)
            if len(self._held) < end + 4 + length:
                return
            self._held = self._held[end + 4 + length :]
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        wanted = head[: head.index(b" HTTP/")]
        if wanted.endswith(RESOURCE.encode()) and TOKEN.encode() not in head:
            return answer({"error": "no token"}, status="401 Unauthorized")
        return self._known.get(wanted) or answer({"error": "no"}, status="404 Not Found")


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    return int(lowered[start + 17 :].split(b"\r\n", 1)[0])


async def main(port: int) -> None:
    known = answers(port)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Conversation(known), "127.0.0.1", port)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
