"""The plugin that signs each request for CubicWeb's cube `signedrequest`. Sessions and accounts stand above
it; below it are the shared plugin and `wire.cubicweb`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sojourn.client.dialects.cubicweb.plugin import ProvingAuth
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.errors import Malformed
from sojourn.wire import cubicweb
from sojourn.wire.cubicweb import SigningToken

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


class SignedRequestAuth(ProvingAuth):
    """An AuthToken of the instance at `url`: its id and its secret, which is never sent.

    Method, URL, type and body are signed, so a body must be bytes and not a stream.
    """

    grant = "cubicweb_signed"
    token_type = cubicweb.SCHEME

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

    def shown(self, request: Request, now: int) -> Fields:
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

    def why(self, response: Reply, now: int) -> str:
        """Say what can be known here: the server does not say why it refuses a signature."""
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
