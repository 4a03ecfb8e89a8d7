"""The administration API: users, clients, resources, keys and anybody's sessions, each area behind a scope of its own.

Its resource is `urn:sojourn:admin`. `app` routes `/admin/AREA` here; below it is the desk of `administration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import NoSuchUser, UnknownObject
from sojourn.model.resource import ADMIN
from sojourn.server.endpoints import caller, rendering
from sojourn.server.pages.site import Site
from sojourn.server.services import http

PREFIX: Final = "/admin/"

READ: Final[Mapping[str, str]] = {
    "users": "users:read",
    "clients": "clients:read",
    "resources": "clients:read",
    "keys": "keys:read",
    "sessions": "sessions:read",
}
WRITE: Final[Mapping[str, str]] = {
    "users": "users:write",
    "clients": "clients:write",
    "resources": "clients:write",
    "keys": "keys:write",
    "sessions": "sessions:write",
    "explain": "sessions:read",
}
GET_PATHS: Final = tuple(PREFIX + area for area in READ)
POST_PATHS: Final = tuple(PREFIX + area for area in WRITE)


def _area(request: Request) -> str:
    path: str = request.scope["path"]
    return path.rpartition("/")[2]


async def get(site: Site, request: Request) -> Response:
    """What the area in the path holds."""
    area = _area(request)
    await caller.administrator(site, request, resource=ADMIN, scope=READ[area])
    return rendering.answer(await caller.desk(site).get(area, http.query(request)))


async def post(site: Site, request: Request) -> Response:
    """Do what the body says in the area of the path."""
    area = _area(request)
    found = await caller.administrator(site, request, resource=ADMIN, scope=WRITE[area])
    body = await http.json_body(request, site.max_body)
    try:
        done = await caller.desk(site).act(area, body, actor=found.actor)
    except NoSuchUser as error:
        raise UnknownObject(error.public) from error
    return rendering.answer(done)
