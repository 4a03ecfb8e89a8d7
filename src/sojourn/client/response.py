"""What a session hands back: an answer with the attributes that users of `requests` know. The
engine makes it; below it is the transport's reply."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, NoReturn, Self

from sojourn.client.http_errors import http_error, retry_after
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.errors import Malformed

_charset_of = re.compile(r"charset=\"?([A-Za-z0-9._:-]+)", re.IGNORECASE).search
_links_of = re.compile(r"<([^>]*)>([^<]*)").findall
_parameters_of = re.compile(r";\s*([A-Za-z]+)=\"?([^\";,]*)\"?").findall


class Headers(Mapping[str, str]):
    """Header fields, looked up in any case; several of one name are joined by a comma, `all`
    returns each."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._values: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for name, value in fields:
            key = name.lower()
            self._names.setdefault(key, name)
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self)}>"

    def all(self, name: str) -> list[str]:
        """Return every value of header `name`, in order."""
        return [value for field, value in self._fields if field.lower() == name.lower()]


class Response:
    """One answer, read to its end. `history` holds the redirects that led here, `elapsed` is the
    time of the last hop."""

    def __init__(
        self,
        reply: Reply,
        request: Request,
        *,
        history: tuple[Response, ...] = (),
        elapsed: float = 0.0,
    ) -> None:
        self.status_code = reply.status
        self.reason = reply.reason
        self.content = reply.content
        self.request = request
        self.url = request.url
        self.history = history
        self.reply = reply
        self._seconds = elapsed

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def __bool__(self) -> bool:
        return self.ok

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    @cached_property
    def elapsed(self) -> timedelta:
        """How long the last hop took."""
        return timedelta(seconds=self._seconds)

    @property
    def is_redirect(self) -> bool:
        """Whether this answer points elsewhere and was not followed."""
        return self.status_code in {301, 302, 303, 307, 308} and "location" in self.headers

    @property
    def retry_after(self) -> float | None:
        """How many seconds the server asks to wait before the next request, or None."""
        return retry_after(self.headers)

    @cached_property
    def encoding(self) -> str | None:
        """The charset that the server names, or None; may be set."""
        found = _charset_of(self.headers.get("content-type", ""))
        return found[1] if found else None

    @cached_property
    def headers(self) -> Headers:
        """The header fields."""
        return Headers(self.reply.headers)

    @property
    def text(self) -> str:
        """The body as text, in `encoding` (UTF-8 where the server says nothing); broken bytes
        become U+FFFD."""
        try:
            return self.content.decode(self.encoding or "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:  # noqa: ANN401 - whatever the server says
        """Return the body read as JSON; anything else raises Malformed."""
        try:
            return json.loads(self.content)
        except ValueError:
            pass
        raise Malformed("The answer is not JSON.")

    @cached_property
    def links(self) -> dict[str, dict[str, str]]:
        """The Link header (RFC 8288) by relation."""
        found: dict[str, dict[str, str]] = {}
        for url, rest in _links_of(self.headers.get("link", "")):
            link = {"url": url, **dict(_parameters_of(rest))}
            found[link.get("rel", url)] = link
        return found

    def iter_content(self, chunk_size: int = 1) -> Iterator[bytes]:
        """Yield the body in pieces of `chunk_size` bytes."""
        for start in range(0, len(self.content), chunk_size):
            yield self.content[start : start + chunk_size]

    def iter_lines(self) -> Iterator[bytes]:
        """Yield the body line by line, without line ends."""
        yield from self.content.splitlines()

    def raise_for_status(self) -> None:
        """Raise the HttpError of the status, if it is 400 or above."""
        if not self.ok:
            raise http_error(self)

    def close(self) -> None:
        """Do nothing: the body was read and the connection given back when the answer came."""

    def __getstate__(self) -> NoReturn:
        message = "A Response holds the request's credentials and cannot be pickled or copied."
        raise TypeError(message)
