"""Plugins made from their options: by name, from the environment, from clouds.yaml."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from sojourn import Session, errors
from sojourn.client.auth import AuthPlugin
from sojourn.client.clouds import cloud, from_environment
from sojourn.client.dialects.keystone import none, token_endpoint, v3
from sojourn.client.loading import Loader, Option, loader
from tests.client.small_keystone import SmallKeystone

CLOUDS = """
clouds:
  mine:
    auth:
      auth_url: http://keystone.example/v3
      username: ada
      project_name: proj
      user_domain_name: Default
    region_name: north
    interface: internal
    cacert: ca.pem
    cert: client.pem
    key: key.pem
    api_timeout: 7
  app:
    auth_type: v3applicationcredential
    auth: {auth_url: "http://a.example", application_credential_id: ac, application_credential_secret: s}
    verify: false
  wrong:
    auth: {auth_url: "http://a.example", pasword: x}
  vendor:
    profile: somebody
  words:
    auth: ada at a.example
"""
SECURE = "clouds: {mine: {auth: {password: hush}}}"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "clouds.yaml").write_text(CLOUDS, encoding="utf-8")
    (tmp_path / "secure.yaml").write_text(SECURE, encoding="utf-8")
    return tmp_path


def test_a_cloud_is_read_with_its_secret_beside_it(folder):
    found = cloud("mine", environ={}, folders=[folder])
    assert isinstance(found.auth, v3.Password)
    assert found.auth.given["password"] == "hush"
    assert found.auth.given["user_domain_name"] == "Default"
    assert found.session == {"verify": "ca.pem", "cert": ("client.pem", "key.pem"), "timeout": 7.0}
    assert found.adapter == {"region_name": "north", "interface": "internal"}
    assert str(folder) in found.source
    assert "hush" not in repr(found)


def test_the_environment_may_name_the_cloud_and_the_file(folder):
    environ = {"OS_CLOUD": "app", "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml")}
    found = cloud(environ=environ)
    assert isinstance(found.auth, v3.ApplicationCredential)
    assert found.session == {"verify": False}


def test_a_json_file_does_as_well(tmp_path):
    described = {"clouds": {"c": {"auth_type": "none", "auth": {"endpoint": "http://e.example"}}}}
    (tmp_path / "clouds.json").write_text(json.dumps(described), encoding="utf-8")
    found = cloud("c", environ={}, folders=[tmp_path])
    assert isinstance(found.auth, none.NoAuth)
    assert found.auth.fixed == "http://e.example"


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("wrong", errors.ConfigurationError, "takes no pasword"),
        ("vendor", errors.ConfigurationError, "profile"),
        ("absent", errors.ConfigurationError, "It has: app, mine, vendor, words, wrong"),
        ("words", errors.ConfigurationError, "no mapping"),
    ],
)
def test_what_is_wrong_with_a_cloud_is_said(folder, name, kind, says):
    with pytest.raises(kind, match=says):
        cloud(name, environ={}, folders=[folder])


@pytest.mark.parametrize("text", ["clouds: [", "[1]", "clouds: 3", "!!python/object:os.system x"])
def test_a_file_that_cannot_be_understood_is_refused(tmp_path, text):
    (tmp_path / "clouds.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(errors.ConfigurationError):
        cloud("mine", environ={}, folders=[tmp_path])


def test_without_a_file_the_folders_that_were_looked_in_are_named(tmp_path):
    with pytest.raises(errors.ConfigurationError, match=str(tmp_path)):
        cloud("mine", environ={}, folders=[tmp_path])
    with pytest.raises(errors.ConfigurationError, match="cannot be read"):
        cloud("mine", environ={"OS_CLIENT_CONFIG_FILE": str(tmp_path / "no.yaml")})


def test_the_environment_alone_makes_a_plugin_that_works(serve):
    small = SmallKeystone()
    small.at(serve(small.answer))
    environ = {
        "OS_AUTH_URL": f"{small.url}/v3",
        "OS_USERNAME": "ada",
        "OS_PASSWORD": "right",
        "OS_TENANT_NAME": "proj",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_REGION_NAME": "north",
        "OS_ENDPOINT_TYPE": "internalURL",
        "OS_INSECURE": "true",
        "OS_SOMETHING_ELSE": "x",
        "HOME": "/",
    }
    found = cloud(environ=environ)
    assert found.adapter == {"region_name": "north", "interface": "internal"}
    assert found.session == {"verify": False}
    with Session(found.auth, trust_env=False, **found.session) as session:
        answer = session.get("x", endpoint_filter={"service_type": "compute", **found.adapter})
    assert answer.json() == {"path": "/inside/v2.1/p-1/x"}
    assert small.bodies[0]["scope"] == {"project": {"name": "proj", "domain": {"id": "default"}}}


def test_what_the_environment_lacks_is_named():
    with pytest.raises(errors.IncompleteCredentials, match="needs auth_url: where Keystone is"):
        from_environment({})
    with pytest.raises(errors.ConfigurationError, match="no authentication plugin 'v9'"):
        from_environment({"OS_AUTH_TYPE": "v9"})


def test_every_plugin_can_be_loaded_by_name_with_hyphens_and_older_names():
    known = {
        "password", "v3password", "token", "v3token", "v3totp", "v3applicationcredential",
        "v3oidcaccesstoken", "v3oidcclientcredentials", "token_endpoint", "admin_token", "none",
    }  # fmt: skip
    for name in known:
        needed = {option.name: "x" for option in loader(name).options if option.required}
        assert isinstance(loader(name).load(**needed), AuthPlugin)
    old = loader("token_endpoint").load(url="http://a.example", token="t")
    assert isinstance(old, token_endpoint.Token)
    assert old.fixed == "http://a.example"
    found = loader("password").load(**{"auth-url": "http://a", "password": "p", "user-name": "ada"})
    assert isinstance(found, v3.Password)
    assert found.given["username"] == "ada"


def test_what_a_loader_takes_is_what_its_plugin_takes():
    for name in ("v3password", "v3token", "v3totp", "v3applicationcredential"):
        for option in loader(name).options:
            assert option.help
            needed = {one.name: "x" for one in loader(name).options if one.required}
            loader(name).load(**{**needed, option.name: "x"})


def test_another_package_may_add_a_plugin(monkeypatch):
    entry = EntryPoint("elsewhere", "tests.client.test_clouds:OTHER", "sojourn.plugins")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: EntryPoints([entry]))
    assert isinstance(loader("elsewhere").load(endpoint="http://e"), none.NoAuth)


OTHER = Loader("elsewhere", none.NoAuth, (Option("endpoint", "where"),))
