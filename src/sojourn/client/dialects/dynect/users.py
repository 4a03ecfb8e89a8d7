"""How users of DynECT sign in: customer, user name and password for a token. `loading` finds it by the dialect's name;
below it are the plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sojourn.client.dialects.dynect.person import DynectPerson
from sojourn.client.dialects.dynect.plugin import URL, DynectAuth
from sojourn.client.prompt.contract import Answer, Form
from sojourn.client.user_dialect import Facts, UserDialect
from sojourn.errors import AuthenticationError, IncompleteCredentials
from sojourn.wire.dynect import SignIn

if TYPE_CHECKING:
    from sojourn.client.credential import Credential
    from sojourn.client.env.contract import Env
    from sojourn.client.renewal import RenewingAuth


class DynectUsers(UserDialect):
    """A login is `customer/user`; the customer may also be the option `customer`."""

    service: ClassVar[str] = "DynECT"
    default_host: ClassVar[str | None] = URL

    def form(self, host: str | None, login: str | None) -> Form:
        return super().form(host, login)._replace(login_label="Customer/user name")

    def plugin(self, host: str, login: str, options: Mapping[str, Any]) -> DynectPerson:
        customer, user = _parts(login, options)
        return DynectPerson(customer, user, "", url=host)

    async def sign_in(self, env: Env, plugin: RenewingAuth, answer: Answer) -> Credential:
        person = _known(plugin)
        given = SignIn(person.sign_in.customer, person.sign_in.user, answer.password)
        return await person.signed_in(env, given, None)

    async def held(self, env: Env, plugin: RenewingAuth, token: str) -> Credential:
        return _known(plugin).credential_of(token, None, env.now())

    def facts(self, credential: Credential, login: str) -> Facts:
        customer, user = credential.claims["customer"], credential.claims["sub"]
        return Facts(f"{customer}/{user}", f"{customer}/{user}", user)

    def script(self, host: str, name: str, key: str, options: Mapping[str, Any]) -> DynectAuth:
        customer, user = _parts(name, options)
        return DynectAuth(customer, user, key, url=host)

    async def check(self, env: Env, plugin: RenewingAuth, credential: Credential) -> None:
        person = _known(plugin)
        if not await person.look(env, credential.access_token):
            raise AuthenticationError(f"{person.url} does not take the token any more.")


def _parts(login: str, options: Mapping[str, Any]) -> tuple[str, str]:
    customer, _, user = login.rpartition("/")
    customer = customer or options.get("customer") or ""
    if not customer or not user:
        raise IncompleteCredentials("DynECT needs the customer as well: write customer/user.")
    return customer, user


def _known(plugin: RenewingAuth) -> DynectAuth:
    if not isinstance(plugin, DynectAuth):
        message = f"{type(plugin).__name__} is no plugin of DynECT."
        raise TypeError(message)
    return plugin


USERS: Final = DynectUsers()
