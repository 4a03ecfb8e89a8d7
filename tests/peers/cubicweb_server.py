"""Runs a real CubicWeb on SQLite for tests/client/cubicweb, with the Python of .build/cubicweb.

Reads its settings as a line of JSON: `folder` to work in, `certificate` with its key for TLS, `path` to be
below, `guests` (whether it lets them in). Writes one line when it listens: the addresses `http` and `https`,
and the password and the AuthToken of the user `jane`. Then each line that it reads is an order, answered by
a line: see `ORDERS`.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

CUBES = "web,api,signedrequest\n"
ALL_IN_ONE = """
[MAIN]
base-url = {url}/
receives-base-url-path = yes
"""
GUESTS = """
[WEB]
anonymous-user = guest
anonymous-password = guest
"""
SOURCES = """
[admin]
login = admin
password = admin-password
[system]
adapter = native
db-driver = sqlite
db-name = {folder}/peer.db
db-user = admin
"""
PYRAMID = """
[main]
cubicweb.includes =
  cubicweb.pyramid.auth
  cubicweb.pyramid.session
  cubicweb_api.auth.routes
cubicweb.session.secret = the-first-of-three
cubicweb.auth.authtkt.session.secret = the-second-of-three
cubicweb.auth.authtkt.persistent.secret = the-third-of-three
cubicweb.auth.authtkt.session.secure = no
cubicweb.auth.authtkt.persistent.secure = no
"""
PASSWORD = "jane's pässword & more"

Start = Callable[[str, list[tuple[str, str]]], Any]


def configured(root: Path, url: str, *, guests: bool) -> Any:
    """Write the instance `peer` and return its configuration."""
    folder = root / "peer"
    folder.mkdir()
    os.environ["CW_MODE"] = "user"
    for name in ("CW_INSTANCES_DIR", "CW_INSTANCES_DATA_DIR", "CW_RUNTIME_DIR"):
        os.environ[name] = str(root)
    files = {
        "all-in-one.conf": ALL_IN_ONE.format(url=url) + (GUESTS if guests else ""),
        "bootstrap_cubes": CUBES,
        "sources": SOURCES.format(folder=folder),
        "pyramid.ini": PYRAMID,
    }
    for name, text in files.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
    from cubicweb.cwconfig import CubicWebConfiguration

    return CubicWebConfiguration.config_for("peer")


def peopled(repository: Any) -> dict[str, str]:
    """Make the user `jane`, and return her token."""
    with repository.internal_cnx() as cnx:
        users = cnx.find("CWGroup", name="users").one()
        password = PASSWORD.encode()
        jane = cnx.create_entity("CWUser", login="jane", upassword=password, in_group=users)
        token = cnx.create_entity("AuthToken", id="jane-1", enabled=True, token_for_user=jane)
        cnx.commit()
        return {"id": token.id, "secret": token.token}


class Watched:
    """The application, one request at a time; `seen` tells them, without the path that it is below."""

    def __init__(self, application: Any, path: str) -> None:
        self._application = application
        self._path = path
        self.has_pages = True
        self._lock = threading.Lock()
        self.seen: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix(self._path)
        request = f"{environ['REQUEST_METHOD']} {path}"
        with self._lock:
            self.seen.append(request)
            if not self.has_pages and path in {"/login", "/logout"}:
                start("404 Not Found", [])
                return [b""]
            if request == "POST /login":
                grow_younger()
            return list(self._application(environ, start))


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        if "content-type" not in self.headers:
            del environ["CONTENT_TYPE"]  # where none came, wsgiref makes one up
        if isinstance(self.connection, ssl.SSLSocket):
            environ["HTTPS"] = "on"
        return environ


class TlsServer(Server):
    context: ssl.SSLContext

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        return self.context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ), address


def serving(server: WSGIServer, application: Any) -> str:
    server.set_app(application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"{server.server_address[0]!s}:{server.server_address[1]}"


def end_sessions(repository: Any, _: Watched) -> None:
    """As an administrator ends every session."""
    with repository.internal_cnx() as cnx:
        cnx.execute("DELETE CWSession X")
        cnx.commit()


def age(*_: Any) -> None:
    """As if 21 minutes had passed for the cookies, until somebody signs in anew."""
    from pyramid.authentication import AuthTktCookieHelper

    AuthTktCookieHelper.now = time.time() + 21 * 60


def later(*_: Any) -> None:
    """As if another quarter of an hour had passed for all cookies, until somebody signs in anew."""
    import pyramid.authentication
    import pyramid.session

    clock = Ahead(getattr(pyramid.session.time, "ahead", 0) + 15 * 60)
    pyramid.session.time = pyramid.authentication.time_mod = clock


class Ahead:
    """The module `time`, of a clock that is ahead."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead

    def time(self) -> float:
        return time.time() + self.ahead


