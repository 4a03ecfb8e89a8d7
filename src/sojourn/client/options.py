"""What every verb of a session takes beside the URL, described once. Verbs, sessions and adapters
stand above it; the names are those of keystoneauth's `Session.request` and of `requests`."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, Final, Never, TypedDict

from sojourn.client.auth import AuthPlugin
from sojourn.client.body import Data, Limit, Params
from sojourn.client.catalog.versions import Given


class RequestOptions(TypedDict, total=False):
    """Options of one request; what is left out or None is as the session says."""

    params: Params | None
    headers: Mapping[str, str | None] | None
    """A header of None is not sent, also where the session would send it."""
    data: Data | None
    json: object
    timeout: Limit
    stream: bool
    """For code written for `requests`: the whole body is read either way."""

    auth: AuthPlugin | None
    authenticated: bool | None
    raise_exc: bool
    allow_reauth: bool
    redirect: int | bool | None
    connect_retries: int | None
    connect_retry_delay: float | None
    status_code_retries: int | None
    status_code_retry_delay: float | None
    retriable_status_codes: Collection[int] | None
    rate_semaphore: Any

    endpoint_filter: Mapping[str, Any] | None
    endpoint_override: str | None
    allow: Mapping[str, Any] | None
    microversion: Given | None
    microversion_service_type: str | None

    user_agent: str | None
    client_name: str | None
    client_version: str | None
    original_ip: str | None
    global_request_id: str | None
    log: bool
    logger: logging.Logger | None
    requests_auth: Never


_KNOWN: Final = frozenset(RequestOptions.__annotations__)


def check(options: RequestOptions) -> None:
    """Raise TypeError for an option that no request takes."""
    if not _KNOWN.issuperset(options):
        unknown = sorted(options.keys() - _KNOWN)
        raise TypeError(f"A request takes no {', '.join(unknown)}.")
    if options.get("requests_auth") is not None:
        raise TypeError("requests_auth= is not taken: pass an authentication plugin as auth=.")
