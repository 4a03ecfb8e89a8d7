"""The site: everything that pages and endpoints share, put together once by `app`.

URLs come from the one configured public origin and path, never from a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from sojourn.model.ids import Keys
from sojourn.server.login.authenticators.password import Passwords
from sojourn.server.login.pipeline import Pipeline
from sojourn.server.login.throttle import Throttle
from sojourn.server.pages import messages
from sojourn.server.pages.render import Renderer, security_headers
from sojourn.server.pages.view import View
from sojourn.server.services import http
from sojourn.server.services.clients import Clients
from sojourn.server.services.context import Context
from sojourn.server.services.pace import Pace
from sojourn.server.services.proofs import Proofs
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.users import Users
from sojourn.wire import cookies, forms

HTML = (b"content-type", b"text/html; charset=utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of a running server.

    issuer    public origin and optional path, without trailing slash
    proxies   addresses of peers whose forwarded headers count
    max_body  bytes
    """

    issuer: str
    context: Context
    sessions: AsyncSessionManager
    users: Users
    clients: Clients
    passwords: Passwords
    proofs: Proofs
    pipeline: Pipeline
    throttle: Throttle
    pace: Pace
    renderer: Renderer
    proxies: frozenset[str] = frozenset()
    max_body: int = 65_536

    @property
    def keys(self) -> Keys:
        return self.context.keys

    @property
    def origin(self) -> str:
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def secure(self) -> bool:
        """Whether cookies are Secure; only plain http on loopback has others."""
        return self.issuer.startswith("https://")

    def url(self, path: str, **parameters: str) -> str:
        """The public URL of one of our own paths."""
        return (
            forms.with_query(f"{self.issuer}{path}", parameters)
            if parameters
            else (f"{self.issuer}{path}")
        )

    def cookie_name(self, purpose: str) -> str:
        return cookies.name_for(self.keys.realm, purpose, issuer=self.issuer)

    def cookie(self, purpose: str, value: str, *, max_age: int | None = None) -> str:
        return cookies.render(self.cookie_name(purpose), value, secure=self.secure, max_age=max_age)

    def no_cookie(self, purpose: str) -> str:
        return cookies.delete(self.cookie_name(purpose), secure=self.secure)

    def address(self, request: Request) -> str:
        return http.address(request, self.proxies)

    def locale(self, request: Request, ui_locales: str = "") -> str:
        return messages.negotiate(ui_locales or None, request.headers.get("accept-language"))

    def page(
        self,
        request: Request,
        view: View,
        *,
        status: int = 200,
        form_action: tuple[str, ...] = (),
        script_hash: str | None = None,
        set_cookies: tuple[str, ...] = (),
        ui_locales: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page with its security headers."""
        locale = self.locale(request, ui_locales)
        response = Response(self.renderer.page(view, locale=locale), status)
        response.raw_headers.append(HTML)
        response.raw_headers += security_headers(form_action=form_action, script_hash=script_hash)
        for name, value in (headers or {}).items():
            response.headers[name] = value
        return with_cookies(response, set_cookies)


def with_cookies(response: Response, set_cookies: tuple[str, ...]) -> Response:
    """The response with `Set-Cookie` headers."""
    for text in set_cookies:
        response.raw_headers.append((b"set-cookie", text.encode("latin-1")))
    return response


def see_other(url: str, set_cookies: tuple[str, ...] = ()) -> Response:
    """303, the only redirect after a form (RFC 9700 §4.12)."""
    response = Response(status_code=303)
    response.raw_headers += [
        (b"location", url.encode("ascii")),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
    ]
    return with_cookies(response, set_cookies)
