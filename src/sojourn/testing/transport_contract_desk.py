"""The contract of transports: both faces behind calls that return when the answer is there, the
options of a transport, and certificates. The cases stand above it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sojourn.client.transport.contract import AsyncTransport, Reply, Request, Transport
from sojourn.testing.transport_contract_server import LIMIT


class TransportOptions(NamedTuple):
    """How a case wants its transport: as the arguments of a session of the same names."""

    verify: bool | str = True
    cert: str | None = None
    proxy: str | Mapping[str, str] | None = None
    trust_env: bool = False


class Face(Protocol):
    """A transport, driven."""

    blocking: bool

    def send(self, request: Request) -> Reply: ...

    def send_all(self, requests: Iterable[Request]) -> list[Reply]: ...

    def close(self) -> None: ...

    def in_child(self) -> Face:
        """The same transport, as a forked child drives it."""


class BlockingFace:
    """A synchronous transport."""

    blocking = True

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: Request) -> Reply:
        return self._transport.send(request)

    def send_all(self, requests: Iterable[Request]) -> list[Reply]:
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(self._transport.send, requests))

    def close(self) -> None:
        self._transport.close()

    def in_child(self) -> Face:
        return self


class AsyncFace:
    """An asynchronous transport on a loop of its own."""

    blocking = False

    def __init__(self, transport: AsyncTransport) -> None:
        self.transport = transport
        self._runner = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it returns
        return self._runner.run(coroutine)

    def send(self, request: Request) -> Reply:
        reply: Reply = self.run(self.transport.send(request))
        return reply

    def send_all(self, requests: Iterable[Request]) -> list[Reply]:
        async def all_of_them() -> list[Reply]:
            return await asyncio.gather(*(self.transport.send(each) for each in requests))

        replies: list[Reply] = self.run(all_of_them())
        return replies

    def close(self) -> None:
        self.run(self.transport.close())

    def end(self) -> None:
        """Close the transport and the loop."""
        self.close()
        self._runner.close()

    def in_child(self) -> Face:
        return AsyncFace(self.transport)


Open = Callable[[TransportOptions], Face]


def eventually(waited: Callable[[float], bool]) -> None:
    """Wait for an event that must come."""
    assert waited(LIMIT), "it did not come"  # noqa: S101 - a case asserts


class Authority:
    """A certificate authority of one's own, in `folder`: what it signs is good for 127.0.0.1."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._folder = folder
        self.pem = str(folder / f"{name}.pem")
        self._own = self._signed(self._name, self._key, ca=True)
        Path(self.pem).write_bytes(self._own)

    def issue(self, name: str) -> str:
        """Return the path of a PEM file with a new certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._written(name, self._signed(subject, key, ca=False), key)

    def server(self, *, ask: bool = False) -> ssl.SSLContext:
        """Return the context of a server that this authority vouches for; with `ask` it wants a
        certificate of the client."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue("server"))
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.pem)
        return context

    def server_by_itself(self) -> ssl.SSLContext:
        """Return the context of a server that shows the authority's own certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._written("itself", self._own, self._key))
        return context

    def _written(self, name: str, certificate: bytes, key: ec.EllipticCurvePrivateKey) -> str:
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = self._folder / f"{name}.pem"
        path.write_bytes(certificate + private)
        return str(path)

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> bytes:
        now = datetime.now(UTC)
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(address, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)
