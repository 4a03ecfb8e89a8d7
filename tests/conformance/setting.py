"""The setting of the tests that run over HTTP: a server with its clock, people, and clients as they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
from joserfc.jwk import ECKey

from sojourn.model.client import Client
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from tests.conformance.browser import Browser, Person
from tests.conformance.relying_party import RelyingParty

CALLBACK: Final = "https://rp.example/callback"
AFTER_LOGOUT: Final = "https://rp.example/logged-out"
SCOPES: Final = ("openid", "profile", "email", "address", "phone", "offline_access")
PASSWORD: Final = "a quiet harbour at dawn"

CLAIMS: Final[Mapping[str, Any]] = {
    "name": "Diana Krall",
    "given_name": "Diana",
    "family_name": "Krall",
    "middle_name": "Jean",
    "nickname": "Di",
    "preferred_username": "diana",
    "profile": "https://people.example/diana",
    "picture": "https://people.example/diana.png",
    "website": "https://diana.example",
    "gender": "female",
    "birthdate": "1964-11-16",
    "zoneinfo": "America/Vancouver",
    "locale": "en-CA",
    "updated_at": 1_700_000_000,
    "email": "diana@people.example",
    "email_verified": True,
    "address": {"street_address": "1 Harbour Road", "locality": "Nanaimo", "country": "Canada"},
    "phone_number": "+1 250 555 0100",
    "phone_number_verified": False,
}


class Provider:
    """A running server, seen from outside."""

    def __init__(self, server: ServerInTest, clock: Clock) -> None:
        self.server = server
        self.clock = clock
        self._numbers = count(1)
        self._open: list[Browser | RelyingParty] = []
        self.diana = self.person("diana", claims=CLAIMS)

    @property
    def issuer(self) -> str:
        return self.server.issuer

    def person(self, login: str, *, claims: Mapping[str, Any] | None = None) -> Person:
        self.server.add_user(login, PASSWORD, claims=claims)
        return Person(login, PASSWORD)

    def browser(self) -> Browser:
        browser = Browser(self.issuer)
        self._open.append(browser)
        return browser

    def relying_party(self, *, pkce: bool = True, **metadata: Any) -> RelyingParty:
        """Register a client. Without more metadata it is a confidential web application with a secret."""
        plain = Client(
            client_id=f"client-{next(self._numbers)}",
            client_name="The Shop",
            redirect_uris=(CALLBACK,),
            post_logout_redirect_uris=(AFTER_LOGOUT,),
            grant_types=("authorization_code", "refresh_token"),
            response_types=("code",),
            scope=SCOPES,
            require_pkce=pkce,
        )
        key: ECKey | None = None
        if metadata.get("token_endpoint_auth_method") == "private_key_jwt":
            key = ECKey.generate_key("P-256", auto_kid=True)
            metadata["jwks"] = {"keys": [key.as_dict(private=False)]}
        client = msgspec.structs.replace(plain, **metadata)
        secret = self.server.add_client(client)
        party = RelyingParty(self.issuer, client, secret, now=self.clock.now, pkce=pkce, key=key)
        self._open.append(party)
        return party

    def let_go(self) -> None:
        """Close what the last test opened."""
        while self._open:
            opened = self._open.pop()
            opened.http.close()


@contextmanager
def running(folder: Path, *, clock: Clock | None = None, **options: Any) -> Iterator[Provider]:
    """A provider on its own clock, in `folder`."""
    clock = clock or Clock()
    with ServerInTest(folder, now=clock.now, options=options) as server:
        provider = Provider(server, clock)
        yield provider
        provider.let_go()
