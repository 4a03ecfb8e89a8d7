"""Where a credential is kept between two renewals: in memory for plugins built in code, in the
sealed store for accounts and for sessions with a cache. Renewal stands above it; below it are the
store and the credential's halves."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sojourn.client.asking import Turn
from sojourn.client.credential import Credential, of_halves
from sojourn.client.refusals import Refusals
from sojourn.errors import InteractionRequired

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


class Kept(NamedTuple):
    """A credential, if there is one, and the rotation nonce of a renewal that was begun and not
    seen to end. `proven`: it was got with the secrets that its reader was given; if not, the server
    must judge those before anything is served."""

    credential: Credential | None = None
    intent: str | None = None
    proven: bool = True

    def __repr__(self) -> str:
        return f"<Kept {self.credential}>"


class SignedOut(InteractionRequired):
    """The account is no longer in the store: whoever still carries it must not bring it back."""

    text = "The account was signed out."


class Inherited(InteractionRequired):
    """A forked process holds a copy of its parent's refresh token: the server would take the second use for theft."""

    text = (
        "The process that this one was forked from renews the credential. Give the plugin a store, or the session "
        "cache=True, and they share it."
    )


class Keeper(Protocol):
    """Read and write only between `locked()` and its end, in a worker thread."""

    def locked(self) -> AbstractContextManager[None]: ...

    def read(self) -> Kept: ...

    def write(self, kept: Kept) -> None: ...

    def claim(self) -> None:
        """Raise InteractionRequired where another process alone may renew what is kept."""

    def turn(self) -> Turn | None: ...

    def refusals(self) -> Refusals | None: ...


class InMemory:
    """Keeps for this process alone."""

    def __init__(self, kept: Kept = Kept()) -> None:  # noqa: B008 - immutable
        self._kept = kept
        self._owner = os.getpid()

    def locked(self) -> AbstractContextManager[None]:
        # The flight lets one worker in at a time; a lock here could be left taken in a forked
        # child.
        return nullcontext()

    def read(self) -> Kept:
        return self._kept

    def write(self, kept: Kept) -> None:
        self._kept, self._owner = kept, os.getpid()

    def claim(self) -> None:
        held = self._kept.credential
        if held is not None and held.refresh_token and self._owner != os.getpid():
            raise Inherited

    def turn(self) -> None:
        return None

    def refusals(self) -> None:
        return None


class Sealed:
    """Keeps for every process of this person, in one sealed file.

    `described` is what a new record says beside its tokens, and `proof` the secrets that a plugin was given in code;
    None are for accounts, which only a sign-in makes.
    """

    def __init__(
        self,
        store: CredentialStore,
        account: str,
        described: Mapping[str, Any] | None = None,
        proof: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self._store = store
        self._account = account
        self._described = described
        self._proof = proof

    def locked(self) -> AbstractContextManager[None]:
        return self._store.locked(self._account)

    def read(self) -> Kept:
        record = self._record()
        return kept_of(record)._replace(proven=self._proof is None or proven(record, self._proof()))

    def write(self, kept: Kept) -> None:
        record = self._record()
        if kept.proven and self._proof is not None:
            record = {**record, "secrets": {**record["secrets"], **self._proof()}}
        self._store.write(self._account, with_kept(record, kept))

    def claim(self) -> None:
        return None

    def turn(self) -> Turn:
        return Turn(self._store, self._account)

    def refusals(self) -> Refusals:
        return Refusals(self._store, self._account)

    def _record(self) -> Mapping[str, Any]:
        record = self._store.read(self._account)
        if record is not None:
            return record
        if self._described is None:
            raise SignedOut
        return {**self._described, "state": {**self._described["state"], "token": None}}


def kept_of(record: Mapping[str, Any]) -> Kept:
    """Return what a record of the store keeps."""
    public, secret = record.get("state", {}).get("token"), record.get("secrets", {}).get("token")
    intent = record.get("secrets", {}).get("intent")
    return Kept(of_halves(public, secret) if public and secret else None, intent)


def proven(record: Mapping[str, Any], proof: Mapping[str, Any]) -> bool:
    """Tell whether what `record` keeps was got with the secrets of `proof`."""
    held = record.get("secrets", {})
    return all(held.get(name) == value for name, value in proof.items())


def with_kept(record: Mapping[str, Any], kept: Kept) -> dict[str, Any]:
    """Return `record` keeping `kept`; whatever else it says, known or not, stays."""
    credential = kept.credential
    halves = (credential.public(), credential.secret()) if credential else (None, None)
    state = {**record.get("state", {}), "token": halves[0]}
    secrets = {**record.get("secrets", {}), "token": halves[1], "intent": kept.intent}
    return {**record, "state": state, "secrets": secrets}
