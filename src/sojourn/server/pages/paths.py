"""The paths of pages and endpoints under the issuer."""

from __future__ import annotations

from typing import Final

HOME: Final = "/"
SIGN_IN: Final = "/sign-in"
CONTINUE: Final = "/continue"
CHOOSE: Final = "/choose-account"
DEVICE: Final = "/device"
CONFIRM: Final = "/device/confirm"
CONSENT: Final = "/consent"
SESSIONS: Final = "/sessions"
PASSWORD: Final = "/password"
SIGN_OUT: Final = "/sign-out"
SET_UP: Final = "/set-up"
STATIC: Final = "/static"
AUTHORIZE: Final = "/authorize"
TOKEN: Final = "/token"
USERINFO: Final = "/userinfo"
DEVICE_AUTHORIZATION: Final = "/device_authorization"
INTROSPECTION: Final = "/introspect"
REVOCATION: Final = "/revoke"
JWKS: Final = "/jwks"
OAUTH_METADATA: Final = "/.well-known/oauth-authorization-server"
END_SESSION: Final = "/end-session"
DISCOVERY: Final = "/.well-known/openid-configuration"
