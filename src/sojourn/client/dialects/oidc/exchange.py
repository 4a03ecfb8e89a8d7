"""The plugin of token exchange (RFC 8693): a client's own narrower token, made anew from a subject's whenever it is
needed. Sessions and accounts stand above it; below it are the other plugins and the parties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sojourn.client.auth import Stamp, Verdict
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import step_up
from sojourn.client.dialects.oidc.endpoints import Endpoints, refusal
from sojourn.client.dialects.oidc.identity import ClientIdentity
from sojourn.client.dialects.oidc.parties import Party, Shown, Source
from sojourn.client.dialects.oidc.plugin import OidcAuth
from sojourn.client.dialects.oidc.proving import Binding, loaded
from sojourn.client.discovery import Provider
from sojourn.client.env.contract import Env
from sojourn.client.refusals import recent
from sojourn.client.transport.contract import Reply, Request
from sojourn.errors import (
    DelegationNotSupported,
    InvalidGrant,
    InvalidRequest,
    ProtocolError,
    UnsupportedGrantType,
)
from sojourn.wire import exchange

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.keeper import Keeper
    from sojourn.wire.forms import Params
    from sojourn.wire.jose import SigningKey


class _PartiesNeeded(Exception):
    """A renewal needs the parties' tokens; they are asked for once no lock is held, for a person may be asked."""


class _Told(NamedTuple):
    """How a subject's token was refused, and when (UTC ms)."""

    text: str
    error: Exception
    at: int

    def __repr__(self) -> str:
        return "<a refusal>"


