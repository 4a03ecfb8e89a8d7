"""How users of Keystone sign in: name and password for a token, with a passcode where the server asks for one.
`loading` finds it by the dialect's name; below it are the plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sojourn.client.dialects.keystone import sign_in
from sojourn.client.dialects.keystone.access import KeystoneAccess
from sojourn.client.dialects.keystone.person import Person
from sojourn.client.dialects.keystone.plugin import KeystoneAuth, SharedOptions
from sojourn.client.dialects.keystone.v3 import ApplicationCredential
from sojourn.client.prompt.contract import Answer, Field, Form
from sojourn.client.user_dialect import Facts, UserDialect
from sojourn.errors import InteractionRequired

if TYPE_CHECKING:
    from sojourn.client.credential import Credential
    from sojourn.client.env.contract import Env
    from sojourn.client.renewal import RenewingAuth

_SCOPE: Final = SharedOptions.__annotations__.keys() - {"store", "account"}
_DOMAIN: Final = ("user_domain_id", "user_domain_name")


class KeystoneUsers(UserDialect):
    """Options: `user_domain_id` or `user_domain_name`, and what the token is for, `project_name` and the like. A
    project without a domain is one of the user's."""

    service: ClassVar[str] = "Keystone"

    def form(self, host: str | None, login: str | None) -> Form:
        extra = (
            Field("user_domain_name", "Domain", value="Default"),
            Field("project_name", "Project"),
        )
        return super().form(host, login)._replace(host_label="Auth URL", extra=extra)

    def plugin(self, host: str, login: str, options: Mapping[str, Any]) -> Person:
        known = {name: value for name, value in options.items() if value not in (None, "")}
        own = {name: known[name] for name in _DOMAIN if name in known}
        shared: dict[str, Any] = {name: known[name] for name in _SCOPE if name in known}
        if "project_name" in shared and not shared.keys() & {
            "project_domain_id",
            "project_domain_name",
        }:
            shared.update({name.replace("user", "project"): value for name, value in own.items()})
        return Person(host, username=login, **own, **shared)

    async def sign_in(self, env: Env, plugin: RenewingAuth, answer: Answer) -> Credential:
        return await _person(plugin).signed_in(env, answer.password, answer.code)

    async def held(self, env: Env, plugin: RenewingAuth, token: str) -> Credential:
        person = _person(plugin)
        found = await sign_in.look(env, person.auth_url, token)
        return person.credential_of(found, None, env.now())

    def facts(self, credential: Credential, login: str) -> Facts:
        access = KeystoneAccess.of(credential, "")
        name = access.username or login
        return Facts(login=name, subject=access.user_id or login, username=name)

    def script(
        self, host: str, name: str, key: str, options: Mapping[str, Any]
    ) -> ApplicationCredential:
        return ApplicationCredential(
            host, application_credential_id=name, application_credential_secret=key
        )

    async def check(self, env: Env, plugin: RenewingAuth, credential: Credential) -> None:
        if isinstance(plugin, KeystoneAuth):
            await sign_in.look(env, plugin.auth_url, credential.access_token)


def _person(plugin: RenewingAuth) -> Person:
    if not isinstance(plugin, Person):
        raise InteractionRequired(
            f"{plugin.label or 'The account'} signs in with what it holds, and a password is no use to it."
        )
    return plugin


USERS: Final = KeystoneUsers()
