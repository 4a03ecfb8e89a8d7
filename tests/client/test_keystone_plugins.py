"""The Keystone plugins: what they send, what they make of the answer, how they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.dialects.keystone import none, token_endpoint, v3
from tests.client.servers import ok
from tests.client.small_keystone import SmallKeystone


@pytest.fixture
def keystone(serve):
    small = SmallKeystone()
    return small.at(serve(small.answer))


def password(keystone, **options):
    return v3.Password(keystone.url, username="ada", password="right", **options)


@pytest.mark.parametrize("ending", ["", "/", "/v3", "/v3/", "/v2.0", "/v2.0/"])
def test_tokens_are_got_from_v3_however_the_address_ends(face, keystone, ending):
    auth = v3.Password(f"{keystone.url}{ending}", username="ada", password="right")
    assert face.session(auth).request(f"{keystone.url}/x").ok
    assert [one.target for one in keystone.sign_ins] == ["/v3/auth/tokens"]
    assert keystone.seen == ["token-1"]


@pytest.mark.parametrize(
    ("plugin", "identity", "scope"),
    [
        (
            lambda url: v3.Password(url, username="ada", password="right"),
            {"user": {"name": "ada", "domain": {"id": "default"}, "password": "right"}},
            None,
        ),
        (
            lambda url: v3.Password(
                url, user_id="u", user_domain_name="D", password="right", project_id="p"
            ),
            {"user": {"id": "u", "password": "right"}},
            {"project": {"id": "p"}},
        ),
        (
            lambda url: v3.Password(
                url, username="ada", user_domain_name="D", password="right", project_name="p"
            ),
            {"user": {"name": "ada", "domain": {"name": "D"}, "password": "right"}},
            {"project": {"name": "p", "domain": {"id": "default"}}},
        ),
        (
            lambda url: v3.Password(
                url, username="ada", password="right", default_domain_id="d", system_scope="all"
            ),
            {"user": {"name": "ada", "domain": {"id": "d"}, "password": "right"}},
            {"system": {"all": True}},
        ),
        (
            lambda url: v3.Token(url, "held", domain_name="D"),
            {"id": "held"},
            {"domain": {"name": "D"}},
        ),
        (
            lambda url: v3.Token(url, token="held", trust_id="t"),
            {"id": "held"},
            {"OS-TRUST:trust": {"id": "t"}},
        ),
        (lambda url: v3.Token(url, token="held", unscoped=True), {"id": "held"}, "unscoped"),
        (
            lambda url: v3.TOTP(url, user_id="u", passcode="123456"),
            {"user": {"id": "u", "passcode": "123456"}},
            None,
        ),
        (
            lambda url: v3.ApplicationCredential(
                url, application_credential_id="ac", application_credential_secret="s"
            ),
            {"id": "ac", "secret": "s"},
            None,
        ),
        (
            lambda url: v3.ApplicationCredential(
                url,
                application_credential_name="job",
                application_credential_secret="s",
                username="ada",
            ),
            {
                "name": "job",
                "user": {"name": "ada", "domain": {"id": "default"}},
                "secret": "s",
            },
            None,
        ),
    ],
)
def test_each_method_and_scope_is_written_as_the_api_wants_it(
    face, keystone, plugin, identity, scope
):
    auth = plugin(keystone.url)
    face.session(auth).request(f"{keystone.url}/x")
    (sent,) = keystone.bodies
    (method,) = sent["identity"]["methods"]
    assert sent["identity"][method] == identity
    assert sent.get("scope") == scope


def test_the_domain_that_was_assumed_is_told(face, keystone):
    auth = password(keystone, project_name="proj")
    assert set(auth.assumed) == {"user_domain_id=default", "project_domain_id=default"}
    face.session(auth).request(f"{keystone.url}/x")
    told = "\n".join(auth.explain())
    assert "assumed: user_domain_id=default" in told
    assert "as ada" in told
    assert "scope: project proj" in told
    assert "right" not in told
    wrong = v3.Password(keystone.url, username="ada", password="wrong")
    with pytest.raises(errors.AuthenticationError, match="user_domain_id=default") as caught:
        face.session(wrong).request(f"{keystone.url}/x")
    assert "requires authentication" in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_who_the_token_is_can_be_asked_under_keystoneauths_names(face, keystone):
    access = face.session(password(keystone)).access()
    assert (access.user_id, access.username, access.user_domain_name) == ("u-ada", "ada", "Default")
    assert (access.project_id, access.project_name, access.tenant_id) == ("p-1", "proj", "p-1")
    assert (access.role_names, access.role_ids) == (["member"], ["r-1"])
    assert (access.audit_id, access.audit_chain_id) == ("a-2", "a-1")
    assert access.scoped
    assert access.project_scoped
    assert not any((access.domain_scoped, access.system_scoped, access.trust_scoped))
    assert access.expires.year == 2999
    assert not access.will_expire_soon()
    assert access.auth_token == "token-1"
    assert access.has_service_catalog()
    assert "token-1" not in repr(access)


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda url: v3.Password(url, username="ada"), "password="),
        (lambda url: v3.Password(url, password="x"), "username="),
        (v3.Token, "token="),
        (lambda url: v3.ApplicationCredential(url, application_credential_secret="s"), "_id="),
    ],
)
def test_what_is_missing_is_named_at_the_first_request(face, keystone, make, missing):
    with pytest.raises(errors.IncompleteCredentials, match=missing):
        face.session(make(keystone.url)).request(f"{keystone.url}/x")
    assert keystone.sign_ins == []


def test_options_that_contradict_each_other_or_do_not_exist_are_refused_at_once():
    with pytest.raises(ValueError, match="one of project"):
        v3.Password("http://a.example", project_id="p", domain_id="d")
    with pytest.raises(TypeError, match="projet_id"):
        v3.Password("http://a.example", projet_id="p")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (ok({"error": {"message": "no"}}, 403), errors.AuthenticationError, "403"),
        ((404, {}, b""), errors.AuthenticationError, "API v3"),
        ((302, {"Location": "https://other.example/v3"}, b""), errors.AuthenticationError, "other"),
        ((503, {}, b""), errors.ConnectFailure, "503"),
        (ok({"token": {}}, 201, X_Subject_Token="t"), errors.AuthenticationError, "usable"),
        (ok({"token": {}}, 201), errors.AuthenticationError, "X-Subject-Token"),
        ((201, {"X-Subject-Token": "t"}, b"<html>"), errors.AuthenticationError, "JSON"),
    ],
)
def test_an_answer_that_is_no_token_is_an_error_that_says_why(face, keystone, answer, kind, says):
    keystone.on_sign_in = lambda _: answer
    with pytest.raises(kind, match=says):
        face.session(password(keystone)).request(f"{keystone.url}/x")


def test_a_second_factor_that_is_asked_for_comes_with_its_receipt(face, keystone):
    rules = [["password", "totp"], ["password", "custom"]]
    asked = {"receipt": {"methods": ["password"]}, "required_auth_methods": rules}
    keystone.on_sign_in = lambda _: ok(asked, 401, Openstack_Auth_Receipt="receipt-1")
    with pytest.raises(errors.MissingAuthMethods, match=r"password \+ totp or") as caught:
        face.session(password(keystone)).request(f"{keystone.url}/x")
    assert caught.value.receipt == "receipt-1"
    assert caught.value.methods == ("password",)
    assert caught.value.required_auth_methods == (("password", "totp"), ("password", "custom"))


def test_a_passcode_is_sent_once(face, keystone):
    session = face.session(v3.TOTP(keystone.url, user_id="u", passcode="123456"))
    session.request(f"{keystone.url}/x")
    keystone.live.clear()
    with pytest.raises(errors.InteractionRequired, match="was used"):
        session.request(f"{keystone.url}/x")
    assert len(keystone.sign_ins) == 1


def test_a_new_passcode_signs_in_beside_a_stored_token_that_has_died(store, keystone):
    def totp(passcode):
        return v3.TOTP(keystone.url, user_id="u", passcode=passcode)

    account = Accounts(store).login(totp("111111"), name="by code")
    assert not account.renewable
    keystone.live.clear()
    with (
        Session(Accounts(store).get().auth(), trust_env=False) as session,
        pytest.raises(errors.InteractionRequired, match="was used"),
    ):
        session.get(f"{keystone.url}/x")
    for passcode in ("222222", "333333"):
        with Session(totp(passcode), cache=store, trust_env=False) as session:
            assert session.get(f"{keystone.url}/x").ok
        keystone.live.clear()
        with Session(totp(passcode), cache=store, trust_env=False) as session:
            assert session.get(f"{keystone.url}/x").ok
        keystone.live.clear()
    sent = [one["identity"]["totp"]["user"]["passcode"] for one in keystone.bodies]
    assert sent == ["111111", "222222", "222222", "333333", "333333"]


def test_a_token_near_its_end_is_renewed_unless_that_is_switched_off(face, keystone):
    keystone.expires_at = keystone.issued_at
    for reauthenticate, sign_ins in ((True, 2), (False, 3)):
        auth = password(keystone, reauthenticate=reauthenticate)
        session = face.session(auth)
        session.request(f"{keystone.url}/x")
        session.request(f"{keystone.url}/x")
        assert len(keystone.sign_ins) == sign_ins


def test_a_server_whose_clock_is_another_is_not_signed_in_to_all_the_time(face, keystone):
    keystone.issued_at, keystone.expires_at = "2001-01-01T00:00:00Z", "2001-01-01T01:00:00Z"
    session = face.session(password(keystone))
    for _ in range(3):
        session.request(f"{keystone.url}/x")
    assert len(keystone.sign_ins) == 1


def test_a_token_without_a_catalog_is_asked_for_and_told_apart(face, keystone):
    keystone.catalog = list
    auth = password(keystone, include_catalog=False)
    with pytest.raises(errors.EmptyCatalog, match="not scoped"):
        face.session(auth).request("/x", endpoint_filter={"service_type": "compute"})
    assert keystone.sign_ins[0].target.endswith("?nocatalog")


def test_another_providers_token_is_exchanged_and_then_scoped(face, keystone, serve):
    provider = serve(lambda _: ok({"access_token": "from-elsewhere", "token_type": "Bearer"}))
    plugins = [
        v3.OidcAccessToken(keystone.url, "idp", "openid", "from-elsewhere"),
        v3.OidcAccessToken(keystone.url, "idp", "openid", "from-elsewhere", project_id="p-1"),
        v3.OidcClientCredentials(
            keystone.url, "idp", "openid", "job", "s3", access_token_endpoint=provider.url
        ),
    ]
    for auth in plugins:
        assert face.session(auth).request(f"{keystone.url}/x").ok
    assert keystone.seen == ["unscoped", "token-1", "unscoped"]
    assert keystone.bodies[0]["identity"]["token"] == {"id": "unscoped"}
    (asked,) = provider.received
    assert asked.form == {"grant_type": "client_credentials", "scope": "openid profile"}
    assert asked.headers["authorization"].startswith("Basic ")
    wrong = v3.OidcAccessToken(keystone.url, "idp", "openid", "another")
    with pytest.raises(errors.AuthenticationError, match="refused"):
        face.session(wrong).request(f"{keystone.url}/x")


def test_the_other_providers_token_endpoint_is_discovered(face, keystone, serve):
    def answer(received):
        if received.path.endswith("openid-configuration"):
            return ok({"issuer": provider.url, "token_endpoint": f"{provider.url}/token"})
        return ok({"access_token": "from-elsewhere", "token_type": "Bearer"})

    provider = serve(answer)
    document = f"{provider.url}/.well-known/openid-configuration"
    auth = v3.OidcClientCredentials(
        keystone.url, "idp", "openid", "job", "s3", discovery_endpoint=document
    )
    assert face.session(auth).request(f"{keystone.url}/x").ok
    neither = v3.OidcClientCredentials(keystone.url, "idp", "openid", "job", "s3")
    with pytest.raises(errors.IncompleteCredentials, match="discovery_endpoint="):
        face.session(neither).request(f"{keystone.url}/x")


def test_a_held_token_and_no_token_go_to_a_fixed_endpoint(face, serve):
    server = serve(lambda received: ok(received.headers.get("x-auth-token")))
    held = face.session(token_endpoint.Token(f"{server.url}/v1", "held"))
    anything = {"service_type": "any", "interface": "admin"}
    assert held.request("/x", endpoint_filter=anything).json() == "held"
    assert held.request("/x", endpoint_filter=anything).url == f"{server.url}/v1/x"
    bare = face.session(none.NoAuth(server.url))
    assert bare.request("/x", endpoint_filter=anything).json() is None
    with pytest.raises(errors.EndpointNotFound):
        face.session(none.NoAuth()).request("/x", endpoint_filter=anything)


def test_a_credential_is_shared_sealed_by_sessions_with_a_store(store, keystone):
    for _ in range(2):
        with Session(password(keystone), cache=store, trust_env=False) as session:
            session.get(f"{keystone.url}/x")
    assert len(keystone.sign_ins) == 1
    with Session(password(keystone, project_id="p-2"), cache=store, trust_env=False) as session:
        session.get(f"{keystone.url}/x")
    assert len(keystone.sign_ins) == 2
    sealed = b"".join(one.read_bytes() for one in Path(store.paths.data).rglob("*.sealed"))
    assert sealed
    assert b"right" not in sealed
    assert b"token-1" not in sealed


@pytest.mark.parametrize(
    "plugin",
    [
        lambda url, number: v3.Token(url, token=f"held-{number}"),
        lambda url, number: v3.TOTP(url, user_id=f"u-{number}", passcode="1"),
        lambda url, number: v3.Password(url, user_id="u", password="right", trust_id=f"t-{number}"),
        lambda url, number: v3.ApplicationCredential(
            url, application_credential_id=f"ac-{number}", application_credential_secret="s"
        ),
    ],
)
def test_two_credentials_never_share_one_place_in_the_store(store, keystone, plugin):
    for number in range(2):
        for _ in range(2):
            with Session(plugin(keystone.url, number), cache=store, trust_env=False) as session:
                session.get(f"{keystone.url}/x")
    assert keystone.seen == ["token-1", "token-1", "token-2", "token-2"]
    assert len(store.ids()) == 2


@pytest.mark.parametrize(
    "plugin",
    [
        lambda url, secret: v3.Password(url, user_id="u", password=secret),
        lambda url, secret: v3.TOTP(url, user_id="u", passcode=secret),
        lambda url, secret: v3.ApplicationCredential(
            url, application_credential_id="ac", application_credential_secret=secret
        ),
    ],
)
def test_what_is_kept_is_not_served_to_a_wrong_secret(store, keystone, plugin):
    with Session(plugin(keystone.url, "right"), cache=store, trust_env=False) as session:
        session.get(f"{keystone.url}/x")
    refused = 401, {"Content-Type": "application/json"}, b"{}"
    keystone.on_sign_in = lambda _: refused
    with Session(plugin(keystone.url, "wrong"), cache=store, trust_env=False) as session:
        with pytest.raises(errors.AuthenticationError):
            session.get(f"{keystone.url}/x")
        with pytest.raises(errors.AuthenticationError):
            Accounts(store).open(session=session)
    with Session(plugin(keystone.url, "right"), cache=store, trust_env=False) as session:
        session.get(f"{keystone.url}/x")
    assert keystone.seen == ["token-1", "token-1"]


def test_an_account_is_kept_renewed_and_signed_out(store, keystone):
    accounts = Accounts(store)
    account = accounts.login(password(keystone), name="cloud")
    assert (account.username, account.kind, account.grant) == ("ada", "keystone", "v3password")
    assert account.renewable
    assert Accounts(store).get("cloud").token() == "token-1"
    keystone.live.clear()
    with Session(Accounts(store).get().auth(), trust_env=False) as session:
        assert session.get(f"{keystone.url}/x").ok
    assert Accounts(store).get().token() == "token-2"
    assert Accounts(store).get().whoami()["user"]["name"] == "ada"
    assert accounts.close().revoked
    assert keystone.ended == ["token-2"]
    assert not accounts
