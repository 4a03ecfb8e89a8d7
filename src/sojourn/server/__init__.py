"""The server half: the Session Manager for programs that embed it, and the OpenID Provider that `sojourn serve` runs.

Public names: SessionManager, AsyncSessionManager, create_authn_event, session_key.
"""

from __future__ import annotations

from sojourn.model import authentication_event as _events
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.server.services.context import system_now as _system_now
from sojourn.server.services.sessions.blocking import SessionManager
from sojourn.server.services.sessions.grants import session_key
from sojourn.server.services.sessions.manager import AsyncSessionManager

__all__ = [
    "AsyncSessionManager",
    "AuthenticationEvent",
    "SessionManager",
    "create_authn_event",
    "session_key",
]


def create_authn_event(
    uid: str,
    *,
    valid_for: int = _events.DEFAULT_LIFE,
    acr: str = "",
    amr: tuple[str, ...] = (),
    authn_info: str = "",
    now: int | None = None,
) -> AuthenticationEvent:
    """That the user `uid` proved who they are just now.

    valid_for  ms that the event counts; now is UTC ms, the clock's if left out
    acr, amr   context class and methods (OpenID Connect Core §2, RFC 8176)
    """
    return _events.create_authn_event(
        uid,
        now=_system_now() if now is None else now,
        life=valid_for,
        acr=acr,
        amr=amr,
        authn_info=authn_info,
    )
