"""The sign-in of a person: authorization code with PKCE through the system browser and a loopback listener (RFC 8252),
or whatever else of the race of ways is faster. The plugin stands above it; below it are the race and its desk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec import Struct

from sojourn.client import gui_thread
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc.desk import opened, reachable
from sojourn.client.dialects.oidc.endpoints import Endpoints, refusal
from sojourn.client.dialects.oidc.proving import NO_KEY, Binding
from sojourn.client.dialects.oidc.race import WAYS_OUT, codes, first
from sojourn.client.dialects.oidc.tokens import Expected, credential
from sojourn.client.env.contract import Env
from sojourn.client.prompt import browser
from sojourn.client.prompt.contract import Answer
from sojourn.errors import (
    AccessDenied,
    AuthenticationCancelled,
    AuthenticationError,
    InteractionRequired,
    Malformed,
    ProtocolError,
)
from sojourn.wire import forms, proof
from sojourn.wire.oauth import AuthorizationResponse, TokenResponse

if TYPE_CHECKING:
    from sojourn.client.dialects.oidc.listener import Listener

NOBODY: Final = "This needs a person, and here is neither a browser nor a terminal."


class SignIn(Struct, frozen=True):
    """What is asked for. `redirect_uri` names path and port; port 0 or none is any free one."""

    scope: str
    redirect_uri: str = "http://127.0.0.1/callback"
    prompt: str | None = None
    login_hint: str | None = None
    max_age: int | None = None
    resources: tuple[str, ...] = ()
    acr_values: str | None = None
    more: Mapping[str, str] = {}
    claims: str | None = None
    """The `claims` parameter (OpenID Connect Core §5.5), sent to providers that know it."""

    @property
    def elsewhere(self) -> bool:
        """Whether another device may do it, which cannot be asked how the person proves who they are."""
        asked = (self.max_age, self.acr_values, self.claims)
        return asked == (None, None, None) and self.prompt in {None, "consent"}


def possible(answer: Answer | None = None) -> bool:
    """Tell whether a person can be asked here at all."""
    return browser.available(os.environ) or reachable(answer) or bool(gui_thread.application())


async def sign_in(
    env: Env,
    endpoints: Endpoints,
    wanted: SignIn,
    *,
    subject: str | None = None,
    bind: Callable[[Env], Awaitable[Binding]] | None = None,
    answer: Answer | None = None,
) -> Credential:
    """Return the credential of the person who signs in; `subject` is who it must be, if that is known, `answer` what
    they said to the prompt that they stand before. `bind` gives the key that the tokens are to be bound to.

    Raises InteractionRequired at once where nobody can be asked, AuthenticationCancelled if the
    person said no or let five minutes pass, AuthenticationError for an answer that is not good.
    """
    if not possible(answer):
        raise InteractionRequired(NOBODY, ways_out=WAYS_OUT)
    issuer = endpoints.provider.issuer
    await endpoints.provider.metadata(env)
    binding = await bind(env) if bind is not None else NO_KEY
    state = secrets.token_urlsafe(32)
    redirect = urlsplit(wanted.redirect_uri)
    port, path = redirect.port or 0, redirect.path or "/"
    from sojourn.client.dialects.oidc.listener import Listener

    with Listener(state=state, path=path, port=port) as listener:
        attempt = _Attempt(state, listener.redirect_uri, subject, binding)
        try:
            return await _signed_in(
                env, endpoints, wanted, attempt, listener=listener, answer=answer
            )
        except AccessDenied as cause:
            raise AuthenticationCancelled(f"{issuer}: {cause.public}") from cause
        except ProtocolError as cause:
            raise refusal(issuer, cause) from cause
        except Malformed as cause:
            text = f"The answer of {issuer} is not good: {cause.public}"
            raise AuthenticationError(text) from cause


async def _signed_in(
    env: Env,
    endpoints: Endpoints,
    wanted: SignIn,
    attempt: _Attempt,
    *,
    listener: Listener,
    answer: Answer | None,
) -> Credential:
    url = await _authorization_url(env, endpoints, wanted, attempt)
    given = None
    if reachable(answer) and wanted.elsewhere:
        form: forms.Params = {
            "scope": wanted.scope,
            "resource": wanted.resources,
            **wanted.more,
        }
        given = await codes(env, endpoints, form)
    if given is not None:
        listener.note(given.user_code)
    with opened(answer) as desk:  # no longer: Ctrl-C is a key meanwhile, and somebody must read it
        won = await first(
            env,
            endpoints,
            listener,
            desk,
            url=url,
            given=given,
            resources=wanted.resources,
            key=attempt.binding.key,
        )
    if not isinstance(won, TokenResponse):
        return await _redeemed(env, endpoints, wanted, attempt, won)
    listener.beaten()
    expected = Expected(
        client_id=endpoints.client.client_id,
        subject=attempt.subject,
        id_token="openid" in wanted.scope.split(),
        bound=attempt.binding.required,
    )
    key = attempt.binding.key
    return await credential(env, endpoints.provider, won, expected=expected, key=key)


class _Attempt:
    """One sign-in: its secrets, never shown, and the address it comes back to."""

    def __init__(
        self, state: str, redirect_uri: str, subject: str | None, binding: Binding
    ) -> None:
        self.state = state
        self.binding = binding
        self.subject = subject
        self.redirect_uri = redirect_uri
        self.nonce = secrets.token_urlsafe(32)
        self.verifier = proof.verifier_from(secrets.token_bytes(32))


async def _authorization_url(
    env: Env, endpoints: Endpoints, wanted: SignIn, attempt: _Attempt
) -> str:
    metadata = await endpoints.provider.metadata(env)
    params: dict[str, str | tuple[str, ...]] = {
        "response_type": "code",
        "client_id": endpoints.client.client_id,
        "redirect_uri": attempt.redirect_uri,
        "scope": wanted.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": proof.challenge(attempt.verifier),
        "code_challenge_method": "S256",
        "resource": wanted.resources,
    }
    optional = {
        "prompt": wanted.prompt or default_prompt(wanted.scope),
        "login_hint": wanted.login_hint,
        "max_age": None if wanted.max_age is None else str(wanted.max_age),
        "acr_values": wanted.acr_values,
        "claims": wanted.claims if metadata.claims_parameter_supported else None,
        "dpop_jkt": attempt.binding.thumbprint,
    }
    params.update({name: value for name, value in optional.items() if value is not None})
    params.update(wanted.more)
    at = await endpoints.provider.endpoint_url(env, "authorization_endpoint")
    return forms.with_query(at, params)


def default_prompt(scope: str) -> str | None:
    """Return the `prompt` that a request for `scope` needs."""
    # OpenID Connect Core §11: offline access is granted only to a request that asks for consent.
    return "consent" if "offline_access" in scope.split() else None


async def _redeemed(
    env: Env,
    endpoints: Endpoints,
    wanted: SignIn,
    attempt: _Attempt,
    params: Mapping[str, str],
) -> Credential:
    metadata = await endpoints.provider.metadata(env)
    response = AuthorizationResponse.parse(
        params,
        state=attempt.state,
        issuer=metadata.issuer,
        iss_required=bool(metadata.authorization_response_iss_parameter_supported),
    )
    form: forms.Params = {
        "grant_type": "authorization_code",
        "code": response.code,
        "redirect_uri": attempt.redirect_uri,
        "code_verifier": attempt.verifier,
        "resource": wanted.resources,
    }
    key = attempt.binding.key
    answer = await endpoints.tokens(env, form, key=key)
    expected = Expected(
        client_id=endpoints.client.client_id,
        nonce=attempt.nonce,
        subject=attempt.subject,
        max_age=wanted.max_age,
        id_token="openid" in wanted.scope.split(),
        bound=attempt.binding.required,
    )
    return await credential(env, endpoints.provider, answer, expected=expected, key=key)
