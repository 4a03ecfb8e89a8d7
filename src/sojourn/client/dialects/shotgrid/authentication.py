"""The Toolkit's `sgtk.authentication`, name by name: thin presets over the authenticator, the defaults, the user and
`serialize`. Programs import it; below it are those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sojourn.client import serialize
from sojourn.client.authenticator import Authenticator
from sojourn.client.defaults import DefaultsManager
from sojourn.client.dialects.shotgrid.errors import (
    UnresolvableHumanUser,
    UnresolvableScriptUser,
    UnresolvableUser,
)
from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth
from sojourn.client.dialects.shotgrid.user import ShotgunUser
from sojourn.client.serialize import serialize_user
from sojourn.errors import (
    AuthenticationCancelled,
    AuthenticationError,
    CredentialError,
    IncompleteCredentials,
)

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.prompt.contract import Prompt

__all__ = [
    "AuthenticationCancelled",
    "AuthenticationError",
    "DefaultsManager",
    "IncompleteCredentials",
    "ShotgunAuthenticationError",
    "ShotgunAuthenticator",
    "ShotgunSamlUser",
    "ShotgunUser",
    "ShotgunWebUser",
    "UnresolvableHumanUser",
    "UnresolvableScriptUser",
    "UnresolvableUser",
    "deserialize_user",
    "serialize_user",
]

ShotgunAuthenticationError = CredentialError
ShotgunWebUser = ShotgunSamlUser = ShotgunUser


class ShotgunAuthenticator(Authenticator):
    """Makes users of ShotGrid; all else is as the general authenticator has it."""

    def __init__(
        self,
        defaults_manager: DefaultsManager | None = None,
        *,
        prompt: Prompt | None = None,
        store: CredentialStore | None = None,
    ) -> None:
        super().__init__(defaults_manager, kind=ShotgridAuth.kind, prompt=prompt, store=store)

    def get_user(self) -> ShotgunUser:
        return ShotgunUser.of(super().get_user())

    def get_default_user(self) -> ShotgunUser | None:
        found = super().get_default_user()
        return None if found is None else ShotgunUser.of(found)

    def clear_default_user(self) -> ShotgunUser | None:
        found = super().clear_default_user()
        return None if found is None else ShotgunUser.of(found)

    def get_user_from_prompt(
        self,
        host: str | None = None,
        login: str | None = None,
        http_proxy: str | None = None,
        is_host_fixed: bool | None = None,  # noqa: FBT001 - the page's signature
    ) -> ShotgunUser:
        return ShotgunUser.of(super().get_user_from_prompt(host, login, http_proxy, is_host_fixed))

    def create_session_user(  # noqa: PLR0917 - the page's signature
        self,
        login: str,
        session_token: str | None = None,
        password: str | None = None,
        host: str | None = None,
        http_proxy: str | None = None,
        session_metadata: object = None,
    ) -> ShotgunUser:
        return ShotgunUser.of(
            super().create_session_user(
                login, session_token, password, host, http_proxy, session_metadata
            )
        )

    def create_script_user(
        self,
        api_script: str,
        api_key: str,
        host: str | None = None,
        http_proxy: str | None = None,
    ) -> ShotgunUser:
        return ShotgunUser.of(super().create_script_user(api_script, api_key, host, http_proxy))


def deserialize_user(
    payload: str | bytes,
    *,
    audience: str | None = None,
    key: CredentialStore | None = None,
    compat: bool = False,
) -> ShotgunUser:
    """Return the user that `serialize_user` wrote; `compat` also reads what the Toolkit wrote as JSON, and never its
    pickles. Raises what the general function does, and IncompleteCredentials for a user of another service."""
    return ShotgunUser.of(
        serialize.deserialize_user(payload, audience=audience, key=key, compat=compat)
    )
