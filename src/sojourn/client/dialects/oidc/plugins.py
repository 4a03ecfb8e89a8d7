"""The authentication plugins of OpenID Connect and OAuth 2.0: a person's sign-in, and a program's
own credentials. Sessions and accounts stand above them; below them are renewal, the endpoints and
the sign-in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from shlex import join
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec.structs import replace

from sojourn.client import gui_thread
from sojourn.client.auth import Stamp, Verdict
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import device, kept_in, step_up, workload
from sojourn.client.dialects.oidc.device import DeviceSignIn
from sojourn.client.dialects.oidc.endpoints import Endpoints, refusal
from sojourn.client.dialects.oidc.identity import ClientIdentity
from sojourn.client.dialects.oidc.plugin import OidcAuth
from sojourn.client.dialects.oidc.proving import Binding
from sojourn.client.dialects.oidc.sign_in import SignIn, possible, sign_in
from sojourn.client.discovery import Provider
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Env
from sojourn.client.login_command import SCOPE, login_command
from sojourn.client.prompt import terminal
from sojourn.client.renewal import SignInEnded
from sojourn.client.transport.contract import Reply, Request
from sojourn.errors import (
    InteractionRequired,
    InvalidGrant,
    ProtocolError,
    StepUpRequired,
)

if TYPE_CHECKING:
    from threading import Event

    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.dialects.oidc.device import Show
    from sojourn.client.dialects.oidc.workload import PlatformToken
    from sojourn.client.keeper import Keeper
    from sojourn.client.prompt.contract import Answer
    from sojourn.wire.forms import Params
    from sojourn.wire.jose import SigningKey

DEFAULT_SCOPE: Final = SCOPE


class ClientCredentials(OidcAuth):
    """A program on its own behalf (RFC 6749 §4.4). `client_secret` or `client_key` proves it, or `assertion`: a token
    that its platform gives it, read anew each time (`TokenFile`, `TokenVariable`, `GitHubActions`; RFC 7523 §2.2).

    `method` is one of client_secret_basic, client_secret_post, private_key_jwt; None takes what
    fits. `resource` is the service that the tokens are for, or several (RFC 8707 §2).
    """

    spends = False

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        assertion: PlatformToken | None = None,
        method: str | None = None,
        scope: str | None = None,
        resource: str | Sequence[str] | None = None,
        dpop: bool | None = None,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        client = ClientIdentity(client_id, client_secret, client_key, method, assertion)
        super().__init__(
            Endpoints(Provider(issuer), client),
            scope=scope,
            resource=resource,
            dpop=dpop,
            store=store,
            account=account,
        )
        self.label = client_id

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        # What a session keeps of a program is never served to the people of the same client.
        return (*super().identity(user), *(() if user else ("client_credentials",)))

    def state(self) -> dict[str, Any]:
        source = workload.kept(self.endpoints.client.assertion)
        own = {"grant": "client_credentials"}
        return {**own, **({"assertion": source} if source else {}), **super().state()}

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        wanted = step_up.asked(response)
        if wanted is not None:
            raise step_up.of_a_program(request, wanted)
        return await super().challenged(env, request, response, stamp)

    async def first(self, env: Env) -> Credential:
        """Return a credential made now, whatever is kept."""
        return await self.renew(env, None, "")

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        form: Params = {"grant_type": "client_credentials", "resource": self.resources}
        if self.scope:
            form = {**form, "scope": self.scope}
        try:
            kept = self.endpoints.prover.key_of(previous)
            binding = await self._binding(env)
            if binding.key is not None and kept is not None:
                binding = binding._replace(key=kept)
            return await self._granted(env, form, previous, binding)
        except ProtocolError as cause:
            raise refusal(self.issuer, cause) from cause


class PersonAuth(OidcAuth):
    """A person: asked when first needed, renewed with a refresh token afterwards, asked again where a service wants a
    newer or stronger sign-in (RFC 9470)."""

    grant: ClassVar[str]
    interactive: bool
    _met: step_up.Met | None = None
    _raised: StepUpRequired | None = None
    """What a service wants of the sign-in that is going on."""

    def command(self) -> list[str]:
        """Return the command that signs in alike."""
        words = login_command(
            self.issuer,
            self.endpoints.client.client_id,
            grant=self.grant,
            scope=self.scope or "openid",
            resources=self.resources,
        )
        return [*words, "--dpop"] if self.dpop else words

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        wanted = step_up.asked(response)
        if wanted is None:
            return await super().challenged(env, request, response, stamp)
        reason = step_up.of_a_person(request, wanted, self.command())
        met, current = self._met, self._current
        if met and current and met.again(reason, stamp, current, env.now()):
            raise step_up.in_vain(reason)
        found = await self.step_up(env, stamp, reason)
        # Whoever waited for what another call wanted was not asked for this.
        if step_up.alike(self.asked_for, reason):
            self._met = step_up.Met(reason, found.since, env.now())
        return Verdict.RETRY

    @abstractmethod
    async def first(self, env: Env) -> Credential:
        """Return a credential that the person gives now, whatever is kept."""

    async def ask(self, env: Env, reason: InteractionRequired) -> Credential:
        raised = reason if isinstance(reason, StepUpRequired) else None
        if raised is not None and not self.may_ask():
            raise reason
        self._raised = raised
        try:
            if self.asker is not None or not self.interactive:
                return await super().ask(env, reason)
            if isinstance(reason, (SignInEnded, StepUpRequired)) and self._at_terminal():
                terminal.say(f"{step_up.without_command(reason)}\n")
            return await self.first(env)
        finally:
            self._raised = None

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        if previous is None:
            raise InteractionRequired(
                f"Nobody is signed in at {self.issuer} yet.", ways_out=self._ways_out()
            )
        if previous.refresh_token is None:
            raise SignInEnded
        form: Params = {
            "grant_type": "refresh_token",
            "refresh_token": previous.refresh_token,
            "resource": self.resources,
        }
        try:
            # Never a key that is not kept yet: the answer that binds the next token to it could be lost.
            key = self.endpoints.prover.key_of(previous)
            binding = Binding(key, required=key is not None)
            return await self._granted(env, form, previous, binding, nonce=nonce)
        except InvalidGrant as cause:
            raise SignInEnded from cause
        except ProtocolError as cause:
            raise refusal(self.issuer, cause) from cause

    def _keeper(self, env: Env) -> Keeper:
        keeper = super()._keeper(env)
        if self._account is None and self.subject is not None:
            kept = keeper.read().credential
            # Another person's, whose plugin code gave the same: theirs stays theirs, and ours in memory.
            if kept is not None and kept.claims.get("sub", self.subject) != self.subject:
                return self._memory
        return keeper

    def _ways_out(self) -> tuple[str, ...]:
        return (
            f"run `{join(self.command())}` once, and take Accounts().get().auth()",
            "leave interactive=False out where somebody can be asked",
            "use ClientCredentials for a program that acts for itself",
        )

    def _at_terminal(self) -> bool:
        """Whether the person reads at the terminal why they are asked."""
        return not gui_thread.application() and terminal.available()

    @property
    def subject(self) -> str | None:
        """Who it must be, if somebody signed in before."""
        return self._current.claims.get("sub") if self._current else None


class AuthorizationCode(PersonAuth):
    """A person, signed in through the browser when first needed, renewed with a refresh token
    afterwards.

    `interactive=False` never asks and raises InteractionRequired instead. `client_secret` and
    `client_key` are for confidential clients; a native one has neither. `resource` is the service
    that the tokens are for, or several (RFC 8707 §2).
    """

    grant = "authorization_code"

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        method: str | None = None,
        scope: str = DEFAULT_SCOPE,
        resource: str | Sequence[str] | None = None,
        redirect_uri: str = "http://127.0.0.1/callback",
        prompt: str | None = None,
        login_hint: str | None = None,
        max_age: int | None = None,
        acr_values: str | None = None,
        interactive: bool = True,
        dpop: bool | None = None,
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
        self.wanted = SignIn(
            scope, redirect_uri, prompt, login_hint, max_age, self.resources, acr_values
        )
        self.interactive = interactive
        self.login_hint = self.label = login_hint

    def state(self) -> dict[str, Any]:
        own = {"grant": self.grant, "redirect_uri": self.wanted.redirect_uri}
        return {**own, **super().state()}

    async def first(self, env: Env, answer: Answer | None = None) -> Credential:
        """Return a credential that the person gives now, whatever is kept; `answer` is what they said to a prompt. A
        program with windows shows a dialog meanwhile, so that they can call it off."""
        if answer is None and isinstance(env, BlockingEnv) and gui_thread.application():
            from sojourn.client.dialects.oidc.dialog import asked

            # A flight of its own, whose transport no one closes under an attempt that was called off.
            lead = env.lead
            return await env.block(
                asked, self.issuer, lambda told: lead(lambda own: self.first(own, told))
            )
        wanted, subject = self.wanted, self.subject
        if self._raised is not None:
            wanted = step_up.raised(wanted, self._raised, subject)
        wanted = replace(wanted, more=await kept_in.parameters(env, self))
        return await sign_in(
            env,
            self.endpoints,
            wanted,
            subject=subject,
            bind=self._binding,
            answer=answer,
        )

    def may_ask(self) -> bool:
        return super().may_ask() or (self.interactive and possible())


class DeviceCode(PersonAuth):
    """A person who approves on another device what this one shows (RFC 8628), for machines without a browser;
    renewed with a refresh token afterwards.

    What to show goes to the terminal's error stream, or to `show`, which gets a `wire.device.DeviceAuthorization`
    (`verification_uri`, `user_code`, `verification_uri_complete`; `expires_in` in seconds). Setting `cancel` ends the
    waiting with AuthenticationCancelled. `interactive=False` never asks and raises InteractionRequired instead.
    `max_age` (seconds) and `acr_values` go along with the request; RFC 8628 does not name them, so a provider may pay
    them no heed. `resource` is the service that the tokens are for, or several (RFC 8707 §2).
    """

    grant = "device_code"

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        method: str | None = None,
        scope: str = DEFAULT_SCOPE,
        resource: str | Sequence[str] | None = None,
        show: Show | None = None,
        cancel: Event | None = None,
        max_age: int | None = None,
        acr_values: str | None = None,
        interactive: bool = True,
        dpop: bool | None = None,
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
        self.wanted = DeviceSignIn(scope, self.resources, show, cancel, max_age, acr_values)
        self.interactive = interactive

    def state(self) -> dict[str, Any]:
        return {"grant": self.grant, **super().state()}

    async def first(self, env: Env) -> Credential:
        wanted = device.raised(self.wanted, self._raised) if self._raised else self.wanted
        wanted = replace(wanted, more=await kept_in.parameters(env, self))
        return await device.sign_in(
            env,
            self.endpoints,
            wanted,
            subject=self.subject,
            binding=await self._binding(env),
        )

    def may_ask(self) -> bool:
        return super().may_ask() or self.interactive

    def _at_terminal(self) -> bool:
        return self.wanted.show is None and terminal.available()
