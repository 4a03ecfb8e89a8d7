"""How users of CubicWeb sign in: with a password for cookies, scripts by signing each request. `loading` finds it by
the dialect's name; below it are the plugins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sojourn.client.dialects.cubicweb import sign_in
from sojourn.client.dialects.cubicweb.cookie import CookieAuth
from sojourn.client.dialects.cubicweb.person import CubicWebPerson
from sojourn.client.dialects.cubicweb.plugin import CubicWebAuth, ProvingAuth
from sojourn.client.dialects.cubicweb.signed import SignedRequestAuth
from sojourn.client.prompt.contract import Answer, Form
from sojourn.client.user_dialect import UserDialect
from sojourn.errors import AuthenticationError, CredentialError, IncompleteCredentials
from sojourn.wire import cookies

if TYPE_CHECKING:
    from sojourn.client.credential import Credential
    from sojourn.client.dialects.cubicweb.sign_in import Proof
    from sojourn.client.env.contract import Env
    from sojourn.client.renewal import RenewingAuth


class CubicWebUsers(UserDialect):
    """A host is the base-url of an instance; a token from elsewhere is the text of a Cookie header; there are no
    options."""

    service: ClassVar[str] = "CubicWeb"

    def form(self, host: str | None, login: str | None) -> Form:
        return super().form(host, login)._replace(host_label="Base URL")

    def plugin(self, host: str, login: str, options: Mapping[str, Any]) -> CubicWebPerson:
        return CubicWebPerson(host, login)

    async def sign_in(self, env: Env, plugin: RenewingAuth, answer: Answer) -> Credential:
        if not isinstance(plugin, CookieAuth):
            message = f"{plugin.label} signs in with what it holds, and a password is no use to it."
            raise IncompleteCredentials(message)
        return await plugin.signed_in(env, answer.password)

    async def held(self, env: Env, plugin: RenewingAuth, token: str) -> Credential:
        if not isinstance(plugin, CookieAuth) or not cookies.parse(token):
            raise IncompleteCredentials("CubicWeb's session is the text of a Cookie header.")
        cookie = await sign_in.continued(env, plugin.url, token)
        if cookie is None:
            raise AuthenticationError(_ended(plugin))
        return plugin.session(cookie, None, env.now())

    def script(
        self, host: str, name: str, key: str, options: Mapping[str, Any]
    ) -> SignedRequestAuth:
        return SignedRequestAuth(host, name, key)

    async def check(self, env: Env, plugin: RenewingAuth, credential: Credential) -> None:
        known = _known(plugin)
        if await sign_in.refusal(env, known.url, _proof(known, credential, env.now())) is not None:
            raise AuthenticationError(_ended(known))

    async def entity(self, env: Env, plugin: RenewingAuth) -> Mapping[str, Any]:
        known = _known(plugin)
        held = await known.credential(env)
        answer = await sign_in.current_user(env, known.url, _proof(known, held, env.now()))
        try:
            said = json.loads(answer.content) if answer.status == 200 else {}
            return {"type": "CWUser", "id": int(said["eid"])}
        except (ValueError, TypeError, KeyError) as cause:
            raise CredentialError(
                f"{known.url} does not say who the user is ({answer.status}): it may lack the cube api."
            ) from cause


def _ended(plugin: CubicWebAuth) -> str:
    return f"{plugin.url} does not take the session any more."


def _proof(plugin: CubicWebAuth, credential: Credential, now: int) -> Proof:
    if isinstance(plugin, ProvingAuth):
        return lambda request: plugin.shown(request, now)
    return lambda _: (("Cookie", credential.access_token),)


def _known(plugin: RenewingAuth) -> CubicWebAuth:
    if not isinstance(plugin, CubicWebAuth):
        message = f"{type(plugin).__name__} is no plugin of CubicWeb."
        raise TypeError(message)
    return plugin


USERS: Final = CubicWebUsers()
