"""Where a request comes from: what the peer is, and what is believed of a named proxy."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from sojourn.server.login.throttle import network_of
from sojourn.server.services import http

PROXIES = frozenset({"10.0.0.1", "10.0.0.2", "2001:db8::1"})


def address(peer: str, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", text.encode("latin-1")) for text in forwarded]
    headers += [(b"x-real-ip", b"203.0.113.66"), (b"forwarded", b"for=203.0.113.66")]
    return http.address(Request({"type": "http", "client": (peer, 1), "headers": headers}), PROXIES)


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.1",), "192.0.2.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.1",), "203.0.113.1"),
        ("::ffff:10.0.0.1", ("203.0.113.1",), "203.0.113.1"),
        ("10.0.0.1", ("198.51.100.1, 203.0.113.1",), "203.0.113.1"),
        ("10.0.0.1", ("198.51.100.1", "203.0.113.1"), "203.0.113.1"),
        ("10.0.0.1", ("198.51.100.1", "203.0.113.1, 10.0.0.2"), "203.0.113.1"),
        ("10.0.0.1", ("203.0.113.1, ::ffff:10.0.0.2",), "203.0.113.1"),
        ("10.0.0.1", ("203.0.113.1:5555",), "203.0.113.1"),
        ("10.0.0.1", ("[2001:db8:0::9]:5555",), "2001:db8::9"),
        ("10.0.0.1", ("::ffff:203.0.113.1",), "203.0.113.1"),
        ("10.0.0.1", ("203.0.113.1, nonsense",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.1,",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.1, 1.2.3.4.5",), "10.0.0.1"),
        ("10.0.0.1", ("\xe9",), "10.0.0.1"),
        ("10.0.0.1", ("a" * 10_000,), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.2, 10.0.0.1",), "10.0.0.1"),
    ],
)
def test_the_nearest_hop_that_is_no_named_proxy_counts(
    peer: str, forwarded: tuple[str, ...], found: str
):
    assert address(peer, *forwarded) == found


@pytest.mark.parametrize(
    ("address_", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_what_is_counted_for_an_address(address_: str, network: str):
    assert network_of(address_) == network
