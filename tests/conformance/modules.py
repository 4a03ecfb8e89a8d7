"""The conformance modules for a provider and for a client, by plan, in the suite's order. Each is a test of this folder
under its id, or stands in `NOT_OURS` with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BASIC: Final = (
    "oidcc-server",
    "oidcc-response-type-missing",
    "oidcc-idtoken-signature",
    "oidcc-idtoken-unsigned",
    "oidcc-userinfo-get",
    "oidcc-userinfo-post-header",
    "oidcc-userinfo-post-body",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
    "oidcc-scope-profile",
    "oidcc-scope-email",
    "oidcc-scope-address",
    "oidcc-scope-phone",
    "oidcc-scope-all",
    "oidcc-alternate-happy-flow",
    "oidcc-display-page",
    "oidcc-display-popup",
    "oidcc-prompt-login",
    "oidcc-prompt-none-not-logged-in",
    "oidcc-prompt-none-logged-in",
    "oidcc-max-age-1",
    "oidcc-max-age-10000",
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-id-token-hint",
    "oidcc-login-hint",
    "oidcc-ui-locales",
    "oidcc-claims-locales",
    "oidcc-ensure-request-with-acr-values-succeeds",
    "oidcc-codereuse",
    "oidcc-codereuse-30seconds",
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-ensure-post-request-succeeds",
    "oidcc-server-client-secret-post",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-claims-essential",
    "oidcc-ensure-request-object-with-redirect-uri",
    "oidcc-refresh-token",
    "oidcc-ensure-request-with-valid-pkce-succeeds",
)

CONFIG: Final = ("oidcc-discovery-endpoint-verification",)

FAPI2_DPOP: Final = tuple(
    f"fapi2-security-profile-final-{name}"
    for name in (
        "happy-flow",
        "access-token-type-header-case-sensitivity",
        "check-dpop-proof-nbf-exp",
        "ensure-dpopproof-with-iat-10seconds-before-succeeds",
        "ensure-dpopproof-with-iat-10seconds-after-succeeds",
        "ensure-mismatched-dpop-jkt-fails",
        "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
        "ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
        "ensure-dpop-auth-code-binding-success",
        "dpop-negative-tests",
    )
)
"""Of the FAPI2 security profile, what is about DPoP and needs no pushed requests."""

RP_INITIATED_LOGOUT: Final = (
    "oidcc-rp-initiated-logout-discovery-endpoint-verification",
    "oidcc-rp-initiated-logout",
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-modified-id-token-hint",
    "oidcc-rp-initiated-logout-no-id-token-hint",
    "oidcc-rp-initiated-logout-no-params",
    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-no-state",
    "oidcc-rp-initiated-logout-only-state",
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-bad-id-token-hint",
)

_CLIENT: Final = "oidcc-client-test"

CLIENT_BASIC: Final = (
    _CLIENT,
    f"{_CLIENT}-invalid-iss",
    f"{_CLIENT}-missing-sub",
    f"{_CLIENT}-invalid-aud",
    f"{_CLIENT}-missing-iat",
    f"{_CLIENT}-kid-absent-single-jwks",
    f"{_CLIENT}-kid-absent-multiple-jwks",
    f"{_CLIENT}-idtoken-sig-rs256",
    f"{_CLIENT}-idtoken-sig-none",
    f"{_CLIENT}-invalid-sig-rs256",
    f"{_CLIENT}-userinfo-bearer-header",
    f"{_CLIENT}-userinfo-bearer-body",
    f"{_CLIENT}-userinfo-invalid-sub",
    f"{_CLIENT}-nonce-invalid",
    f"{_CLIENT}-scope-userinfo-claims",
    f"{_CLIENT}-client-secret-basic",
)

CLIENT_DYNAMIC: Final = (
    f"{_CLIENT}-discovery-openid-config",
    f"{_CLIENT}-discovery-jwks-uri-keys",
    f"{_CLIENT}-discovery-issuer-mismatch",
    f"{_CLIENT}-signing-key-rotation",
    f"{_CLIENT}-signing-key-rotation-just-before-signing",
    f"{_CLIENT}-discovery-webfinger-acct",
    f"{_CLIENT}-discovery-webfinger-url",
    f"{_CLIENT}-dynamic-registration",
    f"{_CLIENT}-request-uri-signed-rs256",
    f"{_CLIENT}-request-uri-signed-none",
    f"{_CLIENT}-userinfo-signed",
)

CLIENT_REFRESH: Final = (
    f"{_CLIENT}-refresh-token",
    f"{_CLIENT}-refresh-token-invalid-issuer",
    f"{_CLIENT}-refresh-token-invalid-sub",
)

_BACKCHANNEL: Final = f"{_CLIENT}-rp-backchannel-rpinitlogout"

CLIENT_LOGOUT: Final = (
    _BACKCHANNEL,
    f"{_BACKCHANNEL}-alg-none",
    f"{_BACKCHANNEL}-no-event",
    f"{_BACKCHANNEL}-with-nonce",
    f"{_BACKCHANNEL}-wrong-alg",
    f"{_BACKCHANNEL}-wrong-aud",
    f"{_BACKCHANNEL}-wrong-event",
    f"{_BACKCHANNEL}-wrong-iss",
    f"{_CLIENT}-rp-init-logout",
    f"{_CLIENT}-rp-init-logout-other-state",
    f"{_CLIENT}-rp-init-logout-no-state",
)

_NO_LISTENER: Final = "a native client has no address at which a provider could post logout tokens"
_NO_RETURN: Final = (
    "closing an account revokes its tokens and gives the address that ends the browser's session; nobody comes back "
    "from there, so there is no post_logout_redirect_uri and no state"
)
_NO_WEBFINGER: Final = (
    "the issuer is named by whoever signs in, never looked up from a person's address"
)
_NO_REQUEST_OBJECT: Final = "it sends plain authorization requests with PKCE, no request objects"

NOT_OURS: Final[Mapping[str, str]] = {
    f"{_CLIENT}-userinfo-bearer-body": "it sends tokens in the header alone, as RFC 6750 §2.2 recommends",
    f"{_CLIENT}-discovery-webfinger-acct": _NO_WEBFINGER,
    f"{_CLIENT}-discovery-webfinger-url": _NO_WEBFINGER,
    f"{_CLIENT}-dynamic-registration": "clients are registered beforehand",
    f"{_CLIENT}-request-uri-signed-rs256": _NO_REQUEST_OBJECT,
    f"{_CLIENT}-request-uri-signed-none": _NO_REQUEST_OBJECT,
    f"{_CLIENT}-userinfo-signed": "it registers no userinfo_signed_response_alg, so userinfo is plain JSON",
    **dict.fromkeys(CLIENT_LOGOUT[:8], _NO_LISTENER),
    **dict.fromkeys(CLIENT_LOGOUT[8:], _NO_RETURN),
}
"""The client modules for which our client has nothing that could be tested, and why."""
