"""The conformance modules for a client: our plugin signs in at a provider that does what the module wants. Those for
which the client has nothing are in `modules.NOT_OURS`, each with its reason."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwt

from sojourn import Accounts, Session, errors
from sojourn.client.cache.store import CredentialStore
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from tests.client.servers import Server
from tests.conformance.misbehaving import CLIENT, SECRET, Misbehaving, key


@pytest.fixture
def op(monkeypatch):
    """The module's provider; a browser that goes where it is sent."""
    provider = Misbehaving()
    with Server(provider.answer) as server:
        provider.issuer = server.url
        monkeypatch.setenv("BROWSER", "here")
        monkeypatch.setattr("sojourn.client.prompt.browser.show", provider.visit)
        yield provider


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.delenv("SOJOURN_ACCOUNT", raising=False)
    return Accounts(CredentialStore(tmp_path))


def plugin(op: Misbehaving, **options: Any) -> AuthorizationCode:
    return AuthorizationCode(
        op.issuer, CLIENT, client_secret=SECRET, **{"scope": "openid", **options}
    )


def signed_in(op: Misbehaving, **options: Any) -> Any:
    """Who our client takes the person for."""
    with Session(plugin(op, **options), trust_env=False) as session:
        return session.access()


def refused(op: Misbehaving, why: str, **options: Any) -> None:
    """The sign-in ends with an error, and no token of it is sent anywhere."""
    session = Session(plugin(op, **options), trust_env=False)
    with session, pytest.raises(errors.AuthenticationError, match=why):
        session.get(f"{op.issuer}/userinfo")
    assert op.made("/userinfo") == []
    assert len(op.made("/token")) == 1


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [json.dumps(one).encode() for one in ({**header, "alg": "none"}, claims)]
    return ".".join([*(urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts), ""])


# Basic ----------------------------------------------------------------------------------------------------------------


def test_oidcc_client_test(op):
    assert signed_in(op).user_id == "ada"
    (token,) = op.made("/token")
    assert token.form["grant_type"] == "authorization_code"
    assert token.form["code"] == "c-1"


def test_oidcc_client_test_invalid_iss(op):
    op.claims = {"iss": "https://evil.example"}
    refused(op, "another issuer")


def test_oidcc_client_test_missing_sub(op):
    op.claims = {"sub": None}
    refused(op, "sub")


def test_oidcc_client_test_invalid_aud(op):
    op.claims = {"aud": "another client"}
    refused(op, "another audience")


def test_oidcc_client_test_missing_iat(op):
    op.claims = {"iat": None}
    refused(op, "iat")


def test_oidcc_client_test_kid_absent_single_jwks(op):
    op.header = {"kid": None}
    assert signed_in(op).user_id == "ada"


def test_oidcc_client_test_kid_absent_multiple_jwks(op):
    op.header = {"kid": None}
    op.keys.append(key("second"))
    refused(op, "No known key")


def test_oidcc_client_test_idtoken_sig_rs256(op):
    assert signed_in(op).claims["aud"] == CLIENT
    assert len(op.made("/jwks")) == 1


def test_oidcc_client_test_idtoken_sig_none(op):
    # Nothing of ours asks for one, so it is refused also where the provider says that it may come.
    op.sign = unsigned
    refused(op, "ID token")


def test_oidcc_client_test_invalid_sig_rs256(op):
    stranger = key("first")
    op.sign = lambda header, claims: jwt.encode(header, claims, stranger)
    refused(op, "signature is wrong")


def test_oidcc_client_test_userinfo_bearer_header(op, accounts):
    account = accounts.login(plugin(op))
    assert account.whoami()["name"] == "Ada Lovelace"
    for call in op.made("/userinfo"):
        assert (call.method, call.body) == ("GET", b"")
        assert call.headers["authorization"] == "Bearer access-1"


def test_oidcc_client_test_userinfo_invalid_sub(op, accounts):
    op.userinfo = {"sub": "eve", "name": "Eve"}
    account = accounts.login(plugin(op))
    assert "name" not in account.claims
    with pytest.raises(errors.AuthenticationError, match="another person"):
        account.whoami()


