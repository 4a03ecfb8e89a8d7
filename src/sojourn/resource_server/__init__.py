"""Protection of a service that receives access tokens: a verifier to call, and the same around an ASGI or a
WSGI application. Services stand above it; below it are `wire`, `errors` and the driver. It knows neither half of
Sojourn: any issuer that publishes OpenID Connect Discovery will do.
"""

from __future__ import annotations

from sojourn.resource_server.access_token import AccessToken
from sojourn.resource_server.answers import Answer, ResourceMetadata
from sojourn.resource_server.asgi import ProtectAsgi
from sojourn.resource_server.transport import HttpxTransport
from sojourn.resource_server.verifier import Verifier
from sojourn.resource_server.wsgi import ProtectWsgi

__all__ = [
    "AccessToken",
    "Answer",
    "HttpxTransport",
    "ProtectAsgi",
    "ProtectWsgi",
    "ResourceMetadata",
    "Verifier",
]
