"""OpenID Connect and OAuth 2.0, for any provider: sign-in of a person, credentials of a program,
sign-out. Sessions and accounts stand above it; below it are renewal, discovery and `wire`."""

from sojourn.client.dialects.oidc.exchange import TokenExchange
from sojourn.client.dialects.oidc.plugins import AuthorizationCode, ClientCredentials, DeviceCode
from sojourn.client.dialects.oidc.workload import GitHubActions, TokenFile, TokenVariable

__all__ = [
    "AuthorizationCode",
    "ClientCredentials",
    "DeviceCode",
    "GitHubActions",
    "TokenExchange",
    "TokenFile",
    "TokenVariable",
]
