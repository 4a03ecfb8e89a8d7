"""Tells a provider that asks for it where the tokens of a sign-in are going to be kept, so that the person sees the
place among their sessions and can end it. The plugins stand above it; below it is the sealed store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from sojourn.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.dialects.oidc.endpoints import Endpoints
    from sojourn.client.env.contract import Env


class Signing(Protocol):
    """What is asked of the plugin that signs somebody in."""

    @property
    def endpoints(self) -> Endpoints: ...

    @property
    def meant_for(self) -> CredentialStore | None: ...


async def parameters(env: Env, plugin: Signing) -> Mapping[str, str]:
    """Return the parameters; none where there is no store that can be written, or a provider that does not read them:
    the name of a person's machine is for nobody else."""
    provider, store = plugin.endpoints.provider, plugin.meant_for or env.store
    if store is None or not (await provider.metadata(env)).store_parameters_supported:
        return {}
    try:
        return store.known_as(provider.issuer).params()
    except (StoreError, ConfigurationError):
        return {}
