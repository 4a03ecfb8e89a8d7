"""Which URL a call means: a whole one, or a path at a service that an override or a filter names.
The engine stands above it; below it are the plugins and the catalog's values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sojourn.client.auth import AuthPlugin
from sojourn.client.catalog.versions import Given, check_microversion
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Request, made
from sojourn.client.url import masked, origin
from sojourn.errors import ConfigurationError, EndpointNotFound

is_whole = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//").match

_names_in = re.compile(r"%\((\w*)\)s").sub


class Service(NamedTuple):
    """The service that a relative URL belongs to; `override` beats `filter`, `auth` knows the
    catalog."""

    override: str | None
    filter: Mapping[str, Any]
    auth: AuthPlugin | None
    microversion: Given | None = None


async def located(env: Env, request: Request, service: Service) -> Request:
    """Return `request` with the whole URL of its path at `service`, joined with one slash.

    Raises EndpointNotFound, and VersionNotAvailable for a microversion outside the service's range.
    """
    if service.override:
        prefix = await _expanded(env, service.override, service.auth)
    else:
        prefix = await _found(env, request, service)
    method, path, headers, content, timeout = request
    url = f"{prefix.rstrip('/')}/{path.lstrip('/')}"
    origin(url)
    return made(Request, (method, url, headers, content, timeout))


async def _found(env: Env, request: Request, service: Service) -> str:
    if service.auth is None or not service.filter:
        raise _nowhere(request, service)
    found = await service.auth.endpoint(env, **service.filter)
    if found is None:
        raise _nowhere(request, service)
    if service.microversion is not None:
        seen = await service.auth.endpoint(env, **service.filter, discover_versions=True)
        check_microversion(service.microversion, seen or found)
    return found.url


async def _expanded(env: Env, override: str, auth: AuthPlugin | None) -> str:
    """Return `override` with `%(project_id)s` and `%(user_id)s` filled in."""
    if "%(" not in override:
        return override
    access = await auth.access(env) if auth else None
    known = access and {"project_id": access.project_id, "user_id": access.user_id}

    def value(found: re.Match[str]) -> str:
        text = known and known.get(found[1])
        if not text:
            raise ConfigurationError(
                f"endpoint_override= asks for {found[0]}, and nothing is known for it."
            )
        return text

    return _names_in(value, override)


def _nowhere(request: Request, service: Service) -> EndpointNotFound:
    shown = masked(request.url)
    if not service.filter:
        return EndpointNotFound(
            f"{shown} is no whole URL: pass one, or endpoint_filter= or endpoint_override=."
        )
    if service.auth is None:
        return EndpointNotFound("endpoint_filter= needs an auth plugin that has a catalog.")
    asked = ", ".join(f"{name}={value!r}" for name, value in service.filter.items() if value)
    return EndpointNotFound(f"No endpoint matches {asked}.")
