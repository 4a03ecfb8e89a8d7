"""A session with fixed options: one service of the catalog, its version, the headers and tries that a
client library wants. Client libraries stand above it; below it is any session."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, Generic, Unpack

from sojourn.client.auth import AuthPlugin
from sojourn.client.catalog.versions import Given
from sojourn.client.options import RequestOptions
from sojourn.client.verbs import R, Verbs


class Adapter(Verbs[R], Generic[R]):
    """Requests of `session` whose URL may be a path of one service. What a call passes itself goes
    before what is fixed here. Over an AsyncSession every method is awaited."""

    def __init__(
        self,
        session: Verbs[R],
        *,
        service_type: str | None = None,
        service_name: str | None = None,
        interface: str | Collection[str] | None = None,
        region_name: str | None = None,
        endpoint_override: str | None = None,
        version: Given | None = None,
        min_version: Given | None = None,
        max_version: Given | None = None,
        default_microversion: Given | None = None,
        auth: AuthPlugin | None = None,
        user_agent: str | None = None,
        client_name: str | None = None,
        client_version: str | None = None,
        additional_headers: Mapping[str, str] | None = None,
        global_request_id: str | None = None,
        connect_retries: int | None = None,
        connect_retry_delay: float | None = None,
        status_code_retries: int | None = None,
        status_code_retry_delay: float | None = None,
        retriable_status_codes: Collection[int] | None = None,
        raise_exc: bool | None = None,
        rate_semaphore: Any = None,  # noqa: ANN401 - either kind
        allow: Mapping[str, Any] | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        self.session: Any = session
        self.auth = auth
        self.additional_headers = dict(additional_headers or {})
        self.endpoint_override = endpoint_override
        self._filter = _given(
            service_type=service_type,
            service_name=service_name,
            interface=interface,
            region_name=region_name,
            version=version,
            min_version=min_version,
            max_version=max_version,
        )
        self._fixed = _given(
            auth=auth,
            endpoint_override=endpoint_override,
            microversion=default_microversion,
            user_agent=user_agent,
            client_name=client_name,
            client_version=client_version,
            global_request_id=global_request_id,
            connect_retries=connect_retries,
            connect_retry_delay=connect_retry_delay,
            status_code_retries=status_code_retries,
            status_code_retry_delay=status_code_retry_delay,
            retriable_status_codes=retriable_status_codes,
            raise_exc=raise_exc,
            rate_semaphore=rate_semaphore,
            allow=allow,
            logger=logger,
        )

    def __repr__(self) -> str:
        return (
            f"<Adapter of {self.session!r} for {self._filter.get('service_type', 'any service')}>"
        )

    def request(self, url: str, method: str, **options: Unpack[RequestOptions]) -> R:
        merged: Any = {**self._fixed, **options}
        merged["endpoint_filter"] = {**self._filter, **(options.get("endpoint_filter") or {})}
        if self.additional_headers:
            merged["headers"] = {**self.additional_headers, **(options.get("headers") or {})}
        answer: R = self.session.request(url, method, **merged)
        return answer

    def get_token(self, auth: AuthPlugin | None = None) -> Any:  # noqa: ANN401
        """As the session's, with this adapter's plugin."""
        return self.session.get_token(auth or self.auth)

    def get_user_id(self, auth: AuthPlugin | None = None) -> Any:  # noqa: ANN401
        """As the session's, with this adapter's plugin."""
        return self.session.get_user_id(auth or self.auth)

    def get_project_id(self, auth: AuthPlugin | None = None) -> Any:  # noqa: ANN401
        """As the session's, with this adapter's plugin."""
        return self.session.get_project_id(auth or self.auth)

    def get_endpoint(self, auth: AuthPlugin | None = None, **filter: Any) -> Any:  # noqa: ANN401
        """As the session's, for this adapter's service."""
        return self.session.get_endpoint(auth or self.auth, **self._asked(filter))

    def get_endpoint_data(self, auth: AuthPlugin | None = None, **filter: Any) -> Any:  # noqa: ANN401
        """As the session's, for this adapter's service."""
        return self.session.get_endpoint_data(auth or self.auth, **self._asked(filter))

    def get_api_major_version(self, auth: AuthPlugin | None = None, **filter: Any) -> Any:  # noqa: ANN401
        """As the session's, for this adapter's service."""
        return self.session.get_api_major_version(auth or self.auth, **self._asked(filter))

    def get_all_version_data(self, auth: AuthPlugin | None = None, **filter: Any) -> Any:  # noqa: ANN401
        """As the session's."""
        return self.session.get_all_version_data(auth or self.auth, **filter)

    def invalidate(self, auth: AuthPlugin | None = None) -> bool:
        """As the session's, with this adapter's plugin."""
        dropped: bool = self.session.invalidate(auth or self.auth)
        return dropped

    def _asked(self, filter: Mapping[str, Any]) -> dict[str, Any]:
        override = _given(endpoint_override=self.endpoint_override)
        return {**override, **self._filter, **filter}


def _given(**options: Any) -> dict[str, Any]:  # noqa: ANN401
    return {name: value for name, value in options.items() if value is not None}
