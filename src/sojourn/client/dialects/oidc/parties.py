"""Whose tokens are exchanged: a plugin, an account, a function or plain text, each asked for its token at the moment
it is needed. The exchange stands above it; below it are renewal and the accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from sojourn.client.account import Account
from sojourn.client.auth import AuthPlugin, Stamp
from sojourn.client.dialects.oidc.endpoints import Endpoints
from sojourn.client.dialects.oidc.plugins import PersonAuth
from sojourn.client.env.contract import Env
from sojourn.client.renewal import RenewingAuth
from sojourn.errors import CredentialError, IncompleteCredentials

Source = AuthPlugin | Account | Callable[[], str] | str


class Shown(NamedTuple):
    """The text of a token, the generation of the plugin's credential that it came from, and the key that it is bound
    to (DPoP), as the credential keeps it."""

    text: str
    generation: int = 0
    key: str | None = None

    def __repr__(self) -> str:
        return f"<Shown of generation {self.generation}>"


class Party:
    """A subject or an actor."""

    def __init__(self, source: Source) -> None:
        if isinstance(source, str) and not source:
            raise IncompleteCredentials("The text of a token is empty.")
        self._source = source.auth() if isinstance(source, Account) else source

    def __repr__(self) -> str:
        return f"<Party {type(self._source).__name__}>"

    def is_of(self, issuer: str, client_id: str) -> bool:
        """Tell whether the tokens were issued to this client, so that a key that they are bound to must be proved."""
        endpoints = getattr(self._source, "endpoints", None)
        if not isinstance(endpoints, Endpoints):
            return False
        return (endpoints.provider.issuer, endpoints.client.client_id) == (issuer, client_id)

    def identity(self) -> tuple[str, ...] | None:
        """What tells this party from all others; None where only the caller knows whose tokens they are."""
        source = self._source
        if not isinstance(source, RenewingAuth):
            return None
        if source.account is None and isinstance(source, PersonAuth):
            # Two people's plugins may be alike in all that code gave them.
            subject = source.subject
            return None if subject is None else (source.kind, "", *source.identity(subject))
        return (source.kind, source.account or "", *source.identity())

    def proof(self) -> str | None:
        """What shows, without telling them, which secrets this party was given in code; an account was given none."""
        source = self._source
        if not isinstance(source, RenewingAuth) or source.account is not None:
            return None
        return sha256(json.dumps(source.proof(), sort_keys=True).encode()).hexdigest()

    @property
    def account(self) -> str | None:
        """The account of the store whose tokens they are."""
        return self._source.account if isinstance(self._source, RenewingAuth) else None

    async def shown(self, env: Env, *, ask: bool) -> Shown:
        """Return the token as it is now, renewed if need be; without `ask` no person is asked. Raises
        CredentialError."""
        source = self._source
        if isinstance(source, RenewingAuth):
            held = await source.credential(env, ask=ask)
            return Shown(held.access_token, held.generation, held.key)
        text = await _text(env, source)
        if not text:
            raise CredentialError("There is no token to exchange.")
        return Shown(text)

    def drop(self, refused: Shown) -> bool:
        """Say that the server took `refused` for no good token. Returns whether another one may be had."""
        source = self._source
        if isinstance(source, RenewingAuth):
            source.invalidate(Stamp((), refused.generation))
            return True
        return source.invalidate() if isinstance(source, AuthPlugin) else False


async def _text(env: Env, source: AuthPlugin | Callable[[], str] | str) -> str | None:
    if isinstance(source, AuthPlugin):
        return await source.token(env)
    return source if isinstance(source, str) else await env.block(source)
