"""Metadata (OpenID Connect Discovery, RFC 8414) and keys (RFC 7517), made once for each set of signing keys."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sojourn.model.authentication_event import PASSWORD_ACR
from sojourn.model.client import AUTH_METHODS
from sojourn.server.endpoints.checks import RESPONSE_MODES
from sojourn.server.endpoints.rendering import ANY_ORIGIN, JSON
from sojourn.server.grants.registry import REGISTRY
from sojourn.server.pages import messages, paths
from sojourn.server.pages.site import Site
from sojourn.wire import dpop, oidc

_MINUTES = (b"cache-control", b"public, max-age=300")


def metadata(site: Site) -> bytes:
    """The provider's metadata as JSON text."""
    claims = {name for names in oidc.CLAIMS_OF_SCOPE.values() for name in names}
    signing = ("ES256", "RS256", "PS256", "EdDSA")
    said = oidc.ProviderMetadata(
        issuer=site.issuer,
        authorization_endpoint=site.url(paths.AUTHORIZE),
        token_endpoint=site.url(paths.TOKEN),
        userinfo_endpoint=site.url(paths.USERINFO),
        jwks_uri=site.url(paths.JWKS),
        introspection_endpoint=site.url(paths.INTROSPECTION),
        revocation_endpoint=site.url(paths.REVOCATION),
        device_authorization_endpoint=site.url(paths.DEVICE_AUTHORIZATION),
        end_session_endpoint=site.url(paths.END_SESSION),
        scopes_supported=("openid", "offline_access", *oidc.CLAIMS_OF_SCOPE),
        response_types_supported=("code",),
        response_modes_supported=RESPONSE_MODES,
        grant_types_supported=tuple(REGISTRY),
        subject_types_supported=("public", "pairwise"),
        id_token_signing_alg_values_supported=site.context.signing.algorithms,
        acr_values_supported=(PASSWORD_ACR,),
        claims_supported=tuple(sorted(claims | {"sub", "auth_time", "acr", "amr", "sid"})),
        claims_parameter_supported=True,
        request_parameter_supported=False,
        request_uri_parameter_supported=False,
        authorization_response_iss_parameter_supported=True,
        store_parameters_supported=True,
        code_challenge_methods_supported=("S256",),
        token_endpoint_auth_methods_supported=AUTH_METHODS,
        token_endpoint_auth_signing_alg_values_supported=signing,
        introspection_endpoint_auth_methods_supported=AUTH_METHODS[:3],
        revocation_endpoint_auth_methods_supported=AUTH_METHODS,
        dpop_signing_alg_values_supported=dpop.ALGORITHMS,
        ui_locales_supported=messages.LOCALES,
    )
    return said.encode()


def document(body: bytes) -> Response:
    """A public document that anybody's script may read."""
    response = Response(body)
    response.raw_headers += (JSON, _MINUTES, ANY_ORIGIN)
    return response


async def jwks(site: Site, request: Request) -> Response:
    """The public keys."""
    del request
    return document(site.context.signing.jwks)
