"""From a name to code that is imported when it is needed: the dialect of an account or a user, and the
plugin of an authentication type with its options. Accounts, users and `clouds` stand above it, the dialects below.
Other packages add plugins through the entry-point group `sojourn.plugins`."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sojourn.client.auth import AuthPlugin
from sojourn.errors import ConfigurationError, IncompleteCredentials

if TYPE_CHECKING:
    from sojourn.client.user_dialect import UserDialect

GROUP: Final = "sojourn.plugins"

GENERAL: Final = "oidc"
"""The dialect of users where none is named."""
TOOLKIT: Final = "shotgrid"
"""The dialect of users that the Toolkit serialised."""

_DIALECTS: Final = "sojourn.client.dialects"
_is_name = re.compile(r"[a-z][a-z0-9_]{0,31}").fullmatch


class Option(NamedTuple):
    """One option of a plugin: read from an argument or a file as `name` or one of its `older` names,
    from the environment as OS_NAME."""

    name: str
    help: str
    required: bool = False
    secret: bool = False
    older: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it goes by, today's first."""
        return (self.name, *self.older)


class Loader(NamedTuple):
    """How a plugin is made from its options; an entry point of `sojourn.plugins` names one of these."""

    name: str
    build: Callable[..., AuthPlugin]
    options: tuple[Option, ...]

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what `given`, in which hyphens and older names are allowed, says of the options.

        An option that the plugin lacks raises ConfigurationError, a missing one IncompleteCredentials.
        """
        plain = {name.replace("-", "_"): value for name, value in given.items()}
        known = {name for option in self.options for name in option.names}
        if unknown := sorted(plain.keys() - known):
            raise ConfigurationError(
                f"{self.name} takes no {', '.join(unknown)}. It takes {', '.join(sorted(known))}."
            )
        found = {}
        for option in self.options:
            values = [plain[name] for name in option.names if plain.get(name) not in (None, "")]
            if values:
                found[option.name] = values[0]
            elif option.required:
                raise IncompleteCredentials(f"{self.name} needs {option.name}: {option.help}.")
        return found

    def load(self, **given: Any) -> AuthPlugin:  # noqa: ANN401 - the plugin's own options
        """Return the plugin; what is wrong with the options is raised as by `read`."""
        return self.build(**self.read(given))


def accounts_of(kind: str) -> ModuleType:
    """Return the module that begins, restores and ends accounts of the dialect `kind`."""
    return _part_of(kind, "accounts")


def users_of(kind: str) -> UserDialect:
    """Return how users of the dialect `kind` sign in: `USERS` of its module `users`."""
    found: UserDialect = _part_of(kind, "users").USERS
    return found


def _part_of(kind: str, part: str) -> ModuleType:
    package = f"{_DIALECTS}.{kind}"
    if not _is_name(kind) or find_spec(package) is None:
        raise ConfigurationError(
            f"An account is of the dialect {kind!r}, which this release lacks."
        )
    return import_module(f"{package}.{part}")


def loader(name: str) -> Loader:
    """Return the loader of the plugin `name`, such as `v3password`: a dialect's, else an installed
    package's. Raises ConfigurationError."""
    from importlib.metadata import entry_points

    known = _own()
    if name in known:
        return known[name]
    installed = entry_points(group=GROUP)
    for entry in installed.select(name=name):
        found: Loader = entry.load()
        return found
    everything = ", ".join(sorted({*known, *installed.names}))
    raise ConfigurationError(f"There is no authentication plugin {name!r}. Known: {everything}.")


def _own() -> dict[str, Loader]:
    folders = import_module(_DIALECTS).__path__
    found: dict[str, Loader] = {}
    for dialect in pkgutil.iter_modules(folders):
        options = f"{_DIALECTS}.{dialect.name}.options"
        if find_spec(options) is not None:
            found.update(import_module(options).LOADERS)
    return found
