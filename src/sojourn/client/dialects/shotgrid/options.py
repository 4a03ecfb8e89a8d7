"""The options of the plugins, described once: `client.loading` reads arguments, environment and the command line by
it. Below it are the plugins.
"""

from __future__ import annotations

from typing import Final

from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth
from sojourn.client.dialects.shotgrid.plugins import AppSession, Password, Script, SessionToken
from sojourn.client.loading import Loader, Option

_HOST: Final = Option(
    "host", "the site, such as https://studio.shotgrid.com", required=True, older=("site",)
)
_LOGIN: Final = Option("login", "the user's login", required=True, older=("user_login",))


def _loader(plugin: type[ShotgridAuth], *options: Option) -> Loader:
    return Loader(plugin.grant, plugin, options, environment="SHOTGRID_", address="host")


LOADERS: Final = {
    loader.name: loader
    for loader in (
        _loader(
            Password,
            _HOST,
            _LOGIN,
            Option("password", "the user's password", required=True, secret=True),
            Option(
                "auth_token",
                "the code of a second factor, where one is asked for",
                secret=True,
                second_factor=True,
            ),
            Option("keep_password", "yes: keep the password, sealed, for the next session"),
        ),
        _loader(
            SessionToken,
            _HOST,
            _LOGIN,
            Option("token", "a session token that is held", required=True, secret=True),
        ),
        _loader(AppSession, _HOST, Option("login", "who it must be that approves")),
        _loader(
            Script,
            _HOST,
            Option("script_name", "the script", required=True),
            Option("api_key", "its key", required=True, secret=True, older=("script_key",)),
        ),
    )
}
