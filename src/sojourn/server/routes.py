"""Every path of the server, in one table: what answers it, by method, and how its errors are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from sojourn.server.endpoints import (
    account,
    admin,
    authorize,
    device_authorization,
    discovery,
    dispatcher,
    end_session,
    introspection,
    revocation,
    token,
    userinfo,
)
from sojourn.server.pages import (
    choose_account,
    consent,
    device,
    home,
    password,
    paths,
    sessions,
    set_up,
    sign_in,
    sign_out,
)
from sojourn.server.pages.site import Site

Handler = Callable[[Site, Request], Awaitable[Response]]


class Told(Enum):
    """How the errors of a path are told: to a program or to a person."""

    JSON = "json"
    PAGE = "page"


class Route(Struct, frozen=True):
    """One path."""

    path: str
    methods: Mapping[str, Handler]
    told: Told


ROUTES: Final[tuple[Route, ...]] = (
    Route(paths.AUTHORIZE, {"GET": authorize.get, "POST": authorize.post}, Told.PAGE),
    Route(paths.CONTINUE, {"GET": dispatcher.resume}, Told.PAGE),
    Route(paths.TOKEN, {"POST": token.post}, Told.JSON),
    Route(paths.DEVICE_AUTHORIZATION, {"POST": device_authorization.post}, Told.JSON),
    Route(paths.USERINFO, {"GET": userinfo.get, "POST": userinfo.post}, Told.JSON),
    Route(paths.INTROSPECTION, {"POST": introspection.post}, Told.JSON),
    Route(paths.REVOCATION, {"POST": revocation.post}, Told.JSON),
    Route(paths.JWKS, {"GET": discovery.jwks}, Told.JSON),
    Route(paths.END_SESSION, {"GET": end_session.get, "POST": end_session.post}, Told.PAGE),
    Route(paths.HOME, {"GET": home.get}, Told.PAGE),
    Route(paths.SIGN_IN, {"GET": sign_in.get, "POST": sign_in.post}, Told.PAGE),
    Route(paths.CHOOSE, {"POST": choose_account.post}, Told.PAGE),
    Route(paths.CONSENT, {"POST": consent.post}, Told.PAGE),
    Route(paths.DEVICE, {"GET": device.get, "POST": device.post}, Told.PAGE),
    Route(paths.CONFIRM, {"POST": device.post_confirm}, Told.PAGE),
    Route(paths.SESSIONS, {"GET": sessions.get, "POST": sessions.post}, Told.PAGE),
    Route(paths.PASSWORD, {"GET": password.get, "POST": password.post}, Told.PAGE),
    Route(paths.SIGN_OUT, {"GET": sign_out.get, "POST": sign_out.post}, Told.PAGE),
    Route(paths.SET_UP, {"GET": set_up.get, "POST": set_up.post}, Told.PAGE),
    Route(
        account.SESSIONS,
        {"GET": account.get_sessions, "POST": account.post_sessions},
        Told.JSON,
    ),
    Route(account.EXPLAIN, {"POST": account.post_explain}, Told.JSON),
    *(
        Route(
            path,
            ({"GET": admin.get} if path in admin.GET_PATHS else {})
            | ({"POST": admin.post} if path in admin.POST_PATHS else {}),
            Told.JSON,
        )
        for path in dict.fromkeys((*admin.GET_PATHS, *admin.POST_PATHS))
    ),
)
