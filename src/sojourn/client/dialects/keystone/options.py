"""The options of the plugins, described once: `client.loading` reads environment, clouds.yaml and
arguments by it, and the accounts restore a plugin by it. Below it are the plugins."""

from __future__ import annotations

from typing import Final

from sojourn.client.dialects.keystone import none, token_endpoint, v3
from sojourn.client.loading import Loader, Option

_URL: Final = Option("auth_url", "where Keystone is", required=True)
_SCOPE: Final = (
    Option("project_id", "the project, by id", older=("tenant_id",)),
    Option("project_name", "the project, by name", older=("tenant_name",)),
    Option("project_domain_id", "the project's domain, by id"),
    Option("project_domain_name", "the project's domain, by name"),
    Option("domain_id", "the domain that the token is for, by id"),
    Option("domain_name", "the domain that the token is for, by name"),
    Option("system_scope", "`all`: the token is for the system"),
    Option("trust_id", "the trust that the token is for"),
    Option(
        "default_domain_id", "the domain of names that come without one", older=("default_domain",)
    ),
)
_NAMED: Final = Option("username", "the user, by name", older=("user_name",))
_NEEDED: Final = _NAMED._replace(required=True, instead=("user_id",))
_OTHERWISE: Final = (
    Option("user_id", "the user, by id"),
    Option("user_domain_id", "the user's domain, by id"),
    Option("user_domain_name", "the user's domain, by name"),
)
_USER: Final = (_NEEDED, *_OTHERWISE)
_FEDERATION: Final = (
    Option("identity_provider", "the provider, as Keystone calls it", required=True),
    Option("protocol", "the protocol, as Keystone calls it", required=True),
)

_PASSWORD: Final = Loader(
    "v3password",
    v3.Password,
    (_URL, *_USER, Option("password", "the user's password", required=True, secret=True), *_SCOPE),
    address="auth_url",
)
_TOKEN: Final = Loader(
    "v3token",
    v3.Token,
    (_URL, Option("token", "a token that is held", required=True, secret=True), *_SCOPE),
    address="auth_url",
)

LOADERS: Final = {
    # Without a version it is v3 all the same: no Keystone of these years has another.
    "keystone": _PASSWORD,
    "password": _PASSWORD,
    "v3password": _PASSWORD,
    "token": _TOKEN,
    "v3token": _TOKEN,
    "v3totp": Loader(
        "v3totp",
        v3.TOTP,
        (_URL, *_USER, Option("passcode", "a passcode", required=True, secret=True), *_SCOPE),
        address="auth_url",
    ),
    "v3applicationcredential": Loader(
        "v3applicationcredential",
        v3.ApplicationCredential,
        (
            _URL,
            Option(
                "application_credential_id",
                "the application credential, by id",
                required=True,
                instead=("application_credential_name",),
            ),
            Option("application_credential_name", "the application credential, by name"),
            Option("application_credential_secret", "its secret", required=True, secret=True),
            _NAMED,
            *_OTHERWISE,
        ),
        address="auth_url",
    ),
    "v3oidcaccesstoken": Loader(
        "v3oidcaccesstoken",
        v3.OidcAccessToken,
        (
            _URL,
            *_FEDERATION,
            Option("access_token", "the provider's access token", required=True, secret=True),
            *_SCOPE,
        ),
        address="auth_url",
    ),
    "v3oidcclientcredentials": Loader(
        "v3oidcclientcredentials",
        v3.OidcClientCredentials,
        (
            _URL,
            *_FEDERATION,
            Option("client_id", "the client at the provider", required=True),
            Option("client_secret", "its secret", required=True, secret=True),
            Option("access_token_endpoint", "the provider's token endpoint"),
            Option("discovery_endpoint", "the provider's metadata document"),
            Option("scope", "the scope asked for at the provider", older=("openid_scope",)),
            *_SCOPE,
        ),
        address="auth_url",
    ),
    "token_endpoint": Loader(
        "token_endpoint",
        token_endpoint.Token,
        (
            Option("endpoint", "where every service is", required=True, older=("url",)),
            Option("token", "a token that is held", required=True, secret=True),
        ),
        signs_in=False,
    ),
    "none": Loader(
        "none", none.NoAuth, (Option("endpoint", "where every service is"),), signs_in=False
    ),
}
LOADERS["admin_token"] = LOADERS["token_endpoint"]
