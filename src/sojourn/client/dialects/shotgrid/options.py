"""The options of the plugins, described once: `client.loading` reads arguments, environment and the command line by
it. Below it are the plugins.
"""

from __future__ import annotations

from typing import Final

from sojourn.client.dialects.shotgrid.plugins import AppSession, Password, Script, SessionToken
from sojourn.client.loading import Loader, Option

_HOST: Final = Option(
    "host", "the site, such as https://studio.shotgrid.com", required=True, older=("site",)
)
_LOGIN: Final = Option("login", "the user's login", required=True, older=("user_login",))

LOADERS: Final = {
    Password.grant: Loader(
        Password.grant,
        Password,
        (
            _HOST,
            _LOGIN,
            Option("password", "the user's password", required=True, secret=True),
            Option(
                "auth_token",
                "the code of a second factor, where the site asks for one",
                secret=True,
            ),
            Option("keep_password", "yes: keep the password, sealed, for the next session"),
        ),
    ),
    SessionToken.grant: Loader(
        SessionToken.grant,
        SessionToken,
        (
            _HOST,
            _LOGIN,
            Option("token", "a session token that is held", required=True, secret=True),
        ),
    ),
    AppSession.grant: Loader(
        AppSession.grant, AppSession, (_HOST, Option("login", "who it must be that approves"))
    ),
    Script.grant: Loader(
        Script.grant,
        Script,
        (
            _HOST,
            Option("script_name", "the script", required=True),
            Option("api_key", "its key", required=True, secret=True, older=("script_key",)),
        ),
    ),
}
