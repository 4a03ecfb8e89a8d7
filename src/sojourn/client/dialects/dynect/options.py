"""The options of the plugin, described once: `client.loading` reads arguments, environment and the command
line by it. Below it is the plugin.
"""

from __future__ import annotations

from typing import Final

from sojourn.client.dialects.dynect.plugin import DynectAuth
from sojourn.client.loading import Loader, Option

LOADERS: Final = {
    "dynect": Loader(
        "dynect",
        DynectAuth,
        (
            Option("url", "the origin of the API, where it is not DynECT's own"),
            Option("customer", "the customer", required=True),
            Option("username", "the user", required=True),
            Option("password", "the user's password", required=True, secret=True),
            Option("api_version", "the version of the API"),
        ),
        environment="DYNECT_",
        address="url",
    )
}
