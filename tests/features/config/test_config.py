"""Configuration: one table, four sources, and what is refused with which words."""

from __future__ import annotations

import msgspec
import pytest

from sojourn.errors import ConfigurationError
from sojourn.server.services import config
from sojourn.server.services.options import OPTIONS

ROOT = "A" * 42 + "E"


def load(flags=None, environ=None, file=None):
    return config.load({"data": "d", **(flags or {})}, environ or {}, file)


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "sojourn.toml"
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


def test_every_option_is_a_field_of_the_settings_and_every_field_an_option():
    assert {option.name for option in OPTIONS} == set(config.Settings.__struct_fields__)


def test_what_nobody_gave_is_the_default_of_the_table():
    settings = load()
    given = {"data", "store", "issuer"}
    defaults = {option.name: option.default for option in OPTIONS if option.name not in given}
    assert {name: getattr(settings, name) for name in defaults} == defaults


def test_a_flag_overrules_a_variable_a_variable_the_file_the_file_the_default(toml):
    file = toml("port = 1001\npassword_queue = 11\nmax_body = 2048\n")
    environ = {"SOJOURN_PORT": "1002", "SOJOURN_PASSWORD_QUEUE": "12"}
    settings = load({"port": "1003"}, environ, file)
    assert (settings.port, settings.password_queue, settings.max_body) == (1003, 12, 2048)
    assert settings.drain_seconds == 10


def test_a_flag_that_was_not_given_overrules_nothing():
    assert load({"port": None}, {"SOJOURN_PORT": "1002"}).port == 1002


def test_the_data_folder_must_be_given():
    with pytest.raises(ConfigurationError, match=r"--data DIR, SOJOURN_DATA or in sojourn\.toml"):
        config.load({}, {})


def test_the_default_store_lies_in_the_data_folder_whatever_its_name(tmp_path):
    settings = load({"data": str(tmp_path / "50% of?")})
    assert settings.store == f"sqlite:///{tmp_path}/50%25%20of%3F/sojourn.db"
    assert settings.root_key_file == tmp_path / "50% of?" / "root.key"


@pytest.mark.parametrize(
    ("flags", "environ", "text", "said"),
    [
        ({"prot": "1"}, {}, "", "There is no option prot. Did you mean port?"),
        (
            {},
            {"SOJOURN_ISUER": "x"},
            "",
            "unknown variable: SOJOURN_ISUER. Did you mean SOJOURN_ISSUER?",
        ),
        (
            {},
            {},
            "acess_token_life = 5",
            "unknown key: acess_token_life. Did you mean access_token_life?",
        ),
        ({}, {}, "[server]\nport = 1", "unknown key: server."),
        (
            {},
            {"SOJOURN_PORT": "80a"},
            "",
            "SOJOURN_PORT must be a whole number from 1 to 65535, not '80a'",
        ),
        ({"port": "0"}, {}, "", "--port must be a whole number from 1 to 65535, not '0'"),
        ({"port": "²"}, {}, "", "--port must be a whole number"),
        (
            {},
            {},
            "port = true",
            "sojourn.toml:port must be a whole number from 1 to 65535, not True",
        ),
        ({}, {}, "port = 8.5", "sojourn.toml:port must be a whole number"),
        (
            {},
            {},
            "log_format = 'xml'",
            "sojourn.toml:log_format must be one of text, json, not 'xml'",
        ),
        ({"trusted_proxies": ("10.0.0.0/8",)}, {}, "", "'10.0.0.0/8' is none"),
        ({"store": " "}, {}, "", "--store must be text"),
        ({}, {}, "port = ", "is not TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_its_source(toml, flags, environ, text, said):
    with pytest.raises(ConfigurationError) as refused:
        load(flags, environ, toml(text) if text else None)
    assert said in str(refused.value)


def test_variables_of_the_client_are_no_options_of_the_server():
    load(environ={"SOJOURN_ACCOUNT": "ada", "SOJOURN_HOME": "h", "HOME": "h"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_loopback_the_issuer_is_where_the_server_listens(host):
    shown = f"[{host}]" if ":" in host else host
    assert load({"host": host, "port": 81}).issuer == f"http://{shown}:81"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "id.example.org"])
def test_where_others_can_reach_it_the_issuer_must_be_given(host):
    with pytest.raises(ConfigurationError, match="say --issuer"):
        load({"host": host})
    assert (
        load({"host": host, "issuer": "https://id.example.org"}).issuer == "https://id.example.org"
    )


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example.org",
        "https://id.example.org?x=1",
        "https://id.example.org#x",
        "https://a@id.example.org",
        "https://",
        "https://id.example.org:99999",
        "https://id .example.org",
        "id.example.org",
        "http://127.0.0.1.example.org",
    ],
)
def test_an_issuer_is_https_and_an_origin_with_a_path_at_most(issuer):
    with pytest.raises(ConfigurationError, match="issuer must"):
        load({"issuer": issuer})


def test_an_issuer_has_one_spelling():
    assert load({"issuer": "https://id.example.org/a/"}).issuer == "https://id.example.org/a"


def test_spans_are_seconds_in_the_configuration_and_milliseconds_inside():
    settings = load({"code_life": "30", "signin_idle": "60", "offline_life": "100"})
    assert settings.rules()["authorization_code"].expires_in == 30_000
    assert settings.rules()["authorization_code"].max_usage == 1
    assert settings.lifetimes().signin_idle == 60_000
    assert settings.lifetimes().offline == 100_000


def test_the_root_key_is_never_shown():
    assert ROOT not in repr(load(environ={"SOJOURN_ROOT_KEY": ROOT}))
    with pytest.raises(ConfigurationError) as refused:
        load(environ={"SOJOURN_ROOT_KEY": "  "})
    assert "SOJOURN_ROOT_KEY must be text." in str(refused.value)


def test_a_file_with_the_root_key_that_others_may_read_is_refused(toml):
    file = toml(f'root_key = "{ROOT}"')
    assert load(file=file).root_key == ROOT
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load(file=file)


def test_the_file_is_the_one_named_else_the_one_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config.find_file(None, {}) is None
    (tmp_path / "sojourn.toml").touch()
    assert str(config.find_file(None, {})) == "sojourn.toml"
    assert str(config.find_file(None, {"SOJOURN_CONFIG": "a.toml"})) == "a.toml"
    assert str(config.find_file("b.toml", {"SOJOURN_CONFIG": "a.toml"})) == "b.toml"


def test_a_file_that_was_named_and_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load(file=tmp_path / "gone.toml")


def test_the_page_of_the_docs_names_every_option_and_no_secret_as_a_flag():
    page = config.options_markdown()
    for option in OPTIONS:
        assert f"`{option.name}`" in page
        assert f"`{option.variable}`" in page
        assert (option.flag in page) is not option.secret


def test_the_example_of_the_docs_can_be_loaded(toml):
    page = config.options_markdown()
    text = page.partition("```toml\n")[2].partition("```")[0]
    settings = config.load({}, {}, toml(text))
    assert settings.issuer == "https://id.example.org"
    assert msgspec.structs.asdict(settings)["trusted_proxies"] == ("10.0.0.1",)
