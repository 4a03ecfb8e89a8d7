"""The plugin that signs each request for CubicWeb's cube `signedrequest`. Sessions and accounts stand above
it; below it are the shared plugin and `wire.cubicweb`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sojourn.client.auth import Stamp, Verdict
from sojourn.client.credential import Credential
from sojourn.client.dialects.cubicweb import sign_in
from sojourn.client.dialects.cubicweb.plugin import CubicWebAuth
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.errors import AuthenticationError, Malformed
from sojourn.wire import cubicweb
from sojourn.wire.cubicweb import SigningToken

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


class SignedRequestAuth(CubicWebAuth):
    """An AuthToken of the instance at `url`: its id and its secret, which is never sent.

    Method, URL, type and body are signed, so a body must be bytes and not a stream.
    """

    grant = "cubicweb_signed"

    def __init__(
        self,
        url: str,
        token_id: str,
        secret: str,
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(url, token_id, secret, store=store, account=account)
        self._signing = SigningToken(token_id, secret)

    async def authorize(self, env: Env, request: Request) -> Stamp:
        if not self.covers(request):
            return Stamp()
        return Stamp(self._signed(request, env.now()))

    def _signed(self, request: Request, now: int) -> Fields:
        body = b"" if request.content is None else request.content
        if not isinstance(body, bytes):
            raise Malformed("A request with a streamed body cannot be signed: pass bytes as data=.")
        kinds = [value for name, value in request.headers if name.lower() == "content-type"]
        return cubicweb.signed(
            self._signing,
            request.method,
            request.url,
            body=body,
            content_type=kinds[0] if kinds else "",
            now=now,
        )

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        """Raise AuthenticationError: the server does not say why it refuses a signature, so this says
        what can be known here."""
        if stamp.headers:
            raise AuthenticationError(self._why(response, env.now()))
        return Verdict.GIVE_UP

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        """Ask whether the instance takes the signature. Only accounts need to know beforehand."""
        now = env.now()
        answer = await sign_in.refusal(env, self.url, lambda asked: self._signed(asked, now))
        if answer is not None:
            raise AuthenticationError(self._why(answer, now))
        return self.credential_of(self.user, cubicweb.SCHEME, previous, now=now)

    def _why(self, response: Reply, now: int) -> str:
        theirs = cubicweb.moment_of(response.header("date"))
        if theirs is not None and abs(theirs - now) > cubicweb.MAX_SKEW:
            off = abs(theirs - now) // 1000
            return (
                f"This machine's clock is {off} s {'behind' if theirs > now else 'ahead of'} that of "
                f"{self.url}, which takes signed requests within {cubicweb.MAX_SKEW // 1000} s only."
            )
        return (
            f"{self.url} took the signed request for a guest's: the token {self.user} is unknown, "
            "disabled or expired, its secret is another, its user is not active, or the server sees "
            "another URL than the one that was signed."
        )
