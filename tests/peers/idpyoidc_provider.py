"""A provider of token exchange that others wrote: PyPI idpyoidc, behind a small HTTP server of the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from idpyoidc.message import Message
from idpyoidc.message.oidc import AuthorizationRequest
from idpyoidc.server import Server
from idpyoidc.server.authn_event import create_authn_event
from idpyoidc.server.configure import ASConfiguration

from sojourn.wire import exchange
from tests.client.servers import Answer, Received, ok

SECRET = "s" * 40
CALLBACK = "https://app.example/callback"
BACK = "https://back.example"


def configuration(issuer: str, folder: Path) -> ASConfiguration:
    policy = {
        "function": "idpyoidc.server.oauth2.token_helper.validate_token_exchange_policy",
        "kwargs": {"scope": ["notes"], "resource": [BACK]},
    }
    trade = {
        "class": "idpyoidc.server.oauth2.token_helper.token_exchange.TokenExchangeHelper",
        "kwargs": {
            "requested_token_types_supported": [exchange.ACCESS_TOKEN],
            "policy": {"": policy},
        },
    }
    token = {
        "path": "token",
        "class": "idpyoidc.server.oauth2.token.Token",
        "kwargs": {
            "client_authn_method": ["client_secret_basic"],
            "grant_types_helpers": {exchange.GRANT: trade},
        },
    }
    rules = {"access_token": {"supports_minting": ["access_token"], "expires_in": 600}}
    keys = [{"type": "OCT", "use": ["enc"], "kid": name} for name in ("password", "salt")]
    return ASConfiguration(
        conf={
            "issuer": issuer,
            "httpc_params": {},
            "keys": {"key_defs": [{"type": "EC", "crv": "P-256", "use": ["sig"]}]},
            "endpoint": {"token": token},
            "authz": {
                "class": "idpyoidc.server.authz.AuthzHandling",
                "kwargs": {"grant_config": {"usage_rules": rules, "expires_in": 43_200}},
            },
            "token_handler_args": {
                "jwks_defs": {
                    "key_defs": [{"type": "oct", "bytes": 24, "use": ["enc"], "kid": "code"}]
                },
                "code": {"kwargs": {"lifetime": 600}},
                "token": {"kwargs": {"lifetime": 600}},
            },
            "session_params": {
                "encrypter": {"kwargs": {"keys": {"key_defs": keys}, "iterations": 1}}
            },
            "scopes_to_claims": {"notes": [], "mail": []},
            "userinfo": {
                "class": "idpyoidc.server.user_info.UserInfo",
                "kwargs": {"db": {"diana": {}}},
            },
        },
        base_path=str(folder),
    )


class IdpyProvider:
    """Two clients, `app` and `front`, and Diana's token for the first of them."""

    def __init__(self, issuer: str, folder: Path) -> None:
        self.issuer = issuer
        self.server = Server(configuration(issuer, folder), cwd=str(folder))
        context = self.server.context
        for name in ("app", "front"):
            context.cdb[name] = {
                "client_id": name,
                "client_secret": SECRET,
                "redirect_uris": [(CALLBACK, None)],
                "token_endpoint_auth_method": "client_secret_basic",
                "response_types": ["code"],
                "allowed_scopes": ["notes", "mail"],
                "grant_types_supported": [exchange.GRANT],
            }
            context.keyjar.add_symmetric(name, SECRET)

    def token(self, user: str = "diana") -> str:
        """An access token of the application."""
        context, scope = self.server.context, ["notes", "mail"]
        request = AuthorizationRequest(
            client_id="app", redirect_uri=CALLBACK, scope=scope, state="S", response_type="code"
        )
        manager = context.session_manager
        sid = manager.create_session(
            create_authn_event(user),
            request,
            user_id=user,
            client_id="app",
            token_usage_rules=context.authz.usage_rules("app"),
            scopes=scope,
        )
        minted = manager.get_grant(sid).mint_token(
            sid,
            context=context,
            token_class="access_token",
            token_handler=manager.token_handler["access_token"],
            scope=scope,
        )
        return str(minted.value)

    def told(self, token: str) -> tuple[str, list[str], bool]:
        """Whose token it is, what it may, and whether it is live, as the provider's own session manager knows."""
        manager = self.server.context.session_manager
        info = manager.get_session_info_by_token(token, grant=True, handler_key="access_token")
        found = manager.find_token(info["branch_id"], token)
        return str(info["client_id"]), list(found.scope), bool(found.is_active())

    def answer(self, received: Received) -> Answer:
        """What it says over HTTP."""
        if received.method == "GET":
            at = self.issuer
            listed = {"grant_types_supported": [exchange.GRANT]}
            return ok({"issuer": at, "token_endpoint": f"{at}/token", **listed})
        endpoint = self.server.get_endpoint("token")
        http: dict[str, Any] = {"headers": dict(received.headers)}
        request = endpoint.parse_request(received.form, http_info=http)
        done = request if "error" in request else endpoint.process_request(request, http_info=http)
        if "error" in done:
            return ok(
                {"error": done["error"], "error_description": done.get("error_description", "")},
                400,
            )
        found = done.get("response_args", done)
        return ok(found.to_dict() if isinstance(found, Message) else found)
