"""What a request says, read strictly: its form, its query, its JSON, its address. Pages and endpoints stand above it.

Forwarded headers count only when the peer is a named proxy; the Host header never does: the issuer is configured.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from ipaddress import ip_address
from typing import Any, Final

from starlette.requests import Request

from sojourn.errors import InvalidRequest, Malformed, TooLarge
from sojourn.wire import forms, json_text

FORM: Final = "application/x-www-form-urlencoded"
MAX_QUERY: Final = 16_384


async def body(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLarge past `limit` bytes, InvalidRequest when the peer goes away."""
    length = header(request, b"content-length")
    if length and int(length) > limit:
        raise TooLarge
    whole, more = b"", True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest(detail="the client went away")
        whole += message.get("body", b"")
        if len(whole) > limit:
            raise TooLarge
        more = message.get("more_body", False)
    return whole


async def form(request: Request, limit: int, *, many: Container[str] = ()) -> dict[str, str]:
    """The parameters of a form body; those in `many` may be repeated. Raises InvalidRequest for anything else (RFC 6749
    Appendix B).
    """
    kind = header(request, b"content-type")
    if kind != FORM and kind.partition(";")[0].strip().lower() != FORM:
        message = f"The body must be {FORM}."
        raise InvalidRequest(message)
    return forms.parse(await body(request, limit), limit=limit, many=many)


def query(request: Request, *, many: Container[str] = ()) -> dict[str, str]:
    """The parameters of the query. Raises InvalidRequest for broken text, and for duplicates of any not in `many`."""
    raw: bytes = request.scope["query_string"]
    return forms.parse(raw, limit=MAX_QUERY, many=many) if raw else {}


async def json_body(request: Request, limit: int) -> dict[str, Any]:
    """The JSON object in a body. Raises InvalidRequest for anything else."""
    kind = header(request, b"content-type").partition(";")[0].strip().lower()
    if kind != "application/json":
        message = "The body must be application/json."
        raise InvalidRequest(message)
    try:
        return json_text.parse_object(await body(request, limit), limit=limit)
    except Malformed as error:
        message = "The body is not a JSON object."
        raise InvalidRequest(message) from error


def header(request: Request, name: bytes) -> str:
    """The first value of a header, whose `name` is in lower case, or ''."""
    for key, value in request.scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return ""


def single(request: Request, name: bytes) -> str:
    """The one value of a header, or ''. Raises InvalidRequest when it was sent twice."""
    found = [value for key, value in request.scope["headers"] if key == name]
    if len(found) > 1:
        message = f"The {name.decode()} header was sent more than once."
        raise InvalidRequest(message)
    return found[0].decode("latin-1") if found else ""


def address(request: Request, proxies: Collection[str]) -> str:
    """Where a request comes from: the peer, or the nearest hop that a named proxy tells of and that is no such proxy.

    A hop that is no address ends the search at the peer: whoever wrote it could have written more.
    """
    peer = _plain(request.client.host) if request.client else ""
    if peer not in proxies:
        return peer
    chain = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    found = next((hop for hop in map(_plain, reversed(chain)) if hop not in proxies), "")
    return found or peer


def _plain(hop: str) -> str:
    """An address in its one spelling, without brackets and port, IPv4 also where IPv6 carries it; '' for none."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)
