"""The plugins by name, and their options: described once for arguments, environment, files and prompts.
`client.loading` finds them here; below them are the plugins."""

from __future__ import annotations

from typing import Final

from sojourn.client.dialects.cubicweb.basic import BasicAuth
from sojourn.client.dialects.cubicweb.cookie import CookieAuth
from sojourn.client.dialects.cubicweb.signed import SignedRequestAuth
from sojourn.client.loading import Loader, Option

_URL: Final = Option("url", "the base-url of the instance", required=True, older=("auth_url",))
_USER: Final = (
    _URL,
    Option("username", "the user's login", required=True, older=("user_name", "login")),
    Option("password", "the user's password", required=True, secret=True),
)

_TOKEN: Final = (
    _URL,
    Option("token_id", "the id of the AuthToken", required=True),
    Option("secret", "its secret", required=True, secret=True),
)

LOADERS: Final = {
    plugin.grant: Loader(plugin.grant, plugin, options, environment="CUBICWEB_", address="url")
    for plugin, options in (
        (CookieAuth, _USER),
        (BasicAuth, _USER),
        (SignedRequestAuth, _TOKEN),
    )
}
