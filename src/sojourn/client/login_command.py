"""The command that signs in alike: what errors and accounts name as the way out. Accounts and plugins stand above
it; it imports nothing, for accounts are read on the way to every token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

CLIENT: Final = "sojourn-cli"
SCOPE: Final = "openid profile email offline_access"
"""What `sojourn login` signs in with, and for, if nothing else is said."""


def login_command(
    issuer: str,
    client_id: str,
    *,
    grant: str,
    scope: str | None,
    resources: Sequence[str],
) -> list[str]:
    """Return the words of the command, without what `sojourn login` takes for granted. `grant` is an account's, or
    `workload`."""
    words, usual = ["sojourn", "login", issuer], SCOPE
    if grant == "workload":
        words += ["--kind", "workload"]
    if client_id != CLIENT or grant == "workload":
        words += ["--client-id", client_id]
    else:
        usual = f"{SCOPE} account"
    if grant == "client_credentials":
        words += ["--client-secret", "-"]
    if scope and (scope != usual or grant in {"client_credentials", "workload"}):
        words += ["--scope", scope]
    words += [word for one in resources for word in ("--resource", one)]
    return [*words, "--device"] if grant == "device_code" else words
