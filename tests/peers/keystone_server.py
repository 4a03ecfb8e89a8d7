"""Runs a real Keystone on SQLite for tests/seeds, with the Python of .build/keystone.

Reads its settings as a line of JSON: `folder` to work in, `certificate` and `key` for TLS. Writes one
line when it listens: the addresses `http` and `https`, and `project`, the id of the admin's project.
Beside Keystone it has `/swift`, an account of an object store that wants a token and holds one box.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

REGION = "myregion"
CONFIGURATION = """
[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.db
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
[auth]
methods = password,token,totp,application_credential
"""


def configured(folder: Path) -> Path:
    for name in ("fernet", "credential"):
        keys = folder / name
        keys.mkdir(mode=0o700)
        for number in "01":
            (keys / number).write_bytes(Fernet.generate_key())
            (keys / number).chmod(0o600)
    path = folder / "keystone.conf"
    path.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
    return path


def manage(configuration: Path, *words: str) -> None:
    program = Path(sys.executable).with_name("keystone-manage")
    command = [str(program), "--config-file", str(configuration), *words]
    subprocess.run(command, check=True, capture_output=True)


def initialised(configuration: Path, url: str) -> None:
    manage(configuration, "db_sync")
    urls = [f"--bootstrap-{one}-url={url}" for one in ("public", "internal", "admin")]
    region = f"--bootstrap-region-id={REGION}"
    manage(configuration, "bootstrap", "--bootstrap-password=adminpass", region, *urls)


def peopled(url: str) -> str:
    """Make the page's user and project, and the object store; return the admin's project."""
    from keystone.common.provider_api import ProviderAPIs as Keystone

    project = {"id": "proj", "name": "proj", "domain_id": "default", "parent_id": "default"}
    Keystone.resource_api.create_project("proj", {**project, "enabled": True})
    user = {"name": "myuser", "password": "mypassword", "domain_id": "default", "enabled": True}
    made = Keystone.identity_api.create_user(user)
    roles = {role["name"]: role["id"] for role in Keystone.role_api.list_roles()}
    for role in ("admin", "member"):
        Keystone.assignment_api.add_role_to_user_and_project(made["id"], "proj", roles[role])
    service = {"id": "swift", "type": "object-store", "name": "swift", "enabled": True}
    Keystone.catalog_api.create_service("swift", service)
    endpoint = {
        "id": "swift-public",
        "service_id": "swift",
        "interface": "public",
        "region_id": REGION,
        "url": f"{url}/swift/v1/AUTH_%(project_id)s",
        "enabled": True,
    }
    Keystone.catalog_api.create_endpoint("swift-public", endpoint)
    found: str = Keystone.resource_api.get_project_by_name("admin", "default")["id"]
    return found


Start = Callable[[str, list[tuple[str, str]]], Any]


def with_swift(keystone: Any) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/swift/"):
            answer: Iterable[bytes] = keystone(environ, start)
            return answer
        if not environ.get("HTTP_X_AUTH_TOKEN", "").startswith("gAAAA"):
            start("401 Unauthorized", [])
            return [b""]
        fields = [("Content-Type", "application/json"), ("X-Account-Container-Count", "1")]
        start("200 OK", fields)
        return [json.dumps([{"name": "box", "count": 0, "bytes": 0}]).encode()]

    return application


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    plain, secure = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    url, tls_url = (f"{one.getsockname()[0]}:{one.getsockname()[1]}" for one in (plain, secure))
    configuration = configured(Path(settings["folder"]))
    initialised(configuration, f"http://{url}")
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = str(configuration)
    sys.argv = ["keystone"]
    from keystone.server import wsgi
    from werkzeug.serving import WSGIRequestHandler, make_server

    WSGIRequestHandler.log = lambda *_: None
    application = with_swift(wsgi.initialize_public_application())
    project = peopled(f"http://{url}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"], settings["key"])
    for listening, tls in ((plain, None), (secure, context)):
        options = {"threaded": True, "fd": listening.fileno(), "ssl_context": tls}
        server = make_server("127.0.0.1", 0, application, **options)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    told = {
        "http": f"http://{url}",
        "https": f"https://{tls_url}",
        "project": project,
        "region": REGION,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()  # until the test lets go


if __name__ == "__main__":
    main()
