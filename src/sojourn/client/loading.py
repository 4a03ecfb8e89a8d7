"""From a name to code that is imported when it is needed: the dialect of an account or a user, and the
plugin of an authentication type with its options. Accounts, users, `clouds` and the command line stand above it, the
dialects below. Other packages add plugins through the entry-point group `sojourn.plugins`, and what accounts and users
need beside them through `sojourn.dialects`."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sojourn.client.auth import AuthPlugin
from sojourn.errors import ConfigurationError, IncompleteCredentials

if TYPE_CHECKING:
    from sojourn.client.user_dialect import UserDialect

GROUP: Final = "sojourn.plugins"
DIALECTS: Final = "sojourn.dialects"
"""The group whose entry points name packages that have `accounts`, and perhaps `users`, as the dialects here do."""

GENERAL: Final = "oidc"
"""The dialect of users where none is named."""
TOOLKIT: Final = "shotgrid"
"""The dialect of users that the Toolkit serialised."""

_DIALECTS: Final = "sojourn.client.dialects"
_is_name = re.compile(r"[a-z][a-z0-9_]{0,31}").fullmatch


class Option(NamedTuple):
    """One option of a plugin: read from an argument or a file as `name` or one of its `older` names,
    from the environment in capitals after the loader's prefix. `secret` ones are no flag of the
    command line: they come from a file, the standard input, or are asked for without echo."""

    name: str
    help: str
    required: bool = False
    secret: bool = False
    older: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    """A required option is not missed where one of these is given."""
    second_factor: bool = False
    """Whether it is what a service asks for beside a password that was good."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it goes by, today's first."""
        return (self.name, *self.older)


class Loader(NamedTuple):
    """How a plugin is made from its options; an entry point of `sojourn.plugins` names one of these."""

    name: str
    build: Callable[..., AuthPlugin]
    options: tuple[Option, ...]
    environment: str = "OS_"
    """What the environment's names of the options begin with."""
    address: str | None = None
    """The option that says where the service is: `sojourn login` takes it as its argument."""
    signs_in: bool = True
    """Whether somebody is signed in, so that an account can be kept."""

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return what `environ` says of the options, under the names that it uses."""
        names = [name for option in self.options for name in option.names]
        said = {name: environ.get(f"{self.environment}{name.upper()}") for name in names}
        return {name: value for name, value in said.items() if value}

    def missing(self, found: Mapping[str, Any]) -> list[Option]:
        """Return the options that `found`, which `known` returned, must still say."""
        return [
            option
            for option in self.options
            if option.required and not any(name in found for name in (option.name, *option.instead))
        ]

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what `given`, in which hyphens and older names are allowed, says of the options.

        An option that the plugin lacks raises ConfigurationError, a missing one IncompleteCredentials.
        """
        found = self.known(given)
        for option in self.missing(found):
            raise IncompleteCredentials(f"{self.name} needs {option.name}: {option.help}.")
        return found

    def known(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same as `read`, also where options are missing."""
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
        return found

    def load(self, **given: Any) -> AuthPlugin:  # noqa: ANN401 - the plugin's own options
        """Return the plugin; what is wrong with the options is raised as by `read`."""
        return self.build(**self.read(given))


def accounts_of(kind: str) -> ModuleType:
    """Return the module that begins, restores and ends accounts of the dialect `kind`."""
    return _part_of(kind, "accounts")


def users_of(kind: str) -> UserDialect:
    """Return how users of the dialect `kind` sign in: `USERS` of its module `users`. ConfigurationError where it has
    none."""
    found: UserDialect = _part_of(kind, "users").USERS
    return found


def _part_of(kind: str, part: str) -> ModuleType:
    package = _package_of(kind)
    if package is None:
        raise ConfigurationError(
            f"An account is of the dialect {kind!r}, which neither this release has nor a package that is installed."
        )
    try:
        found = find_spec(f"{package}.{part}")
    except ModuleNotFoundError as cause:
        message = f"The package {package!r} of the dialect {kind!r} cannot be imported: {cause}."
        raise ConfigurationError(message) from cause
    if found is None:
        raise ConfigurationError(f"The dialect {kind!r} has no {part}: there are plugins alone.")
    return import_module(f"{package}.{part}")


def _package_of(kind: str) -> str | None:
    """Return the package of a dialect: ours, else the one that an installed package names."""
    if not _is_name(kind):
        return None
    package = f"{_DIALECTS}.{kind}"
    if find_spec(package) is not None:
        return package
    from importlib.metadata import entry_points

    return next((entry.module for entry in entry_points(group=DIALECTS).select(name=kind)), None)


def loader(name: str) -> Loader:
    """Return the loader of the plugin `name`, such as `v3password`: a dialect's, else an installed
    package's. Raises ConfigurationError."""
    from importlib.metadata import entry_points

    known = loaders()
    if name in known:
        return known[name]
    installed = entry_points(group=GROUP)
    for entry in installed.select(name=name):
        found: Loader = entry.load()
        return found
    everything = ", ".join(sorted({*known, *installed.names}))
    raise ConfigurationError(f"There is no authentication plugin {name!r}. Known: {everything}.")


def kind_of(dialect: str, grant: str) -> str:
    """Return the name of the loader that signs in an account of `dialect` by `grant` again."""
    known: Collection[str] = ()
    options = f"{_DIALECTS}.{dialect}.options"
    if find_spec(f"{_DIALECTS}.{dialect}") is None:
        from importlib.metadata import entry_points

        known = entry_points(group=GROUP).names
    elif find_spec(options) is not None:
        known = import_module(options).LOADERS
    return grant if grant in known else dialect


def loaders() -> dict[str, Loader]:
    """Return the loaders of the dialects that come with Sojourn, by name."""
    folders = import_module(_DIALECTS).__path__
    found: dict[str, Loader] = {}
    for dialect in pkgutil.iter_modules(folders):
        options = f"{_DIALECTS}.{dialect.name}.options"
        if find_spec(options) is not None:
            found.update(import_module(options).LOADERS)
    return found
