"""The Toolkit's page: its example runs as printed; only its import line is ours."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import sojourn
import sojourn.client.dialects.shotgrid as sgtk
from sojourn import errors
from sojourn.testing.route import route
from sojourn.testing.shotgrid import ShotgridInTest
from tests.seeds.pages import FOLDER, examples

PAGE = "shotgun-authentication.rst"
ADDRESS = "https://myhost.shotgunstudio.com"


@pytest.fixture
def nobody_is_set():
    yield
    sgtk.set_authenticated_user(None)


def test_the_example_runs_with_its_import_line_alone_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobody_is_set: None
):
    monkeypatch.setenv("SOJOURN_HOME", str(tmp_path))
    (printed,) = examples(PAGE)
    code = printed.replace("import sgtk\n", "import sojourn.client.dialects.shotgrid as sgtk\n")
    assert sum(a != b for a, b in zip(printed.split("\n"), code.split("\n"), strict=True)) == 1
    names: dict[str, object] = {}
    exec(compile(code, PAGE, "exec"), names)  # noqa: S102 - the page's own code
    user = sgtk.get_authenticated_user()
    assert user is names["user"] is sojourn.get_authenticated_user()
    assert isinstance(user, sgtk.authentication.ShotgunUser)
    assert (user.host, user.login, str(user)) == (ADDRESS, None, "myscript")
    with ShotgridInTest() as site, route({ADDRESS: site.url}):
        site.add_script("myscript", "xxxxx")
        assert user.resolve_entity() == {"type": "ApiUser", "id": 1}


def test_the_page_is_the_one_that_the_project_began_with():
    assert ".. _authentication:" in (FOLDER / PAGE).read_text(encoding="utf-8")
    assert len(examples(PAGE)) == 1


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("get_user_from_prompt", ["host", "login", "http_proxy", "is_host_fixed"]),
        (
            "create_session_user",
            ["login", "session_token", "password", "host", "http_proxy", "session_metadata"],
        ),
        ("create_script_user", ["api_script", "api_key", "host", "http_proxy"]),
        ("get_user", []),
        ("get_default_user", []),
        ("clear_default_user", []),
        ("get_default_host", []),
        ("get_default_http_proxy", []),
    ],
)
def test_the_authenticator_has_every_method_with_its_parameters(name, parameters):
    method = getattr(sgtk.authentication.ShotgunAuthenticator, name)
    assert list(inspect.signature(method).parameters)[1:] == parameters


def test_every_name_of_the_page_is_there_and_the_errors_are_its_tree():
    ours = sgtk.authentication
    for name in (
        "ShotgunAuthenticator",
        "ShotgunUser",
        "DefaultsManager",
        "deserialize_user",
        "serialize_user",
    ):
        assert callable(getattr(ours, name))
    for kind in (
        ours.AuthenticationError,
        ours.IncompleteCredentials,
        ours.AuthenticationCancelled,
    ):
        assert issubclass(kind, ours.ShotgunAuthenticationError)
    assert ours.AuthenticationError is errors.AuthenticationError
    hooks = (
        "is_host_fixed get_host set_host get_http_proxy get_login set_login get_user_credentials"
    )
    for name in hooks.split():
        assert callable(getattr(ours.DefaultsManager, name))
    user = "host http_proxy login resolve_entity create_sg_connection are_credentials_expired"
    for name in (*user.split(), "refresh_credentials"):
        assert hasattr(ours.ShotgunUser, name)
