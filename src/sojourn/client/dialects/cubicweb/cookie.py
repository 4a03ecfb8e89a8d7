"""The plugin that signs in with CubicWeb's form and carries its cookies. Sessions and accounts stand above
it; below it are the shared plugin and the sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sojourn.client.auth import Stamp, Verdict
from sojourn.client.credential import Credential
from sojourn.client.dialects.cubicweb import sign_in
from sojourn.client.dialects.cubicweb.plugin import CubicWebAuth
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.driver import drive
from sojourn.wire import cookies, cubicweb

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.session import Session

LIFE: Final = 1_200_000
"""Milliseconds that CubicWeb keeps a session unless it is set up otherwise. Where it ends sooner the next
answer says so; where guests are let in, JSON answers do not, and this is all that is known."""


class CookieAuth(CubicWebAuth):
    """A user and a password at the sign-in form of the instance at `url`.

    The cookies are sent as a browser would send them: with the CSRF token and the Origin where a
    request changes something.
    """

    grant = "cubicweb"

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(url, username, password, store=store, account=account)

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        return await self.signed_in(env, self.secret, previous)

    async def signed_in(
        self, env: Env, password: str, previous: Credential | None = None
    ) -> Credential:
        """Return the credential that the password gets. Raises AuthenticationError, ConnectFailure."""
        jar = await sign_in.cookies(env, self.url, login=self.user, password=password)
        return self.session(jar.header(f"{self.url}/") or "", previous, env.now())

    def session(self, cookie: str, previous: Credential | None, now: int) -> Credential:
        """Return the credential of a session that was used at `now`."""
        return self.credential_of(cookie, "Cookie", previous, now=now, expires_at=now + LIFE)

    async def authorize(self, env: Env, request: Request) -> Stamp:
        if not self.covers(request):
            return Stamp()
        held = await self.credential(env)
        return Stamp(
            (("Cookie", held.access_token), *self._of_form(request, held)), held.generation
        )

    def _of_form(self, request: Request, held: Credential) -> Fields:
        """What the server wants of a request that changes something, lest another site sent it."""
        # keystoneauth1's Session asks for headers, and does not say what for: any request may carry these.
        if request.url and request.method in cubicweb.SAFE_METHODS:
            return ()
        token = cookies.parse(held.access_token).get(cubicweb.CSRF)
        csrf = ((cubicweb.CSRF_HEADER, token),) if token else ()
        return (*csrf, ("Origin", sign_in.origin_of(self.url)))

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        if not stamp.headers:
            return Verdict.GIVE_UP
        return await super().challenged(env, request, response, stamp)

    def close(self, session: Session) -> bool:
        """Sign out, with the connections of `session`, as `sign_out` does."""
        return drive(self.sign_out(session.env_for(self)))

    async def sign_out(self, env: Env) -> bool:
        """End the session at the server and drop the cookies; returns whether there were any.

        `env` is that of a session: `await auth.sign_out(session.env)`. Raises AuthenticationError,
        ConnectFailure.
        """
        current = self._current
        if current is None or current.generation <= self._stale:
            return False
        self.invalidate()
        await sign_in.end(env, self.url, current.access_token)
        return True