def test_oidcc_client_test_nonce_invalid(op):
    op.claims = {"nonce": "of another request"}
    refused(op, "another request")


def test_oidcc_client_test_scope_userinfo_claims(op, accounts):
    account = accounts.login(plugin(op, scope="openid profile email"))
    assert account.claims["email"] == "ada@example.org"
    assert op.asked["scope"] == "openid profile email"


def test_oidcc_client_test_client_secret_basic(op):
    # Id and secret hold characters that must be escaped before they are joined (RFC 6749 §2.3.1).
    signed_in(op, method="client_secret_basic")
    (token,) = op.made("/token")
    assert "client_secret" not in token.form
    with pytest.raises(errors.AuthenticationError, match="refused"):
        signed_in(op, method="client_secret_post")


# Config and Dynamic ---------------------------------------------------------------------------------------------------


def test_oidcc_client_test_discovery_openid_config(op):
    signed_in(op)
    assert op.calls[0].path == "/.well-known/openid-configuration"
    assert op.made("/token")


def test_oidcc_client_test_discovery_jwks_uri_keys(op):
    op.keys.append(key("second"))
    op.keys.reverse()
    assert signed_in(op).user_id == "ada"
    assert len(op.made("/jwks")) == 1


def test_oidcc_client_test_discovery_issuer_mismatch(op):
    op.metadata = {"issuer": "https://evil.example"}
    with pytest.raises(errors.AuthenticationError, match="another issuer"):
        signed_in(op)
    assert [call.path for call in op.calls] == ["/.well-known/openid-configuration"]


def test_oidcc_client_test_signing_key_rotation(op):
    with Session(plugin(op), trust_env=False) as session:
        assert session.get_token() == "access-1"
        op.rotate()
        session.invalidate()
        assert session.get_token() == "access-2"
    assert len(op.made("/jwks")) == 2


def test_oidcc_client_test_signing_key_rotation_just_before_signing(op):
    auth = plugin(op)
    transport = HttpxTransport(Trust(), Proxies(None, trust_env=False))
    drive(auth.endpoints.provider.metadata(BlockingEnv(transport)))
    drive(auth.endpoints.provider.verified(BlockingEnv(transport), _any(op), algs=["RS256"]))
    transport.close()
    op.before_signing = op.rotate
    with Session(auth, trust_env=False) as session:
        assert session.get_user_id() == "ada"
    assert len(op.made("/jwks")) == 2


def _any(op: Misbehaving) -> str:
    """A token that shows the client the keys of before."""
    return jwt.encode({"alg": "RS256", "kid": op.keys[0].kid}, {"sub": "x"}, op.keys[0])


# Refresh --------------------------------------------------------------------------------------------------------------


def test_oidcc_client_test_refresh_token(op):
    with Session(plugin(op), trust_env=False) as session:
        session.get(f"{op.issuer}/userinfo")
        op.claims = {"nonce": None}
        session.invalidate()
        session.get(f"{op.issuer}/userinfo")
    _, second = op.made("/token")
    assert second.form["grant_type"] == "refresh_token"
    assert second.form["refresh_token"] == "refresh-1"
    assert [one.headers["authorization"] for one in op.made("/userinfo")] == [
        "Bearer access-1",
        "Bearer access-2",
    ]


@pytest.fixture
def refreshing(op):
    """A session that is signed in, and whose next token must be refreshed."""
    with Session(plugin(op), trust_env=False) as session:
        session.get_token()
        session.invalidate()
        yield session
        assert [one.headers["authorization"] for one in op.made("/userinfo")] == []


def test_oidcc_client_test_refresh_token_invalid_issuer(op, refreshing):
    op.claims = {"iss": "https://evil.example"}
    with pytest.raises(errors.AuthenticationError, match="another issuer"):
        refreshing.get(f"{op.issuer}/userinfo")


def test_oidcc_client_test_refresh_token_invalid_sub(op, refreshing):
    op.claims = {"sub": "eve"}
    with pytest.raises(errors.AuthenticationError):
        refreshing.get(f"{op.issuer}/userinfo")
