"""A cheap HTTP/1.1 client for the load generator: a connection, one request at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """`head` is the raw header block, `body` the decoded bytes."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The first header of that lower-case name, or empty."""
        for line in self.head.split(b"\r\n")[1:]:
            field, _, value = line.partition(b":")
            if field.lower() == name:
                return value.strip()
        return b""


def request(
    method: str, target: str, *, host: str, headers: Mapping[str, str], body: str = ""
) -> bytes:
    """The bytes of one request; a body is a form."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Connection:
    """A connection to the server under load. Opened by `open`, used by one task."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        return cls(*await asyncio.open_connection(host, port))

    async def send(self, message: bytes) -> Answer:
        self._writer.write(message)
        head = await self._reader.readuntil(END_OF_HEAD)
        status = int(head[9:12])
        lowered = head.lower()
        if b"\r\ntransfer-encoding: chunked" in lowered:
            return Answer(status, head, await self._chunks())
        start = lowered.find(b"\r\ncontent-length:")
        if start < 0:
            return Answer(status, head, b"")
        length = int(lowered[start + 17 : lowered.index(b"\r\n", start + 2)])
        return Answer(status, head, await self._reader.readexactly(length) if length else b"")

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(parts)

    def close(self) -> None:
        self._writer.close()
