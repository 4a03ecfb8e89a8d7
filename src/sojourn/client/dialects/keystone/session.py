"""The Session of the Keystone page: ours, and, where keystoneauth1 is installed, an instance of its
Session as well, because its client libraries ask for that. The class is made when it is first named;
below it is the session of threads."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sojourn.client import session as ours
from sojourn.client.dialects.keystone import exceptions
from sojourn.errors import SojournError

__all__ = ["Session"]

_DOC: Final = """Requests on the calling thread, with the errors that keystoneauth's callers know. Any
number of threads may share one; it survives a fork."""


class KeystoneSession(ours.Session):
    __doc__ = _DOC

    @property
    def adapters(self) -> dict[str, Any]:
        """Nothing: there are no adapters of `requests` here."""
        return {}

    def mount(self, scheme: str, adapter: object) -> NoReturn:
        """Refuse: adapters of `requests` cannot be mounted."""
        raise TypeError("mount() is not here: pass transport= to the session.")

    def _leave(self, error: SojournError) -> None:
        leaving = exceptions.refined(error)
        super()._leave(leaving)
        if leaving is not error:
            raise leaving from error


if TYPE_CHECKING:
    Session = KeystoneSession


@cache
def _session_class() -> type[KeystoneSession]:
    try:
        library: Any = import_module("keystoneauth1.session")
    except ModuleNotFoundError:
        bases: tuple[type, ...] = (KeystoneSession,)
    else:
        # Its constructor is never called: whatever it would set up is ours.
        bases = (KeystoneSession, library.Session)
    return type("Session", bases, {"__module__": __name__, "__doc__": _DOC})


def __getattr__(name: str) -> object:
    if name == "Session":
        return _session_class()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