def grow_younger() -> None:
    import pyramid.authentication
    import pyramid.session

    pyramid.authentication.AuthTktCookieHelper.now = None
    pyramid.session.time = pyramid.authentication.time_mod = time


def disable_token(repository: Any, _: Watched) -> None:
    with repository.internal_cnx() as cnx:
        cnx.execute("SET T enabled False WHERE T id 'jane-1'")
        cnx.commit()


def enable_token(repository: Any, _: Watched) -> None:
    with repository.internal_cnx() as cnx:
        cnx.execute("SET T enabled True WHERE T id 'jane-1'")
        cnx.commit()


def hide_pages(_: Any, watched: Watched) -> None:
    """As an instance without the cube web, from now on."""
    watched.has_pages = False


def show_pages(_: Any, watched: Watched) -> None:
    watched.has_pages = True


def seen(_: Any, watched: Watched) -> list[str]:
    """What was asked since this was asked last."""
    found, watched.seen = watched.seen, []
    return found


ORDERS: dict[str, Callable[[Any, Watched], Any]] = {
    one.__name__: one
    for one in (end_sessions, age, later, disable_token, enable_token, hide_pages, show_pages, seen)
}


def with_basic(registry: Any) -> None:
    """Let HTTP Basic in, as Pyramid has it: CubicWeb 5 leaves that to its instances."""
    from cubicweb import AuthenticationError
    from pyramid.authentication import BasicAuthAuthenticationPolicy

    def check(login: str, password: str, request: Any) -> list[str] | None:
        repository = request.registry["cubicweb.repository"]
        with repository.internal_cnx() as cnx:
            try:
                request.basic = repository.authenticate_user(cnx, login, password=password).eid
            except AuthenticationError:
                return None
        return []

    class ByEid(BasicAuthAuthenticationPolicy):  # type: ignore[misc]
        def authenticated_userid(self, request: Any) -> Any:
            found = super().authenticated_userid(request)
            return request.basic if found else None

    registry["cubicweb.authpolicy"]._policies.append(ByEid(check))


def main() -> None:
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # CubicWeb writes a line about each request
    settings = json.loads(sys.stdin.readline())
    plain, secure = Server(("127.0.0.1", 0), Handler), TlsServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{plain.server_port}{settings['path']}"
    config = configured(Path(settings["folder"]), url, guests=settings["guests"])
    from cubicweb.cwconfig import CubicWebConfiguration
    from cubicweb.pyramid import config_from_cwconfig
    from cubicweb.server import init_repository, utils

    utils._CRYPTO_CTX.update(sha512_crypt__default_rounds=1000)
    init_repository(config, interactive=False)
    made = config_from_cwconfig(CubicWebConfiguration.config_for("peer"))
    with_basic(made.registry)
    watched = Watched(made.make_wsgi_app(), settings["path"])
    repository = made.registry["cubicweb.repository"]
    token = peopled(repository)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"])
    secure.context = context
    addresses = {"http": serving(plain, watched), "https": serving(secure, watched)}
    listening = {name: f"{name}://{one}{settings['path']}" for name, one in addresses.items()}
    said: Any = {**listening, "token": token, "password": PASSWORD}
    while True:
        told.write(json.dumps(said) + "\n")
        told.flush()
        order = sys.stdin.readline().strip()
        if not order:
            return  # the test let go
        said = ORDERS[order](repository, watched)


if __name__ == "__main__":
    main()
