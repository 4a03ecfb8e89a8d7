"""What a person let two applications have: opaque tokens, and a JWT for a resource."""

from __future__ import annotations

from msgspec import Struct

from sojourn.model.resource import Resource
from tests.security.browser import (
    Tokens,
    app,
    bearer,
    code_for,
    introspected,
    redeem,
    tokens_of,
    userinfo,
)
from tests.security.place import Place
from tests.security.wire import request

API = "https://api.example/"


class Held(Struct):
    """What a person let an application have: opaque tokens, and a JWT for a resource."""

    place: Place
    opaque: Tokens
    jwt: str
    api: tuple[str, str]

    def introspected(self, text: str) -> bool:
        return introspected(self.place.server, self.place.client_id, self.place.secret, text)

    def refused(self, text: str) -> bool:
        """Whether no path takes a text for an access token."""
        answer = userinfo(self.place.server, text)
        other = request(self.place.issuer, "GET", "/account/sessions", headers=bearer(text))
        assert (answer.status, other.status) in ((401, 401), (200, 403), (403, 403), (401, 403))
        return answer.status == 401 and not self.introspected(text)


def held_at(place: Place) -> Held:
    client_id, secret = place.client_id, place.secret
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, client_id, login=login, scope="openid profile offline_access")
    server = place.server
    found = tokens_of(redeem(server, client_id, secret, code))
    api = app("api", redirect_uris=(), grant_types=("client_credentials",))
    api_secret = server.add_client(api)
    server.add_resource(Resource(identifier=API, client_id="api", token_format="jwt"))
    other = app("jwt-app", resources=(API,))
    other_secret = server.add_client(other)
    code = code_for(browser, "jwt-app", resource=API)
    jwt = tokens_of(redeem(server, "jwt-app", other_secret, code)).access
    assert introspected(server, "api", api_secret, jwt)
    return Held(place, found, jwt, ("api", api_secret))
