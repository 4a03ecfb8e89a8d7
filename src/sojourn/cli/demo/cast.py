"""The cast of the demo: its people, clients and service, made once in a data folder with secrets made for it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sojourn.cli.offline import OfflineDesk
from sojourn.errors import ConfigurationError, UnknownObject
from sojourn.wire import device, exchange

APPLICATION: Final = "demo-app"
PROGRAM: Final = "demo-program"
SERVICE: Final = "demo-service"
NOTES: Final = "notes"
APPLICATION_SCOPE: Final = f"openid profile email offline_access {NOTES}"
PEOPLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "alice": {"name": "Alice Ames", "email": "alice@example.com", "roles": ["administrator"]},
    "bob": {"name": "Bob Burke", "email": "bob@example.com", "roles": []},
}
_FILE: Final = "demo.json"
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


def secrets_of(data: Path) -> dict[str, str]:
    """The secrets of the cast by name, made with the folder and kept in it (0600) so that a second run knows them."""
    file = data / _FILE
    try:
        known: dict[str, str] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    else:
        return known
    fresh = {name: _password() for name in PEOPLE}
    fresh |= {name: secrets.token_urlsafe(32) for name in (PROGRAM, SERVICE)}
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(fresh, out)
    return fresh


def _password() -> str:
    """Four groups of four letters: 78 bits, and a person can type them."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def provide(data: Path, service: str, known: Mapping[str, str]) -> None:
    """Make what is missing in the data folder; `service` is the URL of the sample service."""
    desk = OfflineDesk.open(data, make=True)
    try:
        for login, person in PEOPLE.items():
            if not _has(desk, "users", {"user": login}):
                desk.act("users", _person(login, person, known[login]))
        for client in _clients(service, known):
            name = client["client_id"]
            if not _has(desk, "clients", {"client_id": name}):
                desk.act("clients", {"action": "create", **client})
            elif "resources" in client:
                desk.act("clients", {"action": "change", "client_id": name, "resources": [service]})
        desk.act(
            "resources",
            {
                "action": "create",
                "identifier": service,
                "name": "Sample service",
                "scope": NOTES,
                "client_id": SERVICE,
            },
        )
    finally:
        desk.close()


def _has(desk: OfflineDesk, area: str, query: Mapping[str, str]) -> bool:
    try:
        return bool(desk.get(area, query)["items"])
    except UnknownObject:
        return False


def _person(login: str, person: Mapping[str, Any], password: str) -> dict[str, Any]:
    claims = {"name": person["name"], "email": person["email"], "email_verified": True}
    return {
        "action": "create",
        "login": login,
        "password": password,
        "claims": claims,
        "roles": person["roles"],
    }


def _clients(service: str, known: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    return (
        {
            "client_id": APPLICATION,
            "client_name": "Demo notebook",
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token", device.GRANT, exchange.GRANT],
            "scope": APPLICATION_SCOPE,
            "resources": [service],
        },
        {
            "client_id": PROGRAM,
            "client_name": "Demo program",
            "client_secret": known[PROGRAM],
            "scope": NOTES,
            "resources": [service],
        },
        {
            "client_id": SERVICE,
            "client_name": "Sample service",
            "client_secret": known[SERVICE],
        },
    )
