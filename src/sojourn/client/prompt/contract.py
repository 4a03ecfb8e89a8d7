"""The contract of prompts: what a person is asked, what they answer, and the one thing that a prompt can do. Whoever
needs a person stands above it, and every prompt; a prompt of another package is good when its subclass of
`sojourn.testing.prompt_contract.PromptContract` passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from queue import SimpleQueue
    from threading import Event

T = TypeVar("T")

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Way(Enum):
    """How the person signs in: with a password that they give here, or in the browser."""

    PASSWORD = "password"
    BROWSER = "browser"


class Field(NamedTuple):
    """One more question of a dialect: `name` is its key in `Answer.extra`, `label` its name for people, `value` what
    it is prefilled with. A `secret` is not shown while it is typed."""

    name: str
    label: str
    secret: bool = False
    value: str = ""


class Form(NamedTuple):
    """What a person is asked. `service` is what they sign in to, in their words.

    `host` and `login` are what is known already: a fixed one is not asked for, another one can be changed. Where both
    are fixed and PASSWORD is the only way, only the password is asked for: a renewal. `recent_hosts` and
    `recent_logins` are offered, the last one first. Of several `ways` the person chooses; the first is offered first.
    `extra` is asked for with PASSWORD only.
    """

    service: str
    host: str | None = None
    host_fixed: bool = False
    recent_hosts: tuple[str, ...] = ()
    login: str | None = None
    login_fixed: bool = False
    recent_logins: tuple[str, ...] = ()
    ways: tuple[Way, ...] = (Way.PASSWORD,)
    host_label: str = "Host"
    login_label: str = "User name"
    extra: tuple[Field, ...] = ()


class Answer(NamedTuple):
    """What a person said. With BROWSER, `login` is what the form knew (a hint) and `password` is empty, for the browser
    will ask for them.

    `show` puts a text (where to go, what to type) before the person while the attempt runs; `typed` has the lines that
    they type meanwhile (an address that they paste), where the prompt can take any; `cancelled` is set when they call
    the attempt off, for `Env.race(cancel=...)`.
    """

    host: str = ""
    login: str = ""
    password: str = ""
    code: str | None = None
    way: Way = Way.PASSWORD
    extra: Mapping[str, str] = _NONE
    show: Callable[[str], None] | None = None
    typed: SimpleQueue[str] | None = None
    cancelled: Event | None = None

    def __repr__(self) -> str:
        return f"Answer(host={self.host!r}, login={self.login!r}, way={self.way.value})"


class Prompt(Protocol):
    """Asks a person. Always run by `Env.block`, never while a lock is held."""

    def ask(self, form: Form, attempt: Callable[[Answer], T]) -> T:
        """Ask, sign in with `attempt`, and return what it returned; may block for as long as a person takes.

        `attempt` runs on a thread of the prompt's choice. Where it raises SecondFactorRequired, the person is asked
        for the code and it is called again with it; where it raises another AuthenticationError, they are told why
        and asked again; any other error of it ends the asking.

        Raises AuthenticationCancelled when the person says no (Ctrl-C, the end of input, Escape, an empty password),
        and InteractionRequired at once where nobody can be asked.
        """
