"""A grant bound to its manager: the value, and the minting that the Session Manager page does on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sojourn.model.grant import Grant
from sojourn.model.policy import UsageRules
from sojourn.model.token import Token
from sojourn.server.services.sessions.minting import Minted


class Minter(Protocol):
    """What a bound grant needs of its manager."""

    async def mint(
        self,
        grant: Grant,
        token_class: str,
        *,
        value: str = "",
        based_on: str = "",
        scope: tuple[str, ...] = (),
        resources: tuple[str, ...] = (),
        usage_rules: UsageRules | None = None,
        jwt: bool = False,
    ) -> Minted: ...

    async def register_usage(self, grant: Grant, text: str) -> Token: ...


class GrantFields:
    """A grant's fields as they were when it was got, and its session id."""

    __slots__ = ("session_id", "value")

    def __init__(self, value: Grant, session_id: str) -> None:
        self.value = value
        self.session_id = session_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, user_id={self.user_id!r})"

    @property
    def id(self) -> str:
        return self.value.id

    @property
    def user_id(self) -> str:
        return self.value.user_id

    @property
    def client_id(self) -> str:
        return self.value.client_id

    @property
    def sub(self) -> str:
        return self.value.sub

    @property
    def scope(self) -> list[str]:
        return list(self.value.scope)

    @property
    def claims(self) -> Mapping[str, object]:
        return self.value.claims

    @property
    def resources(self) -> list[str]:
        return list(self.value.resources)


class AsyncGrant(GrantFields):
    """A grant and the manager it came from."""

    __slots__ = ("_manager",)

    def __init__(self, manager: Minter, value: Grant, session_id: str) -> None:
        super().__init__(value, session_id)
        self._manager = manager

    async def mint_token(
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
        """Mint and store a token of `authorization_code`, `access_token`, `refresh_token` or `id_token`.

        value     its text, where the manager was opened with `allow_chosen_values=True`
        based_on  the token it stands on (as minted, or its text); it never outlives that
        jwt       an access token as a JWT (RFC 9068), signed with ES256

        Raises NotLive when the grant or something above it has ended, MintingNotAllowed when the parent's usage rules
        do not allow this class or it is spent, UnknownToken when there is no such parent, ValueError for an unknown
        class or a chosen value that is not allowed.
        """
        return await self._manager.mint(
            self.value,
            token_class,
            value=value,
            based_on=based_on.value if isinstance(based_on, Minted) else based_on or "",
            scope=tuple(scope or ()),
            resources=tuple(resources or ()),
            usage_rules=usage_rules,
            jwt=jwt,
        )

    async def register_usage(self, token: Minted | str) -> Token:
        """Count one use of a token of this grant. Raises UnknownToken."""
        text = token.value if isinstance(token, Minted) else token
        return await self._manager.register_usage(self.value, text)
