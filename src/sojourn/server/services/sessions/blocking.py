"""The synchronous face of the Session Manager: the same calls, driven to their end on the caller's thread.

Each method is the one of `manager.AsyncSessionManager`, over a store that blocks instead of suspending; what it takes,
returns and raises is said there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from sojourn.driver import drive
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.client_session import ClientSession
from sojourn.model.policy import UsageRules
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.server.services.sessions.bound import AsyncGrant, GrantFields
from sojourn.server.services.sessions.info import SessionInfo
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.sessions.minting import Minted
from sojourn.server.services.sessions.opening import open_context
from sojourn.server.services.sessions.reader import StoredToken
from sojourn.server.services.sessions.story import Step, Story


class BoundGrant(GrantFields):
    """A grant and the manager it came from, without await."""

    __slots__ = ("_grant",)

    def __init__(self, grant: AsyncGrant) -> None:
        super().__init__(grant.value, grant.session_id)
        self._grant = grant

    def mint_token(
        self,
        token_class: str,
        value: str = "",
        *,
        based_on: Minted | str | None = None,
        scope: list[str] | None = None,
        resources: list[str] | None = None,
        usage_rules: UsageRules | None = None,
        jwt: bool = False,
    ) -> Minted:
        """Mint and store a token: see `AsyncGrant.mint_token`."""
        return drive(
            self._grant.mint_token(
                token_class,
                value,
                based_on=based_on,
                scope=scope,
                resources=resources,
                usage_rules=usage_rules,
                jwt=jwt,
            )
        )

    def register_usage(self, token: Minted | str) -> Token:
        """Count one use of a token of this grant: see `AsyncGrant.register_usage`."""
        return drive(self._grant.register_usage(token))


class SessionManager:
    """The Session Manager. Make one with `SessionManager.open(url)`; use it from as many threads as you like."""

    def __init__(self, manager: AsyncSessionManager) -> None:
        self._manager = manager

    @classmethod
    def open(
        cls,
        url: str,
        *,
        realm: str = "default",
        issuer: str = "",
        root_key: bytes | None = None,
        usage_rules: Mapping[str, UsageRules] | None = None,
        allow_chosen_values: bool = False,
        now: Callable[[], int] | None = None,
        random: Callable[[int], bytes] | None = None,
    ) -> Self:
        """Open a manager on a store: see `AsyncSessionManager.open`."""
        context = drive(
            open_context(
                url,
                blocking=True,
                realm=realm,
                issuer=issuer,
                root_key=root_key,
                usage_rules=usage_rules,
                allow_chosen_values=allow_chosen_values,
                now=now,
                random=random,
            )
        )
        return cls(AsyncSessionManager(context))

    def close(self) -> None:
        """Finish what was acknowledged and let the store go."""
        drive(self._manager.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def create_session(
        self,
        authn_event: AuthenticationEvent,
        auth_req: Mapping[str, Any],
        user_id: str,
        client_id: str = "",
        sub_type: str = "public",
        sector_identifier: str = "",
        token_usage_rules: Mapping[str, UsageRules] | None = None,
        scopes: Sequence[str] | None = None,
    ) -> str:
        """Begin what a user has with a client; returns the session id of its new grant."""
        return drive(
            self._manager.create_session(
                authn_event,
                auth_req,
                user_id,
                client_id,
                sub_type,
                sector_identifier,
                token_usage_rules,
                scopes,
            )
        )

    def create_grant(
        self,
        authn_event: AuthenticationEvent,
        auth_req: Mapping[str, Any],
        user_id: str,
        client_id: str = "",
        sub_type: str = "public",
        sector_identifier: str = "",
        token_usage_rules: Mapping[str, UsageRules] | None = None,
        scopes: Sequence[str] | None = None,
    ) -> BoundGrant:
        """As `create_session`, but returns the bound grant."""
        session_id = self.create_session(
            authn_event,
            auth_req,
            user_id,
            client_id,
            sub_type,
            sector_identifier,
            token_usage_rules,
            scopes,
        )
        return self.get_grant(session_id)

    def add_grant(
        self,
        user_id: str,
        client_id: str,
        *,
        scope: Sequence[str] = (),
        claims: Mapping[str, object] | None = None,
        resources: Sequence[str] = (),
        sub_type: str = "public",
        sector_identifier: str = "",
        usage_rules: Mapping[str, UsageRules] | None = None,
        authentication_event: AuthenticationEvent | None = None,
        authorization_request: Mapping[str, Any] | None = None,
        expires_in: int = 0,
    ) -> BoundGrant:
        """Add a grant to what a user has with a client already; returns it bound."""
        return BoundGrant(
            drive(
                self._manager.add_grant(
                    user_id,
                    client_id,
                    scope=scope,
                    claims=claims,
                    resources=resources,
                    sub_type=sub_type,
                    sector_identifier=sector_identifier,
                    usage_rules=usage_rules,
                    authentication_event=authentication_event,
                    authorization_request=authorization_request,
                    expires_in=expires_in,
                )
            )
        )

    def get(self, path: Sequence[str]) -> User | ClientSession | BoundGrant:
        """The node at `[user_id]`, `[user_id, client_id]` or `[user_id, client_id, grant_id]`."""
        found = drive(self._manager.get(path))
        return BoundGrant(found) if isinstance(found, AsyncGrant) else found

    def get_grant(self, session_id: str) -> BoundGrant:
        """The grant of a session id or session key, bound."""
        return BoundGrant(drive(self._manager.get_grant(session_id)))

    def grants(self, user_id: str, client_id: str) -> list[BoundGrant]:
        """All grants that a user gave a client, live or not, in no order."""
        return [BoundGrant(grant) for grant in drive(self._manager.grants(user_id, client_id))]

    def find_token(self, session_id: str, token_value: str) -> StoredToken | None:
        """The token with this text, if it belongs to the grant; None if not."""
        return drive(self._manager.find_token(session_id, token_value))

    def get_authentication_event(self, session_id: str) -> AuthenticationEvent | None:
        """The authentication event behind a grant; None if it was made without one."""
        return drive(self._manager.get_authentication_event(session_id))

    def get_user_session_info(self, user_id: str) -> User:
        """The user at the root of a tree."""
        return drive(self._manager.get_user_session_info(user_id))

    def get_client_session_info(self, session_id: str) -> ClientSession:
        """The client session above a grant."""
        return drive(self._manager.get_client_session_info(session_id))

    def client_session_is_revoked(self, session_id: str) -> bool:
        """Whether the client session above a grant has ended."""
        return drive(self._manager.client_session_is_revoked(session_id))

    def get_session_info(self, session_id: str) -> SessionInfo:
        """The whole path of a grant."""
        return drive(self._manager.get_session_info(session_id))

    def get_session_info_by_token(self, token_value: str) -> SessionInfo:
        """As `get_session_info`, for the grant that a token belongs to."""
        return drive(self._manager.get_session_info_by_token(token_value))

    def revoke_client_session(self, session_id: str) -> None:
        """End all that the user has with the client above a grant."""
        drive(self._manager.revoke_client_session(session_id))

    def revoke_grant(self, session_id: str) -> None:
        """End a grant and every token below it."""
        drive(self._manager.revoke_grant(session_id))

    def revoke_token(self, session_id: str, token_value: str, recursive: bool = False) -> None:  # noqa: FBT001, FBT002 - the page's signature
        """End one token, and with `recursive` every token based on it."""
        drive(self._manager.revoke_token(session_id, token_value, recursive))

    def revoke(self, token_value: str, *, recursive: bool = True) -> None:
        """End the token with this text, whoever's it is."""
        drive(self._manager.revoke(token_value, recursive=recursive))

    def explain(self, token_value: str) -> Story:
        """Why a token is good or not: each node of its path, from the token up."""
        return drive(self._manager.explain(token_value))

    def what_if_revoked(self, session_id: str) -> tuple[Step, ...]:
        """The live tokens that would end with a grant."""
        return drive(self._manager.what_if_revoked(session_id))
