"""What the connections of a new account trust: an authority of its own, by a flag or a cloud's file. The sign-ins use
it, and `sojourn status` tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

WORDS: Final = (
    "Trust the authorities of this PEM file, and no others, whenever the account is used."
)
UNVERIFIED: Final = "nothing: the server's certificate is not checked"


def option() -> click.Option:
    """The flag `--cacert`."""
    kind = click.Path(exists=True, dir_okay=True, readable=True)
    return click.Option(["--cacert"], metavar="FILE", type=kind, help=WORDS)


def chosen(given: Mapping[str, Any], cacert: str | None) -> dict[str, Any]:
    """What `given`, of a cloud or the environment, and the flag say.

    Raises ConfigurationError for a file that cannot be read or is none.
    """
    from sojourn.client.transport.tls import Trust

    found = dict(given)
    if cacert is not None:
        found["verify"] = cacert
    if found:
        _ = Trust(**found).context  # what it cannot read it names
    if found.get("verify") is False:
        click.echo(f"Warning: the account will trust {UNVERIFIED}.", err=True)
    return found


def told(connection: Mapping[str, Any]) -> str | None:
    """What connections trust and show, for people; None where that is as usual."""
    verify, cert = connection.get("verify"), connection.get("cert")
    words = [UNVERIFIED] if verify is False else [str(verify)] if verify else []
    if cert:
        words.append(f"shows the certificate {cert if isinstance(cert, str) else cert[0]}")
    return "; ".join(words) or None
