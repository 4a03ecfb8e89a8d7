"""A grant: one authorization that a user gave a client. Its tokens stand below it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.policy import UsageRules
from sojourn.model.value import Ending, Value


class Grant(Value, frozen=True, kw_only=True):
    """One authorization.

    sub        the subject the client knows the user by
    scope, claims, resources   what was granted; `claims` in the shape of OpenID Connect Core §5.5
    signin     the `sid` it came from; empty: none
    offline    outlives its sign-in (`offline_access`, OpenID Connect Core §11)
    epoch, generation   of the user and of the client session when it was made
    end        UTC ms; 0: as long as what stands above it
    """

    id: str
    user_id: str
    client_id: str
    created: int
    sub: str = ""
    sub_type: str = "public"
    scope: tuple[str, ...] = ()
    claims: Mapping[str, object] = {}
    resources: tuple[str, ...] = ()
    signin: str = ""
    offline: bool = False
    epoch: int = 0
    generation: int = 0
    end: int = 0
    usage_rules: Mapping[str, UsageRules] = {}
    authentication_event: AuthenticationEvent | UnsetType = UNSET
    authorization_request: Mapping[str, object] = {}
    ended: Ending | UnsetType = UNSET
