"""Every grant type that this server knows, by its `grant_type` value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sojourn.server.grants.authorization_code import AuthorizationCode
from sojourn.server.grants.client_credentials import ClientCredentials
from sojourn.server.grants.contract import GrantType
from sojourn.server.grants.device_code import DeviceCode
from sojourn.server.grants.refresh_token import RefreshToken
from sojourn.server.grants.token_exchange import TokenExchange

_ALL: Final[tuple[GrantType, ...]] = (
    AuthorizationCode(),
    RefreshToken(),
    ClientCredentials(),
    DeviceCode(),
    TokenExchange(),
)

REGISTRY: Final[Mapping[str, GrantType]] = {grant.name: grant for grant in _ALL}
