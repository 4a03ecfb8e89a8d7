"""What every Keystone plugin shares: a token in X-Auth-Token, renewed in one flight, and the catalog
that came with it. The plugins of `v3` stand above it; below it are renewal, the sign-in and the
endpoints."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict

from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.credential import Credential, next_generation
from sojourn.client.dialects.keystone import sign_in
from sojourn.client.dialects.keystone.access import KeystoneAccess
from sojourn.client.dialects.keystone.endpoints import Endpoints, all_versions
from sojourn.client.env.contract import Env
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.contract import Fields
from sojourn.errors import AuthenticationError, IncompleteCredentials, MissingAuthMethods
from sojourn.wire.keystone import Method, Named, Scope, Token

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

DEFAULT_DOMAIN: Final = "default"

SECRETS: Final = frozenset(
    {
        "access_token",
        "application_credential_secret",
        "client_secret",
        "passcode",
        "password",
        "token",
    }
)
_NOT_KEPT: Final = frozenset({"store", "account"})


class SharedOptions(TypedDict, total=False):
    """What every plugin takes beside its own options: what the token is for, and how it is kept."""

    project_id: str | None
    project_name: str | None
    project_domain_id: str | None
    project_domain_name: str | None
    domain_id: str | None
    domain_name: str | None
    system_scope: str | None
    trust_id: str | None
    unscoped: bool
    default_domain_id: str | None
    include_catalog: bool
    reauthenticate: bool
    store: CredentialStore | None
    account: str | None


class KeystoneAuth(RenewingAuth):
    """A plugin of the Identity API v3. `auth_url` may end in /v2.0 or /v3 or neither.

    At most one of project, domain, `system_scope`, `trust_id` and `unscoped` is what the token is
    for. With `reauthenticate=False` it is used until a server refuses it.
    """

    kind = "keystone"
    method: str
    """The name that loads the plugin."""
    renewable: bool = False
    """Whether what it holds signs in any number of times."""
    given: dict[str, Any]
    """The options that make the same plugin again, secrets included."""
    assumed: tuple[str, ...]
    """Options that were not given and what was taken for them: `user_domain_id=default`."""

    def __init__(
        self, auth_url: str, own: Mapping[str, Any], shared: SharedOptions | Mapping[str, Any]
    ) -> None:
        if unknown := shared.keys() - SharedOptions.__annotations__.keys():
            raise TypeError(f"{type(self).__name__} takes no {', '.join(sorted(unknown))}.")
        super().__init__(store=shared.get("store"), account=shared.get("account"))
        kept = {name: value for name, value in shared.items() if name not in _NOT_KEPT}
        self.auth_url = auth_url
        self.given: dict[str, Any] = {
            name: value
            for name, value in {"auth_url": auth_url, **own, **kept}.items()
            if value is not None
        }
        self.assumed: tuple[str, ...] = ()
        self.scope = self._scope()
        self._endpoints = Endpoints()

    @abstractmethod
    async def methods(self, env: Env) -> Sequence[Method]:
        """Return what proves who asks."""

    async def first_token(self, env: Env) -> Token:
        """Return a token made now."""
        return await sign_in.token(
            env,
            self.auth_url,
            await self.methods(env),
            self.scope,
            catalog=self.given.get("include_catalog", True),
        )

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        return self.credential_of(await self._made(env), previous, env.now())

    def credential_of(self, made: Token, previous: Credential | None, now: int) -> Credential:
        """Return the credential that the token `made` is, got at `now`."""
        # How long it lasts is the server's word; when that is, our own clock's, which may be another.
        until = now + max(0, made.expires_at - made.issued_at)
        return Credential(
            generation=next_generation(previous, now),
            access_token=made.secret,
            token_type="X-Auth-Token",
            issued_at=now,
            expires_at=until if self.given.get("reauthenticate", True) else None,
            claims=made.body,
        )

    async def _made(self, env: Env) -> Token:
        try:
            return await self.first_token(env)
        except MissingAuthMethods:
            raise
        except AuthenticationError as error:
            if not self.assumed:
                raise
            raise AuthenticationError(
                f"{error.public} Not given, and assumed: {', '.join(self.assumed)}.",
                detail=error.detail,
            ) from error

    async def first(self, env: Env) -> Credential:
        """Return a credential made now, whatever is kept."""
        return await self.renew(env, None, "")

    def _shown(self, credential: Credential) -> Fields:
        return (("X-Auth-Token", credential.access_token),)

    async def access(self, env: Env) -> KeystoneAccess:
        return KeystoneAccess.of(await self.credential(env), self.auth_url)

    async def endpoint(self, env: Env, **filter: Any) -> EndpointData | None:  # noqa: ANN401
        credential = self._ready(env) or await self.credential(env)
        return await self._endpoints.find(env, credential, self.auth_url, filter)

    async def versions(self, env: Env, **filter: Any) -> dict[str, Any]:  # noqa: ANN401
        return dict(await all_versions(env, await self.access(env), filter))

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        # Whose a held token is only the token itself can tell; the id is a MAC and shows nothing.
        telling = {
            name: value
            for name, value in self.given.items()
            if name not in SECRETS or name in {"token", "access_token"}
        }
        return (user or "", self.method, *(f"{name}={telling[name]}" for name in sorted(telling)))

    def state(self) -> dict[str, Any]:
        said = {name: value for name, value in self.given.items() if name not in SECRETS}
        own = {
            "issuer": sign_in.root_of(self.auth_url),
            "client_id": self.label or "",
            "grant": self.method,
            "renewable": self.renewable,
            "options": said,
        }
        return {**own, **super().state()}

    def secrets(self) -> dict[str, Any]:
        held = {name: value for name, value in self.given.items() if name in SECRETS}
        return {"options": held, **super().secrets()}

    def user(self) -> Named:
        """Return the user of the options; a name without a domain is one of the default domain."""
        domain = (self.given.get("user_domain_id"), self.given.get("user_domain_name"))
        if self.given.get("username") and not self.given.get("user_id") and not any(domain):
            domain = (self._default_domain("user_domain_id"), None)
        return Named(self.given.get("user_id"), self.given.get("username"), *domain)

    def needed(self, name: str) -> str:
        """Return the option `name`; where it was not given IncompleteCredentials is raised."""
        value: str | None = self.given.get(name)
        if not value:
            raise IncompleteCredentials(f"{self.method} needs {name}=.")
        return value

    def _scope(self) -> Scope:
        given = self.given
        domain = (given.get("project_domain_id"), given.get("project_domain_name"))
        if given.get("project_name") and not given.get("project_id") and not any(domain):
            domain = (self._default_domain("project_domain_id"), None)
        scope = Scope(
            project=Named(given.get("project_id"), given.get("project_name"), *domain),
            domain=Named(given.get("domain_id"), given.get("domain_name")),
            system=given.get("system_scope"),
            trust_id=given.get("trust_id"),
            unscoped=bool(given.get("unscoped")),
        )
        scope.body()  # a scope of two things is refused here, not at the first request
        return scope

    def _default_domain(self, option: str) -> str:
        domain: str = self.given.get("default_domain_id") or DEFAULT_DOMAIN
        told = f"{option}={domain}"
        if told not in self.assumed:
            self.assumed = (*self.assumed, told)
        return domain

    def explain(self) -> list[str]:
        """Return, a line each, what this plugin signs in with, what it assumed, and until when its
        token lasts; no secret."""
        lines = [
            f"{self.method} at {sign_in.root_of(self.auth_url)} as {self.label or 'nobody yet'}"
        ]
        lines += [f"assumed: {text}" for text in self.assumed]
        lines.append(f"scope: {scope_text(self.scope)}")
        if (current := self._current) is not None:
            until = current.claims.get("expires_at") or "a server refuses it"
            lines.append(f"token: generation {current.generation}, until {until}")
        return lines


def scope_text(scope: Scope) -> str:
    """Return `scope` as a person reads it."""
    body = scope.body()
    if body is None:
        return "the user's default project, or none"
    if isinstance(body, str):
        return body
    kind, what = next(iter(body.items()))
    return f"{kind.removeprefix('OS-TRUST:')} {what.get('name') or what.get('id') or 'all'}"
