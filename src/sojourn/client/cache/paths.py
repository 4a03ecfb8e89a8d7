"""Where a person's files lie: `$SOJOURN_HOME`, else the XDG base directories. The store and the
accounts stand above it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple


class Paths(NamedTuple):
    """The files of one person. `data` holds what must not be lost, `config` what a person may edit."""

    data: str
    config: str

    @property
    def credentials(self) -> str:
        """The folder with one sealed file a credential."""
        return os.path.join(self.data, "credentials")

    @property
    def key(self) -> str:
        """The key of the store, where no keyring has it."""
        return os.path.join(self.data, "key")

    @property
    def origin_of_key(self) -> str:
        """Says where the key is kept, so that it is looked for only there."""
        return os.path.join(self.data, "key-origin.json")

    @property
    def profile(self) -> str:
        """The person's choices: the current account."""
        return os.path.join(self.config, "profile.json")


def paths(environ: Mapping[str, str]) -> Paths:
    """Return the paths that `environ` names: `SOJOURN_HOME`, or `XDG_DATA_HOME` and
    `XDG_CONFIG_HOME` or their defaults."""
    home = environ.get("SOJOURN_HOME")
    if home:
        return Paths(home, home)
    return Paths(
        _xdg(environ, "XDG_DATA_HOME", ".local/share"), _xdg(environ, "XDG_CONFIG_HOME", ".config")
    )


def _xdg(environ: Mapping[str, str], name: str, default: str) -> str:
    base = environ.get(name, "")
    if not os.path.isabs(base):  # The specification says to ignore relative ones.
        base = os.path.join(os.path.expanduser("~"), default)
    return os.path.join(base, "sojourn")
