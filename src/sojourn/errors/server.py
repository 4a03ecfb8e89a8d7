"""Errors of pages, the Session Manager, sign-in and the store.

The whole tree is drawn in the package.
"""

from __future__ import annotations

from typing import ClassVar

from sojourn.errors.base import SojournError


class PageError(SojournError):
    """What a person is told on a page: `code` picks the words, `status` is HTTP's."""

    code: ClassVar[str] = "other"
    status: ClassVar[int] = 400


class PageExpired(PageError):
    code = "expired"
    text = "This page has expired."


class DeviceWithdrawn(PageError):
    code = "withdrawn"
    status = 410
    text = "The device signed in another way and asks no longer."


class ForgedForm(PageError):
    code = "forged"
    status = 403
    text = "The form did not come from a page of this server in this browser."


class SetUpDone(PageError):
    code = "set_up_done"
    status = 410
    text = "The set-up link was used, or its time is over."


class NoSuchPage(PageError):
    code = "not_found"
    status = 404
    text = "There is nothing here."


class SessionError(SojournError):
    text = "The session operation failed."


class NoSuchUser(SessionError, KeyError):
    text = "No such user."

    __str__ = Exception.__str__


class NoSuchClientSession(SessionError, KeyError):
    text = "No such client session."

    __str__ = Exception.__str__


class NoSuchGrant(SessionError, KeyError):
    text = "No such grant."

    __str__ = Exception.__str__


class UnknownToken(SessionError, KeyError):
    text = "No such token."

    __str__ = Exception.__str__


class WrongTokenClass(SessionError, ValueError):
    text = "A token of this class does not lead to a session."


class BadSessionId(SessionError, ValueError):
    text = "Neither a session id nor a session key."


class MintingNotAllowed(SessionError):
    text = "This token may not be minted here."


class NotLive(SessionError):
    """A node on the path has ended: `node` is its kind (`grant`, `user`, ...), `why` the reason it keeps."""

    text = "The session has ended."

    def __init__(
        self, text: str | None = None, *, node: str = "", why: str = "", detail: str = ""
    ) -> None:
        super().__init__(text, detail=detail or f"{node}: {why}")
        self.node = node
        self.why = why


class SignInRefused(SojournError):
    """A sign-in that failed; `wait` is how many seconds the next try must wait. It never says what was wrong."""

    text = "The user name or the password is wrong."

    def __init__(self, text: str | None = None, *, wait: int = 0, detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.wait = wait


class StoreError(SojournError):
    text = "The store failed."


class Conflict(StoreError):
    text = "Another writer was first."


class OutcomeUnknown(StoreError):
    text = "The write may or may not have happened."


class NewerRecord(StoreError):
    text = "The record was written by a later release of Sojourn."


class StoreUnavailable(StoreError):
    text = "The store cannot be used."