class TokenExchange(OidcAuth):
    """A client that acts for somebody: it trades their token for a narrower one (RFC 8693), and does so again when that
    has ended or was refused.

    `subject` is whose token it is: another plugin, an `Account`, a function that returns the text, or the text itself;
    `actor` is the same for who acts, which is the client where it is left out. `scope` only narrows. `resource` and
    `audience` are the services that the token is for, or several. `subject_token_type` and `actor_token_type` are
    identifiers of RFC 8693 §3, for providers that want `jwt`.

    Where the subject is a plugin or an account, its token is renewed first if need be, and once more when the provider
    refuses it. Only then may a `store` keep the result: of a function nobody knows whose token it returns.
    """

    spends = False

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        subject: Source,
        actor: Source | None = None,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        method: str | None = None,
        scope: str | None = None,
        resource: str | Sequence[str] | None = None,
        audience: str | Sequence[str] | None = None,
        dpop: bool | None = None,
        subject_token_type: str = exchange.ACCESS_TOKEN,
        actor_token_type: str = exchange.ACCESS_TOKEN,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        client = ClientIdentity(client_id, client_secret, client_key, method)
        super().__init__(
            Endpoints(Provider(issuer), client),
            scope=scope,
            resource=resource,
            dpop=dpop,
            store=store,
            account=account,
        )
        named = (audience,) if isinstance(audience, str) else audience or ()
        self.audience = tuple(dict.fromkeys(filter(None, named)))
        self._subject = Party(subject)
        self._actor = None if actor is None else Party(actor)
        self._types = (subject_token_type, actor_token_type)
        self._tokens: tuple[Shown, Shown | None] | None = None
        self._told: _Told | None = None
        self.label = client_id

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        parties = [party.identity() or () for party in (self._subject, self._actor) if party]
        return (
            *super().identity(user),
            " ".join(self.audience),
            *(part for party in parties for part in (*party, "")),
        )

    def state(self) -> dict[str, Any]:
        own = {
            "grant": "token_exchange",
            "audience": list(self.audience),
            "subject_account": self._subject.account,
            "actor_account": self._actor.account if self._actor else None,
            "types": list(self._types),
        }
        return {**own, **super().state()}

    def proof(self) -> dict[str, Any]:
        parties = (self._subject, self._actor)
        proofs = [proof for party in parties if party and (proof := party.proof())]
        return {**super().proof(), **({"parties": proofs} if proofs else {})}

    def restorable(self) -> bool:
        """Tell whether `state` says whose tokens they are: those of accounts in the same store."""
        return all(party.account for party in (self._subject, self._actor) if party)

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        wanted = step_up.asked(response)
        if wanted is not None:
            raise step_up.of_another(request, wanted)
        return await super().challenged(env, request, response, stamp)

    async def first(self, env: Env) -> Credential:
        """Return a credential made now, whatever is kept."""
        await self._ask_parties(env)
        try:
            return await self.renew(env, None, "")
        except (InvalidGrant, InvalidRequest) as cause:
            raise refusal(self.issuer, cause) from cause

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        if self._tokens is None:
            raise _PartiesNeeded
        form = self._form(*self._tokens)
        metadata = await self.endpoints.provider.metadata(env)
        offered = metadata.grant_types_supported
        if offered and exchange.GRANT not in offered:
            raise _not_supported(self.issuer)
        try:
            return await self._granted(env, form, None, await self._bound(env, previous))
        except UnsupportedGrantType as cause:
            raise _not_supported(self.issuer) from cause
        except (InvalidGrant, InvalidRequest):
            raise  # perhaps a party's token: see `_renewed`
        except ProtocolError as cause:
            raise refusal(self.issuer, cause) from cause

    async def _renewed(self, env: Env, stale: int, *, ask: bool) -> Credential:
        self._tokens = None
        try:
            return await super()._renewed(env, stale, ask=ask)
        except _PartiesNeeded:
            subject = await self._ask_parties(env, ask=ask)
        self._heed_refusal(env, subject)
        try:
            return await super()._renewed(env, stale, ask=ask)
        except (InvalidGrant, InvalidRequest) as cause:
            if not self._subject.drop(subject):
                raise self._refusal(env, subject, cause) from cause
        subject = await self._ask_parties(env, ask=ask)
        try:
            return await super()._renewed(env, stale, ask=ask)
        except (InvalidGrant, InvalidRequest) as cause:
            raise self._refusal(env, subject, cause) from cause

    def _heed_refusal(self, env: Env, subject: Shown) -> None:
        """Raise again how the same token was refused a moment ago; another one is tried at once."""
        told = self._told
        if told is not None and told.text == subject.text and recent(told.at, env.now()):
            raise told.error

    def _refusal(self, env: Env, subject: Shown, cause: ProtocolError) -> Exception:
        error = refusal(self.issuer, cause)
        self._told = _Told(subject.text, error, env.now())
        return error

    async def _ask_parties(self, env: Env, *, ask: bool = True) -> Shown:
        subject = await self._subject.shown(env, ask=ask)
        self._tokens = (subject, await self._actor.shown(env, ask=ask) if self._actor else None)
        return subject

    async def _bound(self, env: Env, previous: Credential | None) -> Binding:
        """Return the key to prove: that of a token of our own, which must be, else our own one."""
        binding = await self._binding(env)
        client_id = self.endpoints.client.client_id
        parties = zip((self._subject, self._actor), self._tokens or (), strict=False)
        for party, shown in parties:
            if party and shown and shown.key and party.is_of(self.issuer, client_id):
                return Binding(loaded(shown.key), required=True)
        kept = self.endpoints.prover.key_of(previous)
        return binding if binding.key is None or kept is None else binding._replace(key=kept)

    def _form(self, subject: Shown, actor: Shown | None) -> Params:
        form: Params = {
            "grant_type": exchange.GRANT,
            "subject_token": subject.text,
            "subject_token_type": self._types[0],
            "requested_token_type": exchange.ACCESS_TOKEN,
            "resource": self.resources,
            "audience": self.audience,
        }
        if actor is not None:
            form = {**form, "actor_token": actor.text, "actor_token_type": self._types[1]}
        return {**form, "scope": self.scope} if self.scope else form

    def _keeper(self, env: Env) -> Keeper:
        known = all(party.identity() for party in (self._subject, self._actor) if party)
        return super()._keeper(env) if known else self._memory


def _not_supported(issuer: str) -> DelegationNotSupported:
    return DelegationNotSupported(f"{issuer} offers no token exchange (RFC 8693).")
