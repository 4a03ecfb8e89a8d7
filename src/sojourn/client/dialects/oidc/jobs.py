"""The credential of a job: a session exchanged for a narrower token that only the job's own key can use (RFC 8693, RFC
9449), and the plugin that sends it. `users` and `accounts` stand above it; below it are the other plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from sojourn.client.auth import Stamp, Verdict
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import step_up
from sojourn.client.dialects.oidc.endpoints import Endpoints, refusal
from sojourn.client.dialects.oidc.identity import ClientIdentity
from sojourn.client.dialects.oidc.plugin import OidcAuth
from sojourn.client.dialects.oidc.proving import loaded, new_key
from sojourn.client.discovery import Provider
from sojourn.client.env.contract import Env
from sojourn.client.job_order import GRANT, JobOrder, JobRecord
from sojourn.client.transport.contract import Reply, Request
from sojourn.errors import (
    DelegationNotSupported,
    InteractionRequired,
    InvalidGrant,
    InvalidRequest,
    Malformed,
    ProtocolError,
    UnsupportedGrantType,
)
from sojourn.wire import exchange

if TYPE_CHECKING:
    from sojourn.client.keeper import Keeper
    from sojourn.wire.dpop import ProofKey
    from sojourn.wire.forms import Params
    from sojourn.wire.oauth import TokenResponse

_LEAST: Final = 1_000  # milliseconds


class JobAuth(OidcAuth):
    """What a job sends: it is never renewed, and nobody is asked."""

    spends = False

    def __init__(
        self, issuer: str, client_id: str, *, job: str, scope: str | None, resource: tuple[str, ...]
    ) -> None:
        super().__init__(
            Endpoints(Provider(issuer), ClientIdentity(client_id)),
            scope=scope,
            resource=resource,
            dpop=True,
            store=None,
            account=None,
        )
        self.job = self.label = job

    @property
    def held(self) -> Credential | None:
        """What it was sent off with."""
        return self._current

    def state(self) -> dict[str, Any]:
        return {"grant": GRANT, "job": self.job, **super().state()}

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        wanted = step_up.asked(response)
        if wanted is not None:
            raise step_up.of_another(request, wanted)
        return await super().challenged(env, request, response, stamp)

    async def first(self, env: Env) -> NoReturn:
        """There is no other way to one than to be sent off with it."""
        await self.renew(env, None, "")

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> NoReturn:
        raise InteractionRequired(
            f"The credential of the job {self.job!r} has ended: its time is over, or somebody ended it or the session "
            "that it came from. Send the job off again."
        )

    async def ask(self, env: Env, reason: InteractionRequired) -> NoReturn:
        raise reason

    def _keeper(self, env: Env) -> Keeper:
        # What the session's cache keeps for the same client may be the person's own, which can more.
        return self._memory


class _Session(NamedTuple):
    """A session at work: its credential, and the key that is proved with it."""

    held: Credential
    key: ProofKey | None

    def __repr__(self) -> str:
        return f"<a session of generation {self.held.generation}>"


class Minter:
    """Gets jobs their credentials from the session of one plugin."""

    def __init__(self, plugin: OidcAuth, session: _Session) -> None:
        self._plugin = plugin
        self._endpoints = plugin.endpoints
        self._session = session

    @classmethod
    async def of(cls, env: Env, plugin: OidcAuth) -> Minter:
        """Return the minter of a session, renewed if need be. Raises DelegationNotSupported where the provider says
        that it has no token exchange or binds no tokens."""
        issuer = plugin.issuer
        metadata = await plugin.endpoints.provider.metadata(env)
        grants = metadata.grant_types_supported
        if grants and exchange.GRANT not in grants:
            raise DelegationNotSupported(f"{issuer} offers no token exchange (RFC 8693).")
        if not metadata.dpop_signing_alg_values_supported:
            raise DelegationNotSupported(
                f"{issuer} binds no tokens to a key (RFC 9449), so that a copy of a job's would be good for anybody."
            )
        return cls(plugin, await _session(env, plugin))

    async def __call__(self, env: Env, order: JobOrder) -> JobRecord:
        """Return the record of one job. Raises DelegationNotSupported, AuthenticationError, ConnectFailure."""
        session = self._session
        try:
            return await self._of_session(env, order, session)
        except (InvalidGrant, InvalidRequest):
            self._plugin.invalidate(Stamp((), session.held.generation))
        self._session = session = await _session(env, self._plugin)
        try:
            return await self._of_session(env, order, session)
        except (InvalidGrant, InvalidRequest) as cause:
            raise refusal(self._plugin.issuer, cause) from cause

    async def _of_session(self, env: Env, order: JobOrder, session: _Session) -> JobRecord:
        """Try what lasts longest first: a provider may take refresh tokens as subjects, or access tokens alone."""
        key = new_key()
        subjects = list(_subjects(self._endpoints.client, session))
        while True:
            subject, kind = subjects.pop(0)
            try:
                answer = await self._exchanged(env, order, session, key, (subject, kind))
            except (InvalidGrant, InvalidRequest):
                if not subjects:
                    raise
                continue
            return self._record(env, order, key, answer)

    async def _exchanged(
        self,
        env: Env,
        order: JobOrder,
        session: _Session,
        key: ProofKey,
        subject: tuple[str, str],
    ) -> TokenResponse:
        form: Params = {
            "grant_type": exchange.GRANT,
            "subject_token": subject[0],
            "subject_token_type": subject[1],
            "requested_token_type": exchange.ACCESS_TOKEN,
            "resource": self._plugin.resources,
            exchange.JOB: order.name,
            exchange.LIFE: str(order.expires_in),
            exchange.KEY: key.thumbprint,
        }
        if order.scope:
            form = {**form, "scope": order.scope}
        issuer = self._plugin.issuer
        try:
            answer = await self._endpoints.tokens(env, form, key=session.key or key)
        except UnsupportedGrantType as cause:
            raise DelegationNotSupported(
                f"{issuer} offers no token exchange (RFC 8693)."
            ) from cause
        except (InvalidGrant, InvalidRequest):
            raise
        except ProtocolError as cause:
            raise refusal(issuer, cause) from cause
        # Where the session's key was proved, only the answer can tell that the job's key was heeded.
        told = answer.jkt or (key.thumbprint if session.key is None else None)
        if answer.token_type.lower() != "dpop" or told != key.thumbprint:
            raise DelegationNotSupported(f"{issuer} did not bind the job's token to the job's key.")
        return answer

    def _record(self, env: Env, order: JobOrder, key: ProofKey, answer: TokenResponse) -> JobRecord:
        now, plugin = env.now(), self._plugin
        life = order.expires_in if answer.expires_in is None else answer.expires_in
        end = now + max(_LEAST, life * 1000)
        job = JobAuth(
            plugin.issuer,
            self._endpoints.client.client_id,
            job=order.name,
            scope=answer.scope or order.scope,
            resource=plugin.resources,
        )
        subject = {"sub": sub} if (sub := self._session.held.claims.get("sub")) else {}
        job.adopt(
            Credential(
                generation=now,
                access_token=answer.access_token,
                issued_at=now,
                token_type="DPoP",
                expires_at=end,
                scope=answer.scope or order.scope,
                claims=subject,
                key=key.dump(),
            )
        )
        return JobRecord(job.record(), end)


async def _session(env: Env, plugin: OidcAuth) -> _Session:
    held = await plugin.credential(env)
    return _Session(held, plugin.endpoints.prover.key_of(held))


def _subjects(client: ClientIdentity, session: _Session) -> list[tuple[str, str]]:
    """The tokens of a session that may be exchanged, and their types. A refresh token that is bound to nothing would be
    taken from no public client."""
    held = session.held
    proved = session.key is not None or client.secret is not None or client.key is not None
    found = [(held.access_token, exchange.ACCESS_TOKEN)]
    if held.refresh_token and proved:
        found.insert(0, (held.refresh_token, exchange.REFRESH_TOKEN))
    return found


def restored(state: dict[str, Any], secrets: dict[str, Any]) -> JobAuth:
    """Return the plugin of a job that `JobAuth.record` wrote. Raises Malformed where its credential is bound to no key,
    and what reading a record of another shape raises."""
    plugin = JobAuth(
        state["issuer"],
        state["client_id"],
        job=state["job"],
        scope=state.get("scope"),
        resource=tuple(state.get("resource") or ()),
    )
    plugin.restore(state, secrets)
    held = plugin.held
    if held is None or held.key is None or not _is_whole(held):
        raise Malformed("A job's credential is a token that is bound to a key.")
    loaded(held.key)
    return plugin


def _is_whole(held: Credential) -> bool:
    """Tell whether a credential that somebody else wrote down has what is read of it."""
    numbers = (held.generation, held.issued_at, held.expires_at)
    return (
        all(isinstance(one, int) for one in numbers)
        and held.access_token.isascii()
        and isinstance(held.claims, dict)
    )
