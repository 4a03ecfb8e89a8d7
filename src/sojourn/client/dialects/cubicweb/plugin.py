"""What CubicWeb's plugins share: the instance that they are for, what goes nowhere else, how an answer says
that nobody is signed in. The plugins stand above it; below it are renewal, the sign-in and `wire.cubicweb`."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from sojourn.client.auth import AccessInfo, Stamp, Verdict
from sojourn.client.cookie_jar import within
from sojourn.client.credential import Credential, next_generation
from sojourn.client.dialects.cubicweb import sign_in
from sojourn.client.env.contract import Env
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.url import origin
from sojourn.errors import AuthenticationError, IncompleteCredentials
from sojourn.wire import cubicweb

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

# What one of the transport, a proxy and the server may read as a step up (RFC 3986 §5.2.4).
_leads_up = re.compile(r"(?:/|%2f|%5c)(?:\.|%2e){2}(?:[/;]|%2f|%5c|%3b|$)", re.IGNORECASE).search


class CubicWebAuth(RenewingAuth):
    """A plugin of the instance at `url`, its base-url. What proves the user goes there and below, and
    nowhere else, whatever URL a session is given."""

    kind = "cubicweb"
    spends = False
    grant: ClassVar[str]
    keeps_secret: ClassVar[bool] = True
    """The name that loads the plugin, and how accounts call their way to sign in."""

    def __init__(
        self,
        url: str,
        user: str,
        secret: str,
        *,
        store: CredentialStore | None,
        account: str | None,
    ) -> None:
        if not user or (self.keeps_secret and not secret):
            raise IncompleteCredentials(f"{self.grant} needs to know who it is, and the secret.")
        super().__init__(store=store, account=account)
        self.url = url.partition("#")[0].partition("?")[0].rstrip("/")
        self._origin = origin(self.url)
        self._folder = urlsplit(self.url).path or "/"
        self.user = user
        self.secret = secret
        self.label = user

    def covers(self, request: Request) -> bool:
        """Tell whether `request` goes to the instance; one without a URL stands for any that does."""
        if not request.url:
            return True
        if origin(request.url) != self._origin:
            return False
        path = urlsplit(request.url).path or "/"
        return within(path, self._folder) and not _leads_up(path)

    def refuses(self, response: Reply) -> bool:
        return cubicweb.asks_to_sign_in(
            response.status,
            location=response.header("location"),
            kind=response.header("content-type") or "",
            content=response.content,
        )

    async def first(self, env: Env) -> Credential:
        """Return a credential made now, whatever is kept."""
        return await self.renew(env, None, "")

    def credential_of(
        self,
        text: str,
        token_type: str,
        previous: Credential | None,
        *,
        now: int,
        expires_at: int | None = None,
    ) -> Credential:
        """Return the credential whose text is `text`."""
        return Credential(
            next_generation(previous, now),
            text,
            now,
            token_type=token_type,
            expires_at=expires_at,
            claims={"sub": self.user},
        )

    async def access(self, env: Env) -> AccessInfo:
        """Return who the credential is."""
        held = await self.credential(env)
        return AccessInfo(self.user, self.url, None, held.expires_at, held.claims)

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        return (self.url, self.grant, self.user)

    def state(self) -> dict[str, Any]:
        own = {
            "grant": self.grant,
            "renewable": bool(self.secret),
            "issuer": self.url,
            "client_id": self.user,
            "user": self.user,
        }
        return {**own, **super().state()}

    def secrets(self) -> dict[str, Any]:
        return {**({"secret": self.secret} if self.secret else {}), **super().secrets()}


class ProvingAuth(CubicWebAuth):
    """A plugin that has no session: each request is proved by itself."""

    token_type: ClassVar[str]

    @abstractmethod
    def shown(self, request: Request, now: int) -> Fields:
        """Return the header fields that prove who sends `request`."""

    @abstractmethod
    def why(self, response: Reply, now: int) -> str:
        """Say why `response` may have refused what was shown."""

    async def authorize(self, env: Env, request: Request) -> Stamp:
        return Stamp(self.shown(request, env.now())) if self.covers(request) else Stamp()

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        """Raise AuthenticationError: the same would be refused again."""
        if stamp.headers:
            raise AuthenticationError(self.why(response, env.now()))
        return Verdict.GIVE_UP

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        """Ask whether the instance takes what is shown. Only accounts need to know beforehand."""
        now = env.now()
        answer = await sign_in.refusal(env, self.url, lambda asked: self.shown(asked, now))
        if answer is not None:
            raise AuthenticationError(self.why(answer, now))
        # The text of a credential may be handed on, and the secret is no token.
        return self.credential_of(self.user, self.token_type, previous, now=now)
