"""The answers that a protected resource gives itself: refusals (RFC 6750 §3) and its own metadata (RFC 9728). The
middlewares send them; below them is `wire`.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from sojourn.errors import (
    BearerError,
    DpopError,
    InvalidRequest,
    ProtocolError,
    ServerBusy,
    TokenMissing,
    UseDpopNonce,
)
from sojourn.wire import dpop as proofs
from sojourn.wire import oauth

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"

_NO_STORE = ("Cache-Control", "no-store")
_JSON = ("Content-Type", "application/json")


class Answer(Struct, frozen=True):
    """A whole HTTP answer; `Content-Length` is among its headers."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class ResourceMetadata(Struct, frozen=True):
    """What the service says about itself (RFC 9728 §2): at which URL, under which (decoded) path, and the answer."""

    url: str
    path: str
    answer: Answer


def refusal(
    error: ProtocolError, *, realm: str, metadata: ResourceMetadata | None, dpop: bool = False
) -> Answer:
    """Return the answer to a request that `error` refuses; `dpop`: this service takes bound tokens, too.

    A request without a token is told how to come back and nothing else: no code, no body (RFC 6750 §3.1).
    """
    if isinstance(error, ServerBusy):
        retry = ("Retry-After", str(error.retry_after))
        return answer(error.status, oauth.error_body(error), headers=(_JSON, _NO_STORE, retry))
    status = 401 if isinstance(error, DpopError) else error.status
    asked = _challenge(error, status, realm=realm, metadata=metadata, dpop=dpop)
    challenge = ("WWW-Authenticate", asked)
    if isinstance(error, TokenMissing):
        return answer(status, b"", headers=(challenge, _NO_STORE))
    nonce = (("DPoP-Nonce", error.nonce),) if isinstance(error, UseDpopNonce) else ()
    headers = (_JSON, challenge, *nonce, _NO_STORE)
    return answer(status, oauth.error_body(error), headers=headers)


def answer(status: int, body: bytes, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return the answer with its length told."""
    return Answer(status, (*headers, ("Content-Length", str(len(body)))), body)


def resource_metadata(
    resource: str, *, issuer: str, scopes_supported: Iterable[str], dpop: bool = False
) -> ResourceMetadata | None:
    """Return the metadata of `resource`, or None where its identifier is no URL that could hold a document.

    Its place is the identifier's, with the well-known path between host and path (RFC 9728 §3.1).
    """
    place = _place(resource)
    if place is None:
        return None
    origin, path = place
    document: dict[str, object] = {
        "resource": resource,
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
    }
    scopes = list(scopes_supported)
    if scopes:
        document["scopes_supported"] = scopes
    if dpop:
        document["dpop_signing_alg_values_supported"] = list(proofs.ALGORITHMS)
    headers = (_JSON, ("Cache-Control", "public, max-age=300"))
    body = msgspec.json.encode(document)
    path = WELL_KNOWN + ("" if path == "/" else path)
    return ResourceMetadata(origin + path, unquote(path), answer(200, body, headers=headers))


def _challenge(
    error: ProtocolError,
    status: int,
    *,
    realm: str,
    metadata: ResourceMetadata | None,
    dpop: bool,
) -> str:
    """The scheme that was tried, with its error, and after a 401 the other one as well (RFC 9449 §7.1, §7.2)."""
    with_proof = isinstance(error, DpopError) or (
        isinstance(error, BearerError) and error.with_proof
    )
    speaks = isinstance(error, BearerError | InvalidRequest | DpopError)
    told = error if speaks and not isinstance(error, TokenMissing) else None
    offered = proofs.challenge(realm=realm)
    said = [oauth.www_authenticate(told, realm=realm, scheme=offered if with_proof else "")]
    if dpop and not with_proof and status == 401:
        said.append(offered)
    more = f', resource_metadata="{oauth.quotable(metadata.url)}"' if metadata is not None else ""
    return ", ".join([challenge + more for challenge in said])


def _place(resource: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(resource)
        host = parts.hostname or ""
        usable = parts.port != 0 and _is_plain(resource)
    except ValueError:
        return None
    if not usable or not host or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        return None
    return f"{parts.scheme}://{parts.netloc}", parts.path


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
