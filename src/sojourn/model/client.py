"""A client: an application or a service that asks for tokens (RFC 7591 §2 names its metadata)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from sojourn.model.policy import UsageRules
from sojourn.model.value import Ending, Value
from sojourn.model.workload import Workload

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")


class Client(Value, frozen=True, kw_only=True):
    """One registered client. Field names are those of RFC 7591 §2 and OpenID Connect Registration §2.

    secret_hash     base64url SHA-256 of the secret; empty for public clients and key-holders
    trusted         ours: consent is not asked
    require_pkce    off only for a confidential client that uses a nonce (design decision 15)
    resources       identifiers it may ask tokens for (RFC 8707)
    token_format    opaque | jwt: its access tokens when no resource says otherwise
    workloads       programs of other platforms that prove to be it by their platform's tokens
    dpop_bound_access_tokens   whether it gets and uses only tokens that are bound to a key (RFC 9449 §5.2)
    token_lives     usage rules that overrule the server's, by token class
    """

    client_id: str
    created: int = 0
    client_name: str = ""
    status: str = "active"
    secret_hash: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "client_secret_basic"
    scope: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    subject_type: str = "public"
    sector_identifier: str = ""
    id_token_signed_response_alg: str = "RS256"
    token_format: str = "opaque"
    jwks: Mapping[str, object] | UnsetType = UNSET
    workloads: tuple[Workload, ...] = ()
    require_pkce: bool = True
    trusted: bool = False
    client_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    default_max_age: int = 0
    dpop_bound_access_tokens: bool = False
    token_lives: Mapping[str, UsageRules] = {}
    ended: Ending | UnsetType = UNSET

    @property
    def public(self) -> bool:
        """Whether it cannot keep a secret (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"

    def refusal(self) -> str:
        """Why it may do nothing; empty for a live client."""
        if self.ended is not UNSET:
            return self.ended.why
        return "" if self.status == "active" else self.status

    def __repr__(self) -> str:
        return f"Client({self.client_id!r}, status={self.status!r})"
