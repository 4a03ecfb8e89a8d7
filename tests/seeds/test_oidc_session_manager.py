"""The Session Manager page: its examples run as printed, and each method it names is there with its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sojourn.server import AsyncSessionManager, SessionManager, create_authn_event, session_key
from sojourn.server.services.sessions.blocking import BoundGrant
from tests.seeds.pages import FOLDER, examples

PAGE = "oidc-session-manager.rst"
AUTH_REQ = {
    "client_id": "client_1",
    "redirect_uri": "https://rp.example/cb",
    "response_type": "code",
    "scope": ["openid"],
    "state": "STATE0123456789",
}
METHODS = re.findall(r"^    - `(\w+)`_$", (FOLDER / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
SIGNATURES = re.findall(
    r"^(\w+)\(self, ([^)]*)\)$", (FOLDER / PAGE).read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.fixture(params=["memory:", "sqlite:///{folder}/page.db"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.param).format(folder=tmp_path)


@pytest.fixture
def session_manager(url: str) -> Iterator[SessionManager]:
    with SessionManager.open(url, allow_chosen_values=True) as manager:
        yield manager


def names_of_the_page(manager: SessionManager, sub_type: str = "public") -> dict[str, Any]:
    return {
        "self": SimpleNamespace(session_manager=manager, user_id="diana"),
        "session_manager": manager,
        "create_authn_event": create_authn_event,
        "session_key": session_key,
        "AUTH_REQ": AUTH_REQ,
        "auth_req": AUTH_REQ,
        "client_id": "client_1",
        "sub_type": sub_type,
        "sector_identifier": "rp.example",
    }


def run(names: dict[str, Any]) -> None:
    for number, code in enumerate(examples(PAGE)):
        exec(compile(code, f"{PAGE}, example {number + 1}", "exec"), names)  # noqa: S102 - our page


def test_the_page_has_three_examples_and_ten_methods() -> None:
    assert [code.count("session_manager.") for code in examples(PAGE)] == [1, 3, 3]
    assert len(METHODS) == 10
    assert len(SIGNATURES) == 7


@pytest.mark.parametrize("sub_type", ["public", "pairwise", "ephemeral"])
def test_the_examples_run_as_printed(session_manager: SessionManager, sub_type: str) -> None:
    names = names_of_the_page(session_manager, sub_type)
    run(names)
    story = session_manager.get_session_info(names["_session_key"])
    assert (story["user_id"], story["client_id"]) == ("diana", "client_1")
    assert names["_token"].value.based_on == names["code"].id
    assert names["access_token"].value == "007"


def test_the_assertions_of_the_page_can_fail(session_manager: SessionManager) -> None:
    names = names_of_the_page(session_manager)
    code = "".join(examples(PAGE)[:2]).replace('== ["openid", "phoe"]', '== ["openid"]')
    with pytest.raises(AssertionError):
        exec(code, names)  # noqa: S102 - our page


def test_the_rest_of_the_page_goes_on_from_its_examples(session_manager: SessionManager) -> None:
    names = names_of_the_page(session_manager)
    run(names)
    manager, key = session_manager, names["_session_key"]
    assert manager.get_authentication_event(manager_id(manager)) is not None
    assert manager.get_client_session_info(key).client_id == "client_1"
    assert manager.get_session_info(key)["grant_id"] == names["grant"].id
    manager.revoke_token(key, "007")
    token = manager.find_token(key, "007")
    assert token is not None
    assert not token.is_active(token.value.issued_at)
    manager.revoke_grant(key)
    manager.revoke_client_session(key)
    assert manager.client_session_is_revoked(key)


def manager_id(manager: SessionManager) -> str:
    """The session id of a grant that came with an authentication event."""
    grants = manager.grants("diana", "client_1")
    assert all(isinstance(grant, BoundGrant) for grant in grants)
    return next(
        grant.session_id
        for grant in grants
        if manager.get_authentication_event(grant.session_id) is not None
    )


def test_the_examples_run_again_on_a_store_that_kept_the_first_run(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    for chosen in ("ABCD", "EFGH"):
        with SessionManager.open(url, allow_chosen_values=True) as manager:
            names = names_of_the_page(manager)
            for code in examples(PAGE):
                again = code.replace("ABCD", chosen).replace("007", chosen.lower())
                exec(again, names)  # noqa: S102 - our page
            assert len(manager.grants("diana", "client_1")) == (5 if chosen == "ABCD" else 10)


@pytest.mark.parametrize("face", [SessionManager, AsyncSessionManager])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_of_the_page_is_on_both_faces(face: type, method: str) -> None:
    assert callable(getattr(face, method))
    assert inspect.iscoroutinefunction(getattr(face, method)) is (face is AsyncSessionManager)


@pytest.mark.parametrize("face", [SessionManager, AsyncSessionManager])
@pytest.mark.parametrize(("method", "parameters"), SIGNATURES)
def test_each_signature_of_the_page_is_ours(face: type, method: str, parameters: str) -> None:
    ours = list(inspect.signature(getattr(face, method)).parameters)
    page = [name.partition("=")[0] for name in parameters.split(", ")]
    assert ours == ["self", *page]


@pytest.mark.parametrize("face", [SessionManager, AsyncSessionManager])
def test_create_session_takes_the_arguments_that_the_page_describes(face: Any) -> None:
    described = {"authn_event", "auth_req", "client_id", "user_id", "sector_identifier", "sub_type"}
    assert described <= set(inspect.signature(face.create_session).parameters)
