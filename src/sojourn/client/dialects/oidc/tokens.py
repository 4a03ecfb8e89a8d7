"""From a token endpoint's answer to a credential: the ID token verified, the life of the access
token, what is carried over from the one before. The plugins stand above it; below it are discovery
and `wire`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sojourn.client.credential import Credential, next_generation
from sojourn.client.discovery import Provider
from sojourn.client.env.contract import Env
from sojourn.errors import AuthenticationError, Malformed
from sojourn.wire.oauth import TokenResponse
from sojourn.wire.oidc import validate_id_token

if TYPE_CHECKING:
    from sojourn.wire.dpop import ProofKey


class Expected(NamedTuple):
    """What the ID token must say. `subject` is known after the first sign-in, `nonce` only in it."""

    client_id: str
    nonce: str | None = None
    subject: str | None = None
    max_age: int | None = None
    id_token: bool = False
    """Whether an ID token must be there."""
    bound: bool = False
    """Whether the access token must be bound to the key that was proved."""


async def credential(
    env: Env,
    provider: Provider,
    answer: TokenResponse,
    *,
    expected: Expected,
    previous: Credential | None = None,
    key: ProofKey | None = None,
) -> Credential:
    """Return the credential in `answer`; an ID token that breaks a rule raises AuthenticationError.

    `key` is the one that was proved, to which the tokens are bound if their type says so (RFC 9449 §5).
    """
    now = env.now()
    bound = key is not None and answer.token_type.lower() == "dpop"
    if expected.bound and not bound:
        raise AuthenticationError(f"{provider.issuer} gave a token that is bound to no key.")
    claims = await _claims(env, provider, answer, expected)
    kept = previous._asdict() if previous else {}
    life = answer.expires_in
    generation = next_generation(previous, now)
    return Credential(
        generation=generation,
        access_token=answer.access_token,
        issued_at=now,
        expires_at=None if life is None else now + life * 1000,
        refresh_token=answer.refresh_token or kept.get("refresh_token"),
        id_token=answer.id_token or kept.get("id_token"),
        scope=answer.scope or kept.get("scope"),
        claims=claims or kept.get("claims") or {},
        since=kept.get("since", generation),
        token_type="DPoP" if bound else "Bearer",
        key=key.dump() if key is not None and bound else None,
    )


async def _claims(
    env: Env, provider: Provider, answer: TokenResponse, expected: Expected
) -> dict[str, Any]:
    if answer.id_token is None:
        if expected.id_token:
            raise AuthenticationError(f"{provider.issuer} answered without an ID token.")
        return {}
    from sojourn.wire.jose import ALGORITHMS

    metadata = await provider.metadata(env)
    offered = metadata.id_token_signing_alg_values_supported or ("RS256",)
    try:
        token = await provider.verified(
            env, answer.id_token, algs=[alg for alg in ALGORITHMS if alg in offered]
        )
        subject = validate_id_token(
            token.claims,
            issuer=provider.issuer,
            client_id=expected.client_id,
            nonce=expected.nonce,
            now=env.now(),
            alg=token.header["alg"],
            max_age=expected.max_age,
            access_token=answer.access_token,
        )
        if expected.subject not in (None, subject):
            raise Malformed("The ID token is about another person.")
    except Malformed as cause:
        text = f"The ID token of {provider.issuer} is not good: {cause.public}"
        raise AuthenticationError(text) from cause
    return token.claims
