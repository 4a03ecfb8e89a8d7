"""The manager bench's peer: PyPI idpyoidc's session manager, given only what minting needs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cryptojwt.key_jar import build_keyjar
from idpyoidc.message.oidc import AuthorizationRequest
from idpyoidc.server.authn_event import create_authn_event
from idpyoidc.server.session.manager import SessionManager

from bench.subject import CLIENT_ID, REDIRECT_URI, Subject

ISSUER = "https://op.example"
RULES = {
    "authorization_code": {
        "supports_minting": ["access_token", "refresh_token", "id_token"],
        "max_usage": 1_000_000,
    },
    "access_token": {},
    "refresh_token": {"supports_minting": ["access_token", "refresh_token"]},
}
LIVES = {
    "code": {"kwargs": {"lifetime": 600}},
    "token": {"kwargs": {"lifetime": 3600}},
    "refresh": {"kwargs": {"lifetime": 86400}},
}


class _NoClaims:
    claims_release_points: tuple[str, ...] = ()

    @staticmethod
    def get_claims(*_: Any, **__: Any) -> dict[str, Any]:  # noqa: ANN401 - the peer's signature
        return {}


def _manager(token: dict[str, Any]) -> tuple[Any, Any]:
    keys = build_keyjar([{"type": "EC", "crv": "P-256", "use": ["sig"]}])
    keys.import_jwks(keys.export_jwks(private=True, issuer_id=""), ISSUER)
    context = SimpleNamespace(
        issuer=ISSUER, cdb={CLIENT_ID: {}}, keyjar=keys, claims_interface=_NoClaims()
    )

    def upstream(kind: str, name: str = "") -> Any:  # noqa: ANN401 - the peer's own look-up
        return context if kind == "context" else {"keyjar": keys, "cwd": "."}.get(name)

    manager = SessionManager(LIVES | {"token": token}, upstream_get=upstream)
    context.session_manager = manager
    return manager, context


def subject(*, jwt: bool) -> Subject:
    """The peer; `jwt` mints access tokens as ES256 JWTs."""
    as_jwt = {
        "class": "idpyoidc.server.token.jwt_token.JWTToken",
        "kwargs": {"lifetime": 3600, "aud": ["urn:bench:jwt"], "alg": "ES256"},
    }
    manager, context = _manager(as_jwt if jwt else LIVES["token"])
    request = AuthorizationRequest(
        client_id=CLIENT_ID,
        redirect_uri=REDIRECT_URI,
        scope=["openid"],
        state="STATE",
        response_type="code",
    )

    def create(user: str) -> Any:  # noqa: ANN401
        return manager.create_session(
            authn_event=create_authn_event(user),
            auth_req=request,
            user_id=user,
            client_id=CLIENT_ID,
            sub_type="public",
            token_usage_rules=RULES,
        )

    def mint(grant: Any, kind: str, based_on: Any = None) -> Any:  # noqa: ANN401
        node, session = grant
        return node.mint_token(session, context, kind, based_on=based_on)

    def revoke(session: Any, value: str) -> None:  # noqa: ANN401
        manager.revoke_token(session, value, recursive=True)

    return Subject(
        name="idpyoidc",
        create=create,
        grant=lambda session: (manager.get_grant(session), session),
        mint=mint,
        info=lambda value: manager.get_session_info_by_token(value, handler_key="access_token"),
        find=manager.find_token,
        revoke=revoke,
    )
