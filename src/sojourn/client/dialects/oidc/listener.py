"""The loopback listener: the redirect URI of a native client (RFC 8252 §7.3), open only while a
sign-in is under way. The browser sign-in stands above it; below it are the landing page and the
standard library's server."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, Self

from sojourn.client.dialects.oidc import landing
from sojourn.client.env.contract import Env
from sojourn.errors import ConfigurationError, InvalidRequest, SojournError
from sojourn.wire import forms

_TICK: Final = 0.05
_LINGER: Final = 60.0  # seconds for which it answers who comes back after another way was faster
_PATIENCE: Final = 30.0  # seconds the browser waits for the tokens before it is told anything


class Listener:
    """Listens on 127.0.0.1 and waits for the one visit whose `state` is that of this sign-in.

    `port` 0 is any free one. Other visits get a page that says so, and change nothing.
    """

    def __init__(self, *, state: str, path: str = "/callback", port: int = 0) -> None:
        self._state = state
        self._path = path
        self._visits: SimpleQueue[dict[str, str]] = SimpleQueue()
        self._decided = threading.Event()
        self._shown = threading.Event()
        self._page = landing.failed("The sign-in took too long.")
        self._good = landing.signed_in()
        self._free = port == 0
        self._taken = threading.Lock()
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        except OSError as cause:
            text = f"Cannot listen on 127.0.0.1:{port} for the browser's answer."
            raise ConfigurationError(text, detail=str(cause)) from cause
        self._server.daemon_threads = True

    @property
    def redirect_uri(self) -> str:
        """The address to which the provider sends the browser."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def __enter__(self) -> Self:
        serve = threading.Thread(
            target=self._server.serve_forever, args=(_TICK,), name="sojourn-listener", daemon=True
        )
        serve.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        why = str(error) if isinstance(error, SojournError) else "Something went wrong."
        self._decide(landing.failed(why) if error else self._good)
        if error is None and not self._taken.locked() and self._free:
            self._linger()
        else:
            self._close()

    def note(self, code: str) -> None:
        """Have the page after a sign-in say that the code for another device is not needed any more."""
        self._good = landing.signed_in(code)

    def beaten(self) -> None:
        """Have the page say that another way was faster."""
        self._good = landing.signed_in_elsewhere()

    def _linger(self) -> None:
        """Go on telling who comes back late."""
        late = threading.Timer(_LINGER, self._close)
        late.daemon = True
        late.start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    async def visit(self, env: Env) -> dict[str, str]:
        """Return the parameters of the visit that belongs to this sign-in."""
        while True:
            try:
                return self._visits.get_nowait()
            except Empty:
                await env.sleep(_TICK)

    def received(self, host: str, target: str) -> tuple[int, bytes]:
        """Return status and page for a GET of `target`; called on the threads of the server."""
        path, _, query = target.partition("?")
        if path != self._path or host != f"127.0.0.1:{self._server.server_port}":
            return 404, landing.stray()
        try:
            params = forms.parse(query)
        except InvalidRequest:
            return 400, landing.stray()
        if not self._is_ours(params):
            return 400, landing.stray()
        self._visits.put(params)
        self._decided.wait(_PATIENCE)
        return 200, self._page

    def shown(self) -> None:
        """Say that the page was sent; called on the threads of the server."""
        self._shown.set()

    def _is_ours(self, params: Mapping[str, str]) -> bool:
        state = params.get("state", "").encode()
        return compare_digest(state, self._state.encode()) and self._taken.acquire(blocking=False)

    def _decide(self, page: bytes) -> None:
        self._page = page
        self._decided.set()
        if self._taken.locked():
            # The program may end right after this; the person should still see the page.
            self._shown.wait(2.0)


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version = "Sojourn"
        sys_version = ""

        def do_GET(self) -> None:
            status, page = listener.received(self.headers.get("Host", ""), self.path)
            self.send_response(status)
            for name, value in landing.HEADERS:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(page)
            self.wfile.flush()
            if status == 200:
                listener.shown()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the path holds the authorization code."""

    return Handler
