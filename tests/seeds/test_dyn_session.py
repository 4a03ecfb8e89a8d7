"""The dyn page: every example runs as printed, in order and in one interpreter; only its import line is ours."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sojourn.client.dialects.dynect import DynectSession
from sojourn.testing.dynect import DynectInTest
from sojourn.testing.route import route
from tests.client.dynect import peer
from tests.seeds.pages import FOLDER, examples
from tests.seeds.prompts import code_of, moved, values_of

PAGE = "dyn-session.rst"
OURS = {"dyn.tm.session": "sojourn.client.dialects.dynect"}
ADDRESS = "https://api.dynect.net"
PERMISSIONS = ["ZoneGet", "ZoneUpdate", "ZoneCreate", "ZoneDelete"]


@pytest.fixture
def dynect() -> Iterator[DynectInTest]:
    with DynectInTest() as server, route({ADDRESS: server.url}):
        server.add_user(
            "customer", "user", "password", permissions=PERMISSIONS, zones=["one.example"]
        )
        server.add_user("customer", "another_user", "password")
        server.add_user("customer_two", "user_two", "password_two", zones=["two.example"])
        yield server
        if session := DynectSession.get_session():
            session.log_out()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page takes for granted: `get_all_zones` of PyPI `dyn`, whose session is ours."""
    monkeypatch.setattr(peer.zones, "DynectSession", DynectSession)
    return {"get_all_zones": peer.zones.get_all_zones}


def run(number: int, names: dict[str, Any]) -> list[Any]:
    code = moved(code_of(examples(PAGE)[number]), OURS)
    return values_of(code, names, told=f"{PAGE}, example {number + 1}")


@pytest.mark.peer
def test_the_page_runs_in_order_in_one_interpreter(dynect, names, capsys):
    (basic,) = run(0, names)
    assert (basic.customer, basic.username) == ("customer", "user")

    (permissions,) = run(1, names)
    assert permissions == PERMISSIONS

    run(2, names)
    assert names["s"] is basic
    assert sorted(dynect.tokens.values()) == [("customer", "user"), ("customer_two", "user_two")]

    names["dynect_session"] = names["s"]
    run(3, names)
    printed = capsys.readouterr().out
    assert re.findall("Zones for (.*)", printed) == ["user", "user_two"]
    assert (
        printed.index("one.example")
        < printed.index("Zones for user_two")
        < printed.index("two.example")
    )
    assert len(dynect.made("POST", "/REST/Session/")) == 2

    assert run(4, names) == [PERMISSIONS]
    assert list(dynect.tokens.values()) == [("customer_two", "user_two")]

    run(5, names)
    assert names["s"].username == "another_user"
    assert ("customer", "user") not in dynect.tokens.values()

    _, username = run(6, names)
    assert username == "user"

    history, printed_history = run(7, names)
    assert [entry[1:] for entry in history] == [entry[1:] for entry in printed_history]
    assert history == names["s"].history
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", history[0][0])


def test_the_page_has_the_examples_that_the_test_expects():
    assert len(examples(PAGE)) == 8


def test_without_history_there_is_none(dynect):
    assert DynectSession("customer", "user", "password").history is None


def test_every_method_that_the_page_names_is_there():
    named = set(re.findall(r"`(\w+)`", (FOLDER / PAGE).read_text(encoding="utf-8")))
    methods = {name for name in named if "session" in name and "_" in name}
    assert methods == {"new_user_session", "set_active_session", "get_open_sessions"}
    for name in methods:
        assert inspect.getattr_static(DynectSession, name)


def test_the_constructor_takes_what_its_users_know_in_that_order():
    known = inspect.signature(peer.session.DynectSession.__init__).parameters
    ours = inspect.signature(DynectSession.__init__).parameters
    assert [*ours][: len(known)] == [*known]
    assert [one.default for one in ours.values()][: len(known)] == [
        one.default for one in known.values()
    ]
