"""What the Session Manager says of a session: its whole path in one mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

from msgspec import UNSET

from sojourn.errors import NoSuchClientSession, NoSuchGrant, NoSuchUser
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
from sojourn.model.liveness import Path
from sojourn.model.user import User


class SessionInfo(TypedDict):
    """The path of a grant, always complete."""

    session_id: str
    user_id: str
    client_id: str
    grant_id: str
    user_session_info: User
    client_session_info: ClientSession
    grant: Grant
    authentication_event: AuthenticationEvent | None
    authorization_request: Mapping[str, object]


def session_info(path: Path, session_id: Callable[[str, str], str]) -> SessionInfo:
    """The session that a path belongs to. Raises NoSuchUser, NoSuchClientSession or NoSuchGrant for a broken path."""
    grant: Grant | None = None
    session: ClientSession | None = None
    user: User | None = None
    for node in path:
        value = node.value
        if type(value) is Grant:
            grant = value
        elif type(value) is ClientSession:
            session = value
        elif type(value) is User:
            user = value
    if grant is None:
        raise NoSuchGrant
    if session is None:
        raise NoSuchClientSession
    if user is None:
        raise NoSuchUser
    event = grant.authentication_event
    return SessionInfo(
        session_id=session_id(grant.user_id, grant.id),
        user_id=grant.user_id,
        client_id=grant.client_id,
        grant_id=grant.id,
        user_session_info=user,
        client_session_info=session,
        grant=grant,
        authentication_event=None if event is UNSET else event,
        authorization_request=grant.authorization_request,
    )
