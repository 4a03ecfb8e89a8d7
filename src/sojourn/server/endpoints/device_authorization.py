"""The device authorization endpoint (RFC 8628 §3.1): a device that has no browser asks for a code to show."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sojourn.server.endpoints import checks, rendering
from sojourn.server.endpoints.client_authentication import authenticated
from sojourn.server.login.throttle import network_of
from sojourn.server.pages import paths
from sojourn.server.pages.browser import device
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.wire import oauth
from sojourn.wire.device import DeviceAuthorization
from sojourn.wire.kept_in import KeptIn


async def post(site: Site, request: Request) -> Response:
    """Begin a request of a device. Raises a ProtocolError."""
    parameters = await http.form(request, site.max_body, many=oauth.REPEATABLE)
    client = await authenticated(site, request, parameters)
    asked, _ = await checks.check_device(site, {**parameters, "client_id": client.client_id})
    site.pace.take(f"{client.client_id} {network_of(site.address(request))}")
    begun = await site.sessions.devices.begin(
        client,
        scope=asked.scope,
        resources=asked.resources,
        max_age=asked.max_age,
        source=device(site, request),
        store=KeptIn.parse(asked.parameters),
    )
    return rendering.answer(
        DeviceAuthorization(
            device_code=begun.device_code,
            user_code=begun.user_code,
            verification_uri=site.url(paths.DEVICE),
            verification_uri_complete=site.url(paths.DEVICE, user_code=begun.user_code),
            expires_in=begun.expires_in,
            interval=begun.interval,
        )
    )
