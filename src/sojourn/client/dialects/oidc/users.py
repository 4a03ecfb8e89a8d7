"""How users of OpenID Connect sign in: in the browser, for a provider takes a password only on its own page
(RFC 9700 §2.4). `loading` finds it by the dialect's name; below it are the plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sojourn.client.dialects.oidc.accounts import known
from sojourn.client.dialects.oidc.jobs import Minter
from sojourn.client.dialects.oidc.plugin import OidcAuth
from sojourn.client.dialects.oidc.plugins import (
    DEFAULT_SCOPE,
    AuthorizationCode,
    ClientCredentials,
    DeviceCode,
)
from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.user_dialect import Facts, UserDialect
from sojourn.errors import (
    AuthenticationError,
    ConnectFailure,
    IncompleteCredentials,
    InteractionRequired,
)

if TYPE_CHECKING:
    from sojourn.client.credential import Credential
    from sojourn.client.env.contract import Env
    from sojourn.client.job_order import JobMint
    from sojourn.client.renewal import RenewingAuth

CLIENT: Final = "sojourn-cli"
"""The client that every Sojourn server knows from its first start; other providers want one of their own."""

_CLIENT_OPTIONS: Final = ("client_secret", "client_key", "method", "resource")
_PERSON_OPTIONS: Final = (*_CLIENT_OPTIONS, "prompt", "max_age", "acr_values")


class OidcUsers(UserDialect):
    """Options: `client_id`, `scope`, `resource`, `client_secret`, `client_key`, `method`; for persons also `prompt`,
    `max_age`, `acr_values`, `redirect_uri`."""

    service: ClassVar[str] = "OpenID provider"
    ways: ClassVar[tuple[Way, ...]] = (Way.BROWSER,)

    def host(self, text: str) -> str:
        # An issuer is compared letter by letter (OpenID Connect Discovery §4.3), its last slash too.
        return super().host(text) + ("/" if text.strip().endswith("/") else "")

    def form(self, host: str | None, login: str | None) -> Form:
        service = host.partition("://")[2] if host else self.service
        return super().form(host, login)._replace(service=service, host_label="Provider")

    def plugin(self, host: str, login: str, options: Mapping[str, Any]) -> AuthorizationCode:
        given = {name: options[name] for name in _PERSON_OPTIONS if options.get(name) is not None}
        if options.get("redirect_uri"):
            given["redirect_uri"] = options["redirect_uri"]
        return AuthorizationCode(
            host,
            options.get("client_id") or CLIENT,
            scope=options.get("scope") or DEFAULT_SCOPE,
            login_hint=login or None,
            **given,
        )

    async def sign_in(self, env: Env, plugin: RenewingAuth, answer: Answer) -> Credential:
        person = _person(plugin)
        if answer.password:
            raise IncompleteCredentials(
                f"{person.issuer} takes passwords only on its own page (RFC 9700 §2.4): sign in in the browser, with "
                "get_user_from_prompt."
            )
        if isinstance(person, AuthorizationCode):
            made = await person.first(env, answer)
        else:
            made = await person.first(env)
        return await known(env, person, made)

    def facts(self, credential: Credential, login: str) -> Facts:
        claims = credential.claims
        name = claims.get("preferred_username") or claims.get("email")
        subject = claims.get("sub") or login
        shown = name or login or subject
        return Facts(login=shown, subject=subject, username=shown)

    def script(
        self, host: str, name: str, key: str, options: Mapping[str, Any]
    ) -> ClientCredentials:
        told = {"scope": options.get("scope"), "resource": options.get("resource")}
        return ClientCredentials(
            host, name, client_secret=key, method=options.get("method"), **told
        )

    async def jobs(self, env: Env, plugin: RenewingAuth) -> JobMint:
        return await Minter.of(env, _of_oidc(plugin))

    async def check(self, env: Env, plugin: RenewingAuth, credential: Credential) -> None:
        person = _of_oidc(plugin)
        at = (await person.endpoints.provider.metadata(env)).userinfo_endpoint
        # A token for a resource is not for userinfo (RFC 8707 §2.2).
        if at is None or person.resources:
            return
        reply = await person.endpoints.ask_userinfo(env, credential)
        if reply.status >= 500:
            raise ConnectFailure(f"{at} answered {reply.status}.", method="GET", url=at)
        if reply.status == 401:
            raise AuthenticationError(f"{person.issuer} does not take the token any more.")


def _of_oidc(plugin: RenewingAuth) -> OidcAuth:
    if not isinstance(plugin, OidcAuth):
        message = f"{type(plugin).__name__} is no plugin of OpenID Connect."
        raise TypeError(message)
    return plugin


def _person(plugin: RenewingAuth) -> AuthorizationCode | DeviceCode:
    if not isinstance(plugin, AuthorizationCode | DeviceCode):
        raise InteractionRequired(
            f"{plugin.label or 'The account'} signs in with what it holds, and not as a person."
        )
    return plugin


USERS: Final = OidcUsers()
