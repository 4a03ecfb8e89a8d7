"""What every server has from its first start: its own two resources, and the client of the command line."""

from __future__ import annotations

from typing import Final

from sojourn.model.client import Client
from sojourn.model.resource import ACCOUNT, ADMIN, Resource
from sojourn.server.services.administration.roles import ACCOUNT_SCOPE, ADMIN_SCOPES
from sojourn.server.services.clients import Clients
from sojourn.wire import device, exchange

CLI: Final = "sojourn-cli"

RESOURCES: Final = (
    Resource(identifier=ACCOUNT, name="Your account", scopes=(ACCOUNT_SCOPE,)),
    Resource(identifier=ADMIN, name="Administration", scopes=ADMIN_SCOPES),
)

CLIENT: Final = Client(
    client_id=CLI,
    client_name="Sojourn command line",
    redirect_uris=("http://127.0.0.1/callback",),
    post_logout_redirect_uris=("http://127.0.0.1/callback",),
    grant_types=("authorization_code", "refresh_token", device.GRANT, exchange.GRANT),
    response_types=("code",),
    token_endpoint_auth_method="none",
    scope=(
        "openid",
        "profile",
        "email",
        "offline_access",
        ACCOUNT_SCOPE,
        *ADMIN_SCOPES,
    ),
    resources=(ACCOUNT, ADMIN),
    id_token_signed_response_alg="ES256",
    trusted=True,
)


async def ensure(clients: Clients) -> None:
    """Register what is missing. What an administrator changed stays."""
    for resource in RESOURCES:
        if await clients.resource(resource.identifier) is None:
            await clients.add_resource(resource)
    if await clients.get(CLI) is None:
        await clients.create(CLIENT)
