"""What the demo prints: who is there, and what to try. Every line works as it is printed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sojourn.cli.demo import cast


def program() -> str:
    """How this command is called from here: by its path below the working directory, or by its name."""
    ran = Path(sys.argv[0]).absolute()
    found = shutil.which("sojourn")
    activated = os.environ.get("VIRTUAL_ENV")
    if (
        found
        and Path(found).absolute() == ran
        and (activated or not ran.is_relative_to(Path.cwd()))
    ):
        return "sojourn"
    return str(ran.relative_to(Path.cwd())) if ran.is_relative_to(Path.cwd()) else str(ran)


def facts(issuer: str, service: str, known: Mapping[str, str]) -> dict[str, Any]:
    """The demo as JSON, for programs."""
    return {
        "issuer": issuer,
        "service": service,
        "people": {login: known[login] for login in cast.PEOPLE},
        "clients": {cast.APPLICATION: None, cast.PROGRAM: known[cast.PROGRAM]},
        "try": commands(issuer, service, known),
    }


def commands(issuer: str, service: str, known: Mapping[str, str]) -> list[str]:
    """Commands to try, in this order."""
    ours = program()
    token = (
        f"curl -s -u {cast.PROGRAM}:{known[cast.PROGRAM]} -d grant_type=client_credentials "
        f"-d scope={cast.NOTES} -d resource={service} {issuer}/token"
    )
    notebook = (
        f'{ours} login {issuer} --client-id {cast.APPLICATION} --scope "{cast.APPLICATION_SCOPE}" '
        f"--resource {service} --name notebook"
    )
    return [
        f"{ours} login {issuer} --admin",
        f"{ours} whoami",
        f"{ours} sessions",
        f"{ours} users list",
        notebook,
        f"{ours} get {service}/notes --account notebook",
        f"{ours} get {service}/diary --account notebook",
        token,
        f'{ours} revoke {cast.APPLICATION} --account "alice at {urlsplit(issuer).netloc}"',
    ]


def told(issuer: str, service: str, known: Mapping[str, str], data: Path, *, kept: bool) -> str:
    """The demo in words, for people."""
    admin, whoami, sessions, users, notebook, notes, diary, token, revoke = commands(
        issuer, service, known
    )
    people = "\n".join(
        f"  {login:6} password {known[login]}{'   administrator' if person['roles'] else ''}"
        for login, person in cast.PEOPLE.items()
    )
    lasting = "kept" if kept else "removed at the end; --data DIR keeps it"
    return f"""
People
{people}

In a browser
  {issuer}/sessions   sign in, and see your sessions
  {service}/   a service that takes tokens from here

In another terminal, as alice
  {admin}
  {whoami}
  {sessions}
  {users}

An application, and the service it may use
  {notebook}
  {notes}

Its diary opens to a sign-in of the last five minutes: later, the command asks at the terminal for a new one
  {diary}

A program by itself
  {token}

End what the notebook may, in the browser or here, and ask for the notes again: you are asked to sign in
  {revoke}

Data: {data} ({lasting}). Ctrl-C ends the demo."""
