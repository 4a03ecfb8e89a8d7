"""The plugin that sends a user and a password with each request (RFC 7617), where an instance or what stands
before it asks for that. Sessions and accounts stand above it; below it is the shared plugin."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from sojourn.client.auth import Stamp, Verdict
from sojourn.client.credential import Credential
from sojourn.client.dialects.cubicweb import sign_in
from sojourn.client.dialects.cubicweb.plugin import CubicWebAuth
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.errors import AuthenticationError, IncompleteCredentials

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


class BasicAuth(CubicWebAuth):
    """A user and a password, sent with each request to the instance at `url`."""

    grant = "cubicweb_basic"

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        if ":" in username:
            raise IncompleteCredentials("A user name of HTTP Basic has no colon (RFC 7617 §2).")
        super().__init__(url, username, password, store=store, account=account)
        self._text = b64encode(f"{username}:{password}".encode()).decode("ascii")

    async def authorize(self, env: Env, request: Request) -> Stamp:
        return Stamp(self._proof(request)) if self.covers(request) else Stamp()

    def _proof(self, request: Request) -> Fields:
        return (("Authorization", f"Basic {self._text}"),)

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        """Raise AuthenticationError: the same password would be refused again."""
        if stamp.headers:
            raise AuthenticationError(self._not_taken())
        return Verdict.GIVE_UP

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        """Ask whether the instance takes the password. Only accounts need to know beforehand."""
        if await sign_in.refusal(env, self.url, self._proof) is not None:
            raise AuthenticationError(self._not_taken())
        # The text of a credential may be handed on, and the password is no token.
        return self.credential_of(self.user, "Basic", previous, now=env.now())

    def _not_taken(self) -> str:
        return f"{self.url} did not take the user name and the password by HTTP Basic."
