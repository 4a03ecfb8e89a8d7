"""The authentication plugin of DynECT: signs in with customer, user and password when first needed,
and again when a token has expired, which DynECT says in band. Sessions and accounts stand above it;
below it are renewal and `wire.dynect`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

from sojourn.client.auth import AccessInfo, Stamp, Verdict
from sojourn.client.credential import Credential, next_generation
from sojourn.client.dialects.dynect.errors import DynectAuthError, DynectRateLimited, refusal
from sojourn.client.env.contract import Env
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.contract import Fields, Reply, Request, Timeout
from sojourn.client.url import origin
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import Malformed
from sojourn.wire import dynect
from sojourn.wire.dynect import Envelope, SignIn

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

HOST: Final = "api.dynect.net"
URL: Final = f"https://{HOST}"
CURRENT: Final = "current"

Observer = Callable[[str, str, Mapping[str, Any], str], None]
"""Is told of a sign-in or sign-out: path, method, arguments, and the status of the answer."""


class DynectAuth(RenewingAuth):
    """Customer, user and password at one DynECT. `url` is the API's origin.

    The token goes to that origin and to no other, whatever URL a session is given.
    """

    kind = "dynect"
    grant = "password"
    observer: Observer | None = None

    def __init__(
        self,
        customer: str,
        username: str,
        password: str,
        *,
        url: str = URL,
        api_version: str = CURRENT,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(store=store, account=account)
        self._origin = origin(url)
        self.url = url.rstrip("/")
        self.api_version = api_version
        self.sign_in = SignIn(customer, username, password)
        self.label = f"{username} of {customer}"

    # The contract of renewal -------------------------------------------------------------------------------

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        return (self.url, self.sign_in.customer, self.sign_in.user)

    async def first(self, env: Env) -> Credential:
        """Return a credential made now, whatever is kept."""
        return await self.renew(env, None, "")

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        """Sign in. Raises DynectAuthError for refused credentials, DynectRateLimited, Malformed."""
        return await self.signed_in(env, self.sign_in, previous)

    async def signed_in(self, env: Env, given: SignIn, previous: Credential | None) -> Credential:
        """Return the credential that `given` gets; raises as `renew` does."""
        members = given.members()
        envelope = await self._sent(env, "POST", members, self._headers())
        if envelope.rate_limited:
            raise refusal(DynectRateLimited, envelope.messages)
        if envelope.status != dynect.SUCCESS:
            raise refusal(DynectAuthError, envelope.messages)
        return self.credential_of(dynect.token_of(envelope), previous, env.now())

    def take(self, token: str, *, now: int) -> None:
        """Use `token`, which a sign-in made by hand brought, from now on."""
        self.adopt(self.credential_of(token, self._current, now))

    def credential_of(self, token: str, previous: Credential | None, now: int) -> Credential:
        """Return the credential that `token` is, got at `now`."""
        claims = {"sub": self.sign_in.user, "customer": self.sign_in.customer}
        return Credential(
            next_generation(previous, now), token, now, dynect.TOKEN_HEADER, claims=claims
        )

    # The contract of a plugin ------------------------------------------------------------------------------

    async def authorize(self, env: Env, request: Request) -> Stamp:
        # keystoneauth1's Session asks for headers, and does not say what for.
        if request.url and origin(request.url) != self._origin:
            return Stamp()
        held = await self.credential(env)
        token = (dynect.TOKEN_HEADER, held.access_token)
        version = (dynect.VERSION_HEADER, self.api_version)
        return Stamp((token, version), held.generation)

    def refuses(self, response: Reply) -> bool:
        return super().refuses(response) or dynect.refuses_token(response.content)

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        if not stamp.headers:
            return Verdict.GIVE_UP
        return await super().challenged(env, request, response, stamp)

    async def access(self, env: Env) -> AccessInfo:
        """Return who the credential is."""
        held = await self.credential(env)
        return AccessInfo(self.sign_in.user, self.url, None, held.expires_at, held.claims)

    def state(self) -> dict[str, Any]:
        own = {
            "grant": self.grant,
            "issuer": self.url,
            "client_id": self.sign_in.customer,
            "user": self.sign_in.user,
            "api_version": self.api_version,
        }
        return {**own, **super().state()}

    def secrets(self) -> dict[str, Any]:
        return {"password": self.sign_in.password, **super().secrets()}

    # Signing out -------------------------------------------------------------------------------------------

    def has_password(self, password: str) -> bool:
        """Tell whether it signs in with `password`."""
        return compare_digest(self.sign_in.password.encode(), password.encode())

    def change_password(self, password: str) -> None:
        """Sign in with `password` from now on."""
        self.sign_in = SignIn(self.sign_in.customer, self.sign_in.user, password)

    @property
    def held(self) -> str | None:
        """The token that is held now, good or not; None before the first sign-in."""
        current = self._current
        held = current is not None and current.generation > self._stale
        return current.access_token if current is not None and held else None

    async def sign_out(self, env: Env, *, within: Timeout = Timeout()) -> bool:  # noqa: B008 - immutable
        """End the session at the server and drop the token; returns whether there was one to end.

        A server that says the token is dead already has ended it. Raises ConnectFailure, Malformed.
        """
        token = self.held
        if token is None:
            return False
        self.invalidate()
        headers = (*self._headers(), (dynect.TOKEN_HEADER, token))
        envelope = await self._sent(env, "DELETE", {}, headers, within)
        if envelope.status != dynect.SUCCESS and not envelope.refuses_token:
            raise refusal(DynectAuthError, envelope.messages)
        return True

    async def look(self, env: Env, token: str) -> bool:
        """Tell whether the server takes `token`. Raises ConnectFailure, Malformed."""
        headers = (*self._headers(), (dynect.TOKEN_HEADER, token))
        return not (await self._sent(env, "GET", {}, headers)).refuses_token

    async def _sent(
        self,
        env: Env,
        method: str,
        members: Mapping[str, Any],
        headers: Fields,
        within: Timeout = Timeout(),  # noqa: B008 - immutable
    ) -> Envelope:
        body = json.dumps(members).encode("ascii")
        url = f"{self.url}{dynect.SESSION}"
        reply = await env.send(Request(method, url, headers, body, within))
        try:
            envelope = Envelope.parse(reply.content)
        except Malformed as cause:
            raise Malformed(
                f"{url} answered {reply.status}, not as DynECT does: {cause}"
            ) from cause
        if self.observer is not None:
            self.observer(dynect.SESSION, method, members, envelope.status)
        return envelope

    def _headers(self) -> Fields:
        return (
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip, deflate"),
            ("Content-Type", "application/json"),
            ("User-Agent", PRODUCT),
            (dynect.VERSION_HEADER, self.api_version),
        )
