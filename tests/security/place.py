"""Where attacks happen: a server, an application of it, and people as needed."""

from __future__ import annotations

from itertools import count
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from sojourn.testing.server import ServerInTest
from tests.security.browser import PASSWORD, VERIFIER, Browser, Tokens, authorize, tokens_of
from tests.security.wire import request

_numbers = count(1)


class Place(Struct):
    """A server, a client of it and its secret."""

    server: ServerInTest
    client_id: str
    secret: str

    @property
    def issuer(self) -> str:
        return self.server.issuer

    def browser(self) -> Browser:
        return Browser(self.server.issuer)

    def somebody(self) -> str:
        """A new user; returns the login."""
        login = f"user{next(_numbers)}"
        self.server.add_user(login, PASSWORD, claims={"name": "Somebody"})
        return login


def cli_tokens(server: ServerInTest, login: str, *, scope: str = "", resource: str = "") -> Tokens:
    """Tokens of the client that the command line uses, for a person who signs in anew."""
    browser = Browser(server.issuer)
    where = "http://127.0.0.1/callback"
    answer = authorize(
        browser,
        "sojourn-cli",
        login=login,
        redirect_uri=where,
        resource=resource,
        scope=scope or "openid account users:read users:write clients:read keys:read sessions:read",
    )
    code = parse_qs(urlsplit(answer.location).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "client_id": "sojourn-cli",
        "code": code,
        "redirect_uri": where,
        "code_verifier": VERIFIER,
    }
    return tokens_of(request(server.issuer, "POST", "/token", form=form))
