"""An authorization request after every check: what a client asks a person for (OpenID Connect Core §3.1.2.1)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class AuthorizationRequest(Struct, frozen=True, kw_only=True):
    """One checked request.

    parameters     as they came, for the way back through pages
    response_mode  query | form_post
    max_age        seconds; None: not asked
    scope          what may be asked of the person: known, and allowed for the client
    userinfo, id_token   names of claims asked for by the `claims` parameter
    hint_sub       the `sub` of a verified id_token_hint
    dpop_jkt       thumbprint of the key that the code shall be bound to (RFC 9449 §10)
    sub            the `sub` that the `claims` parameter demands
    """

    client_id: str
    redirect_uri: str
    parameters: Mapping[str, str]
    response_mode: str = "query"
    state: str = ""
    scope: tuple[str, ...] = ()
    nonce: str = ""
    challenge: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    login_hint: str = ""
    hint_sub: str = ""
    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    sub: str = ""
    resources: tuple[str, ...] = ()
    ui_locales: str = ""
    dpop_jkt: str = ""

    @property
    def openid(self) -> bool:
        """Whether it is an OpenID Connect request at all (Core §3.1.2.1)."""
        return "openid" in self.scope

    @property
    def offline(self) -> bool:
        return "offline_access" in self.scope
