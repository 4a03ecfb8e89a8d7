"""Our Session Manager in memory, for the manager bench."""

from __future__ import annotations

from typing import Any

from bench.subject import CLIENT_ID, REDIRECT_URI, Subject
from sojourn.server import SessionManager, create_authn_event


def subject(*, jwt: bool) -> Subject:
    """Ours; `jwt` mints access tokens as ES256 JWTs."""
    manager = SessionManager.open("memory:", issuer="https://op.example")
    request = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "scope": ["openid"],
        "state": "STATE",
        "response_type": "code",
    }

    def create(user: str) -> str:
        return manager.create_session(
            authn_event=create_authn_event(user),
            auth_req=request,
            user_id=user,
            client_id=CLIENT_ID,
            sub_type="public",
        )

    def mint(grant: Any, kind: str, based_on: Any = None) -> Any:  # noqa: ANN401
        signed = jwt and kind == "access_token"
        return grant.mint_token(kind, based_on=based_on, jwt=signed)

    def revoke(session: str, value: str) -> None:
        manager.revoke_token(session, value, recursive=True)

    return Subject(
        name="sojourn",
        create=create,
        grant=manager.get_grant,
        mint=mint,
        info=manager.get_session_info_by_token,
        find=manager.find_token,
        revoke=revoke,
    )
