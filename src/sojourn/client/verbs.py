"""The verbs of HTTP over one `request`. Sessions and adapters inherit them; below it are the options
alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar, Unpack

from sojourn.client.options import RequestOptions

R = TypeVar("R")


class Verbs(ABC, Generic[R]):
    """A call returns `R`: a Response, or what is awaited for one."""

    @abstractmethod
    def request(self, url: str, method: str, **options: Unpack[RequestOptions]) -> R:
        """Send one request and return its answer.

        `params` go into the query; `json` or `data` (bytes, text, form, iterable) is the body;
        `timeout` is seconds or (connect, read); `auth` is used instead of the session's plugin,
        `authenticated=False` sends no credentials; `redirect` is how many are followed, or True or
        False; `raise_exc=False` returns answers of 400 and above; `allow_reauth=False` leaves a 401
        as it is. A `url` that is only a path belongs to the service that `endpoint_override` or
        `endpoint_filter` (service_type, interface, region_name, version, ...) names. Raises
        HttpError, ConnectFailure, UnsafeRedirect, EndpointError, CredentialError.
        """

    def get(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """GET `url`; options as for `request`."""
        return self.request(url, "GET", **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """HEAD `url`; options as for `request`, but redirects are not followed unless asked for."""
        options.setdefault("redirect", False)
        return self.request(url, "HEAD", **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """POST to `url`; options as for `request`."""
        return self.request(url, "POST", **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """PUT to `url`; options as for `request`."""
        return self.request(url, "PUT", **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """PATCH `url`; options as for `request`."""
        return self.request(url, "PATCH", **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """DELETE `url`; options as for `request`."""
        return self.request(url, "DELETE", **options)
