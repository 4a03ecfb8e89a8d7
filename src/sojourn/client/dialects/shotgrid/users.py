"""How users of ShotGrid sign in: with a password and perhaps a code, or in the browser. `loading` finds it by the
dialect's name; below it are the plugins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sojourn.client.dialects.shotgrid import rpc
from sojourn.client.dialects.shotgrid.launcher import Launching
from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth, session_of
from sojourn.client.dialects.shotgrid.plugins import AppSession, Password, Script, ShotgridUser
from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.user_dialect import Facts, UserDialect
from sojourn.errors import IncompleteCredentials
from sojourn.wire import shotgrid

if TYPE_CHECKING:
    from sojourn.client.credential import Credential
    from sojourn.client.env.contract import Env
    from sojourn.client.renewal import RenewingAuth


class ShotgridUsers(UserDialect):
    """A host is the address of a site; there are no options."""

    service: ClassVar[str] = "ShotGrid"
    ways: ClassVar[tuple[Way, ...]] = (Way.PASSWORD, Way.BROWSER)

    def host(self, text: str) -> str:
        return rpc.site_of(text)

    def form(self, host: str | None, login: str | None) -> Form:
        return super().form(host, login)._replace(host_label="Site")

    def plugin(self, host: str, login: str, options: Mapping[str, Any]) -> ShotgridUser:
        if not login.strip():  # whoever approves in the browser
            return AppSession(host, interactive=False)
        return Password(host, login)

    async def sign_in(self, env: Env, plugin: RenewingAuth, answer: Answer) -> Credential:
        user = _user(plugin)
        if answer.way is Way.BROWSER:
            return await user.by_browser(env, Launching(show=answer.show, cancel=answer.cancelled))
        if not user.login or not answer.password:
            raise IncompleteCredentials("ShotGrid needs a login and a password.")
        return await user.by_password(env, answer.password, answer.code)

    async def held(self, env: Env, plugin: RenewingAuth, token: str) -> Credential:
        made = _user(plugin).made(shotgrid.session_token(token), None, env.now())
        return made._replace(issued_at=0)  # nobody knows when it was used last

    def facts(self, credential: Credential, login: str) -> Facts:
        name = credential.claims.get("sub") or login
        return Facts(name, name, name)

    def script(self, host: str, name: str, key: str, options: Mapping[str, Any]) -> Script:
        return Script(host, name, key)

    async def check(self, env: Env, plugin: RenewingAuth, credential: Credential) -> None:
        await _user(plugin).ask_after(env, session_of(credential))

    async def entity(self, env: Env, plugin: RenewingAuth) -> Mapping[str, Any]:
        return await _auth(plugin).entity(env)


def _auth(plugin: RenewingAuth) -> ShotgridAuth:
    if not isinstance(plugin, ShotgridAuth):
        message = f"{type(plugin).__name__} is no plugin of ShotGrid."
        raise TypeError(message)
    return plugin


def _user(plugin: RenewingAuth) -> ShotgridUser:
    if not isinstance(plugin, ShotgridUser):
        message = f"{type(plugin).__name__} is no person's plugin of ShotGrid."
        raise TypeError(message)
    return plugin


USERS: Final = ShotgridUsers()
