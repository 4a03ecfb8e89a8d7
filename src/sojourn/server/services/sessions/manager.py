"""The Session Manager: one object over the user's tree, awaited. `blocking` has the same without await.

Programs embed it as the Session Manager page shows; this server's endpoints use its parts (`signins`, `grants`,
`redemption`, `acceptance`, `teller`) and nothing below them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import msgspec
from msgspec import UNSET

from sojourn.errors import (
    Conflict,
    MintingNotAllowed,
    NoSuchGrant,
    NoSuchUser,
    NotLive,
    UnknownToken,
)
from sojourn.model import ids
from sojourn.model.admission import EMBED, MINT_FROM, judge
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.grant import Grant
from sojourn.model.liveness import Path
from sojourn.model.policy import UsageRules
from sojourn.model.token import Token
from sojourn.server.services.sessions.bound import AsyncGrant
from sojourn.server.services.sessions.grants import GrantOrder
from sojourn.server.services.sessions.minting import Minted, Order
from sojourn.server.services.sessions.opening import open_context
from sojourn.server.services.sessions.reader import Reader
from sojourn.server.services.sessions.tree import ATTEMPTS, checks
from sojourn.store.contract import partition_of
from sojourn.wire import tokens


class AsyncSessionManager(Reader):
    """The Session Manager. Make one with `await AsyncSessionManager.open(url)`."""

    @classmethod
    async def open(
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
        """Open a manager on a store: `memory:` or `sqlite:///FILE`.

        root_key             32 bytes; without it a 0600 file `FILE.root-key` beside the database holds one
        usage_rules          for classes of tokens, over the defaults
        allow_chosen_values  lets `mint_token` take the token's text from the caller: for examples and tests
        now, random          UTC ms, and n fresh random bytes

        Raises ConfigurationError or StoreUnavailable, each saying what to do.
        """
        context = await open_context(
            url,
            blocking=False,
            realm=realm,
            issuer=issuer,
            root_key=root_key,
            usage_rules=usage_rules,
            allow_chosen_values=allow_chosen_values,
            now=now,
            random=random,
        )
        return cls(context)

    async def close(self) -> None:
        """Finish what was acknowledged and let the store go."""
        await self.context.store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def create_session(
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
        """Begin what a user has with a client, and always a new grant in it; returns its opaque session id.

        auth_req   the authorization request: `client_id`, `scope`, `claims`, ... as a mapping
        sub_type   public | pairwise | ephemeral; pairwise needs `sector_identifier`
        scopes     what was granted, if not the request's `scope`

        Raises ValueError for a subject type that lacks its part, NotLive for a user or client that may not.
        """
        scope = scopes if scopes is not None else _scope_of(auth_req)
        claims = auth_req.get("claims")
        order = GrantOrder(
            user_id=user_id,
            client_id=client_id or str(auth_req.get("client_id", "")),
            sub_type=sub_type,
            sector=sector_identifier or str(auth_req.get("sector_identifier_uri", "")),
            scope=tuple(scope),
            claims=claims if isinstance(claims, Mapping) else {},
            usage_rules=token_usage_rules or {},
            event=authn_event,
            request=dict(auth_req),
        )
        prepared = await self.grants_.create(order)
        return self.grants_.session_id(user_id, prepared.grant.id)

    async def create_grant(
        self,
        authn_event: AuthenticationEvent,
        auth_req: Mapping[str, Any],
        user_id: str,
        client_id: str = "",
        sub_type: str = "public",
        sector_identifier: str = "",
        token_usage_rules: Mapping[str, UsageRules] | None = None,
        scopes: Sequence[str] | None = None,
    ) -> AsyncGrant:
        """As `create_session`, but returns the bound grant."""
        session_id = await self.create_session(
            authn_event,
            auth_req,
            user_id,
            client_id,
            sub_type,
            sector_identifier,
            token_usage_rules,
            scopes,
        )
        return await self.get_grant(session_id)

    async def add_grant(
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
    ) -> AsyncGrant:
        """Add a grant to what a user has with a client already; returns it bound.

        claims      `{"userinfo": {...}, "id_token": {...}}` (OpenID Connect Core §5.5)
        expires_in  life in ms; 0: as long as the client session

        Raises NoSuchUser, NoSuchClientSession, or NotLive for a client session that has ended.
        """
        order = GrantOrder(
            user_id=user_id,
            client_id=client_id,
            sub_type=sub_type,
            sector=sector_identifier,
            scope=tuple(scope),
            claims=claims or {},
            resources=tuple(resources),
            usage_rules=usage_rules or {},
            event=authentication_event or UNSET,
            request=dict(authorization_request or {}),
            end=self.context.now() + expires_in if expires_in else 0,
        )
        if await self.context.store.get(self.context.keys.user(user_id)) is None:
            raise NoSuchUser
        prepared = await self.grants_.create(order, must_exist=True)
        return self.bound(prepared.grant)

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
    ) -> Minted:
        """What `AsyncGrant.mint_token` does: see there."""
        if value and not self.context.allow_chosen_values:
            message = (
                "a chosen token value needs allow_chosen_values=True when the manager is opened"
            )
            raise ValueError(message)
        part = ids.partition("user", grant.user_id)
        grant_key = self.context.keys.grant(part, grant.id)
        parent = await self._parent_key(part, based_on) if based_on else ""
        order = Order(
            type=token_class,
            scope=scope,
            resources=resources,
            jwt=jwt,
            rules=usage_rules,
            value=value,
        )
        for _ in range(ATTEMPTS):
            path = await self.tree.path(parent or grant_key)
            client = await self.tree.client(grant.client_id)
            if not any(node.key == grant_key for node in path):
                raise UnknownToken if parent else NoSuchGrant
            operation = MINT_FROM if parent else EMBED
            try:
                admitted = judge(operation, path, client=client, now=self.context.now())
            except NotLive as error:
                if parent and path[0].key == parent and error.node == _token_node(path):
                    raise MintingNotAllowed(detail=error.detail) from error
                raise
            minted = self.minting.prepare(self.minting.root(admitted, parent), order)
            try:
                await self.tree.commit(part, (*checks(admitted, part), *minted.steps))
            except Conflict:
                await self._require_unused(part, value)
                continue
            return msgspec.structs.replace(minted, steps=())
        raise Conflict

    async def _require_unused(self, part: int, value: str) -> None:
        """That no token has the chosen value yet."""
        key = self.context.keys.token(part, tokens.digest(value))
        if value and await self.context.store.get(key) is not None:
            message = "this user has a token with the chosen value already: choose another"
            raise ValueError(message)

    async def _parent_key(self, part: int, text: str) -> str:
        """As `stored_key`, but a refresh token must be the newest: what was rotated gives nothing any more."""
        if text.startswith("sj_r_"):
            located = await self.acceptance.locate(text)
            if located is not None and located.superseded:
                raise UnknownToken
        return await self.stored_key(part, text)

    async def register_usage(self, grant: Grant, text: str) -> Token:
        """What `AsyncGrant.register_usage` does: see there."""
        part = ids.partition("user", grant.user_id)
        key = await self._parent_key(part, text)
        record = await self.context.store.get(key)
        if record is None or self.context.keys.grant(part, grant.id) not in record.path:
            raise UnknownToken
        used = await self.tree.change(
            key, Token, lambda token: msgspec.structs.replace(token, used=token.used + 1)
        )
        if used is None:
            raise UnknownToken
        return used

    async def revoke_client_session(self, session_id: str) -> None:
        """End all that the user has with the client above a grant."""
        grant = (await self.get_grant(session_id)).value
        await self.grants_.end_session(grant.user_id, grant.client_id, "revoked")

    async def revoke_grant(self, session_id: str) -> None:
        """End a grant and every token below it. Raises BadSessionId or NoSuchGrant."""
        grant = (await self.get_grant(session_id)).value
        await self.grants_.end_grant(
            self.grants_.key_of(session_id), "revoked", subject=grant.user_id
        )

    async def revoke_token(
        self,
        session_id: str,
        token_value: str,
        recursive: bool = False,  # noqa: FBT001, FBT002 - the page's signature
    ) -> None:
        """End one token, and with `recursive` every token based on it. Raises UnknownToken."""
        above = self.grants_.keys_of(session_id)
        located = await self.acceptance.locate(token_value) if "." in token_value else None
        if located is not None:
            if not set(above) <= {node.key for node in located.path}:
                raise UnknownToken
            await self.acceptance.revoke(located, "revoked", recursive=recursive)
            return
        key = await self.stored_key(partition_of(above[0]), token_value)
        record = await self.context.store.get(key)
        if record is None or not set(above) <= set(record.path):
            raise UnknownToken
        grant = await self.find_grant(above[0])
        subject = grant.user_id if grant else ""
        await self.tree.end(key, Token, "revoked", subject=subject, recursive=recursive)

    async def revoke(self, token_value: str, *, recursive: bool = True) -> None:
        """End the token with this text, whoever's it is. Raises UnknownToken."""
        located = await self.acceptance.locate(token_value)
        if located is None:
            raise UnknownToken
        await self.acceptance.revoke(located, "revoked", recursive=recursive)


def _scope_of(request: Mapping[str, Any]) -> Sequence[str]:
    scope = request.get("scope", ())
    return scope.split() if isinstance(scope, str) else scope


def _token_node(path: Path) -> str:
    leaf = path[0].value
    return leaf.type.replace("_", " ") if isinstance(leaf, Token) else ""
