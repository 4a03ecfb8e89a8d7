"""A browser in an attacker's hands: its cookies lie open, every header can be set, and nothing is followed unasked.

Also the honest journey through it: sign in, agree, take the code, redeem it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from sojourn.model.client import Client
from sojourn.testing.server import ServerInTest
from sojourn.wire.cookies import name_for
from tests.security.wire import Answer, Headers, request

VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)
PASSWORD = "a long and quiet river"
REDIRECT = "https://app.example/callback"

_hidden = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"').findall
_action = re.compile(r'<form[^>]* action="([^"]+)"').search


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's first form; what repeats in others is the same."""
    return {name: html.unescape(value) for name, value in reversed(_hidden(page))}


def action(page: str) -> str:
    found = _action(page)
    assert found is not None, page[:500]
    return html.unescape(found[1])


class Browser:
    """Cookies and an issuer."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.jar: dict[str, str] = {}
        self.host = "127.0.0.1"

    @property
    def origin(self) -> str:
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    def cookie_name(self, purpose: str) -> str:
        return name_for("default", purpose, issuer=self.issuer)

    def cookie(self, purpose: str) -> str:
        """A cookie's text by its purpose, or ''."""
        return self.jar.get(self.cookie_name(purpose), "")

    def plant(self, purpose: str, text: str) -> None:
        self.jar[self.cookie_name(purpose)] = text

    def send(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Headers = (),
        keep: bool = True,
    ) -> Answer:
        """One request with the cookies; `keep` stores what the answer sets."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        given = list(headers.items() if isinstance(headers, Mapping) else headers)
        if self.jar:
            given.append(("Cookie", "; ".join(f"{n}={v}" for n, v in self.jar.items())))
        answer = request(self.issuer, method, target, form=form, headers=given, host=self.host)
        if keep:
            for text in answer.all("set-cookie"):
                self._store(text)
        return answer

    def _store(self, text: str) -> None:
        name, _, value = text.split(";", maxsplit=1)[0].partition("=")
        if "Max-Age=0" in text:
            self.jar.pop(name, None)
        else:
            self.jar[name] = value

    def get(self, url: str, *, headers: Headers = ()) -> Answer:
        return self.send("GET", url, headers=headers)

    def post(self, url: str, form: Mapping[str, str], *, headers: Headers | None = None) -> Answer:
        """A form, as our own page would send it unless `headers` say otherwise."""
        sent = {"Origin": self.origin} if headers is None else headers
        return self.send("POST", url, form=form, headers=sent)

    def follow(self, answer: Answer) -> Answer:
        """Follow redirects as long as they stay at the issuer."""
        while answer.status == 303 and answer.location.startswith(self.issuer + "/"):
            answer = self.get(answer.location)
        return answer

    def sign_in(self, login: str, password: str = PASSWORD) -> Answer:
        """Sign in by itself; returns the answer to the form."""
        page = self.get(f"{self.issuer}/sign-in")
        fields = hidden(page.text) | {"login": login, "password": password}
        return self.post(f"{self.issuer}/sign-in", fields)


class Tokens(Struct, frozen=True):
    """What a code gave."""

    access: str
    refresh: str
    id: str


def asked(client_id: str, **more: str) -> dict[str, str]:
    """The parameters of an authorization request that is in order."""
    parameters = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid profile",
        "state": "xyzzy",
        "nonce": "n-0S6",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (parameters | more).items() if value}


def authorize_url(browser: Browser, client_id: str, **more: str) -> str:
    return f"{browser.issuer}/authorize?{urlencode(asked(client_id, **more))}"


def authorize(
    browser: Browser, client_id: str, *, login: str = "", password: str = PASSWORD, **more: str
) -> Answer:
    """Ask for a code and do what the pages want; returns the answer that leaves the issuer, or the last page."""
    answer = browser.follow(browser.get(authorize_url(browser, client_id, **more)))
    for _ in range(4):
        if answer.status != 200:
            return answer
        where, form = action(answer.text), hidden(answer.text)
        if where.endswith("/sign-in") and login:
            form |= {"login": login, "password": password}
        elif where.endswith("/consent"):
            form |= {"decision": "allow"}
        else:
            return answer
        answer = browser.follow(browser.post(where, form))
    return answer


def landed(answer: Answer) -> dict[str, str]:
    """The parameters of an answer at the redirect URI."""
    assert answer.location.startswith(f"{REDIRECT}?"), (answer.status, answer.location, answer.body)
    return {name: value for name, (value,) in parse_qs(urlsplit(answer.location).query).items()}


def code_for(browser: Browser, client_id: str, *, login: str = "", **more: str) -> str:
    found = landed(authorize(browser, client_id, login=login, **more))
    assert "code" in found, found
    return found["code"]


def redeem(server: ServerInTest, client_id: str, secret: str, code: str, **more: str) -> Answer:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return token(server, client_id, secret, **(form | more))


def refresh(server: ServerInTest, client_id: str, secret: str, text: str, **more: str) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": text}
    return token(server, client_id, secret, **(form | more))


def token(server: ServerInTest, client_id: str, secret: str, **form: str) -> Answer:
    return request(server.issuer, "POST", "/token", form=form, headers=basic(client_id, secret))


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def tokens_of(answer: Answer) -> Tokens:
    assert answer.status == 200, answer.body
    said = answer.json
    return Tokens(said["access_token"], said.get("refresh_token", ""), said.get("id_token", ""))


def introspected(server: ServerInTest, client_id: str, secret: str, text: str) -> bool:
    """Whether the server calls a token active to this client."""
    answer = request(
        server.issuer, "POST", "/introspect", form={"token": text}, headers=basic(client_id, secret)
    )
    assert answer.status == 200, answer.body
    return answer.json["active"] is True


def userinfo(server: ServerInTest, text: str) -> Answer:
    return request(server.issuer, "GET", "/userinfo", headers=bearer(text))


def app(client_id: str = "app", **more: object) -> Client:
    """A confidential client that may do all that a person allows."""
    fields: dict[str, object] = {
        "client_name": "App",
        "redirect_uris": (REDIRECT,),
        "grant_types": ("authorization_code", "refresh_token", "client_credentials"),
        "scope": ("openid", "profile", "email", "offline_access"),
        "id_token_signed_response_alg": "ES256",
    }
    return Client(client_id=client_id, **(fields | more))  # type: ignore[arg-type]
