"""A CubicWeb of a few lines for tests of what the real one is too heavy for: its sign-in form, its session and
its signed requests, and one view."""

from __future__ import annotations

import hmac
import json
import secrets
from hashlib import sha512

from sojourn.wire import cookies
from tests.client.servers import Answer, Received

HTML = {"Content-Type": "text/html; charset=UTF-8"}
FORM = (
    '<form method="post"><input name="csrf_token" type="hidden" value="{csrf}">'
    '<input name="__login"><input name="__password" type="password"></form>'
)


class SmallCubicWeb:
    """Knows `jane`, her password, and one signing token of hers."""

    def __init__(self) -> None:
        self.password = secrets.token_urlsafe(12)
        self.token_id, self.secret = "nightly", secrets.token_hex(64)
        self.sessions: set[str] = set()

    def answer(self, received: Received) -> Answer:
        known = self._knows(received)
        if received.path == "/login" and not known:
            return self._sign_in(received)
        if received.path == "/logout":
            self.sessions.discard(_cookies(received).get("auth_tkt", ""))
            return _sent_to("/", cookies.delete("auth_tkt", secure=False))
        if not known:
            return _sent_to("/login?postlogin_path=/view")
        if received.path != "/view":
            return _sent_to("/")
        return 200, {"Content-Type": "application/json"}, json.dumps([["jane"]]).encode()

    def _sign_in(self, received: Received) -> Answer:
        csrf = _cookies(received).get("csrf_token") or secrets.token_hex(8)
        page = FORM.format(csrf=csrf).encode()
        if received.method == "GET":
            said = cookies.render("csrf_token", csrf, secure=False, max_age=None)
            return 200, {**HTML, "Set-Cookie": said}, page
        if received.form.get("csrf_token") != csrf:
            return 400, HTML, b"Bad CSRF Token"
        if (received.form["__login"], received.form["__password"]) != ("jane", self.password):
            return 403, HTML, page
        made = secrets.token_urlsafe()
        self.sessions.add(made)
        return _sent_to("/", cookies.render("auth_tkt", made, secure=False, max_age=None))

    def _knows(self, received: Received) -> bool:
        if _cookies(received).get("auth_tkt") in self.sessions:
            return True
        headers = received.headers
        names = ("content-sha512", "content-type", "x-cubicweb-date")
        url = f"http://{headers['host']}{received.target}"
        text = received.method + url + "".join(headers.get(name, "") for name in names)
        signature = hmac.new(self.secret.encode(), text.encode(), sha512).hexdigest()
        whole = headers.get("content-sha512") == sha512(received.body).hexdigest()
        return whole and headers.get("authorization") == f"Cubicweb {self.token_id}:{signature}"


def _cookies(received: Received) -> dict[str, str]:
    return cookies.parse(received.headers.get("cookie", ""))


def _sent_to(place: str, said: str | None = None) -> Answer:
    return 303, {"Location": place, **({"Set-Cookie": said} if said else {})}, b""
