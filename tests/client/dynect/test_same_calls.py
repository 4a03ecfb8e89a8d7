"""The same calls with PyPI `dyn` and with ours: the server hears the same, and the caller sees the same."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from sojourn.client.dialects import dynect as ours
from tests.client.dynect import peer

pytestmark = pytest.mark.peer
HEARD = ("content-type", "api-version", "auth-token")


class Library(NamedTuple):
    """One of the two: its session class, its errors, a session that is signed in, with history."""

    kind: Any
    errors: Any
    session: Any


def theirs(server):
    with peer.silent():
        session = peer.session.DynectSession(
            "customer",
            "user",
            "password",
            host=server.host,
            port=server.port,
            ssl=False,
            history=True,
        )
    return Library(peer.session.DynectSession, peer.errors, session)


@pytest.fixture
def both(dynect, opened):
    libraries = Library(ours.DynectSession, ours, opened(history=True)), theirs(dynect)
    yield libraries
    libraries[1].session._conn.close()
    peer.session.DynectSession.close_session()


def heard(server):
    """What the server heard since the last time; tokens as numbers in the order of their first use."""
    seen: list[str] = []
    told = []
    for call in server.calls:
        fields = {name: call.headers.get(name) for name in HEARD}
        if token := fields["auth-token"]:
            seen += [] if token in seen else [token]
            fields["auth-token"] = str(seen.index(token))
        told.append((call.method, call.path, fields, json.loads(call.body or b"{}")))
    server.calls.clear()
    return told


def same(both, server, work):
    """What `work` gives with both libraries, after checking that all of it was the same."""
    results = []
    for library in both:
        server.calls.clear()
        try:
            result = work(library)
        except Exception as error:  # noqa: BLE001 - what is raised is compared
            result = (type(error).__name__, str(error), vars(error)["message"])
        results.append((result, heard(server)))
    assert results[0] == results[1]
    return results[0][0]


RECORD = SimpleNamespace(
    _ttl=60, _rname="a@one.example", _none=None, _zone=SimpleNamespace(_json={"x": 1}), other=1
)


@pytest.mark.parametrize(
    ("uri", "method", "args"),
    [
        ("/Zone/", "GET", {"detail": "Y"}),
        ("/Zone/", "GET", None),
        ("Zone/one.example/", "GET", {}),
        ("/REST/Zone/one.example", "GET", None),
        ("/Zone/one.example/", "PUT", {"publish": True}),
        ("/Zone/one.example/", "PUT", RECORD),
        ("/Session/", "GET", None),
        ("/Task", "GET", {}),
        ("/UserPermissionReport/", "POST", {"user_name": "user"}),
    ],
)
def test_a_call_is_sent_and_answered_alike(both, dynect, uri, method, args):
    def work(library):
        answer = library.session.execute(uri, method, args)
        answer.pop("job_id")
        return answer

    assert same(both, dynect, work)["status"] == "success"


@pytest.mark.parametrize(
    ("uri", "method", "args", "error"),
    [
        ("/Zone/no.example/", "GET", None, "DynectGetError"),
        ("/Zone/no.example/", "PUT", {}, "DynectUpdateError"),
        ("/Zone/no.example/", "DELETE", None, "DynectDeleteError"),
        ("/Zone/one.example/", "POST", {"ttl": 1}, "DynectCreateError"),
        ("/Nothing/", "GET", None, "DynectGetError"),
    ],
)  # fmt: skip
def test_a_refusal_is_the_same_error_with_the_same_words(both, dynect, uri, method, args, error):  # noqa: PLR0917
    assert same(both, dynect, lambda one: one.session.execute(uri, method, args))[0] == error


def test_a_refused_sign_in_is_the_same_error_with_the_same_words(both):
    said = []
    for library in both:
        with pytest.raises(library.errors.DynectAuthError) as caught:
            library.session.execute(
                "/Session/", "POST", {"customer_name": "c", "user_name": "u", "password": "x"}
            )
        said.append((str(caught.value), repr(caught.value), caught.value.message))
    assert said[0] == said[1]


def test_permissions_are_asked_for_once(both, dynect):
    assert same(both, dynect, lambda one: [one.session.permissions, one.session.permissions])[0] == [
        "ZoneGet", "ZoneUpdate", "ZoneCreate", "ZoneDelete"
    ]  # fmt: skip
    same(both, dynect, lambda one: one.session.user_permissions_report("user"))


def test_a_slow_call_is_followed_to_its_job(both, dynect):
    dynect.slow("/REST/Zone/one.example/", polls=0)  # dyn waits a second before it asks

    def work(library):
        answer = library.session.execute("/Zone/one.example/", "PUT", {"publish": True})
        job = dynect.calls[-1].path
        assert job.startswith("/REST/Job/")
        assert [call.method for call in dynect.calls] == ["PUT", "GET"]
        dynect.calls.clear()
        return answer["data"]

    assert same(both, dynect, work)["zone"] == "one.example"


def test_the_history_holds_the_same_five_values(both, dynect):
    def work(library):
        library.session.execute("/Zone/", "GET", {"detail": "Y"})
        with pytest.raises(library.errors.DynectGetError):
            library.session.execute("/Zone/no.example/", "GET")
        return [tuple(entry)[1:] for entry in library.session.history]

    assert same(both, dynect, work) == [
        ("/REST/Session/", "POST", {"customer_name": "customer", "user_name": "user", "password": "*****"}, "success"),
        ("/REST/Zone/", "GET", {"detail": "Y"}, "success"),
        ("/REST/Zone/no.example/", "GET", {}, "failure"),
    ]  # fmt: skip


def test_a_bad_method_is_the_same_error(both, dynect):
    for library in both:
        with pytest.raises(
            ValueError,
            match=r"PATCH is not a valid HTTP method. Please use one of DELETE, GET, POST, PUT",
        ):
            library.session.execute("/Zone/", "PATCH")  # fmt: skip


def test_zones_of_dyn_work_over_our_session(both, dynect, monkeypatch):
    monkeypatch.setattr(peer.zones, "DynectSession", ours.DynectSession)
    assert [zone.name for zone in peer.zones.get_all_zones()] == ["one.example"]
    with pytest.raises(peer.errors.DynectGetError, match="No such zone") as caught:
        peer.zones.Zone("no.example")
    assert isinstance(caught.value, ours.DynectGetError)


def test_signing_out_is_the_same_call(both, dynect):
    same(both, dynect, lambda one: one.session.log_out())
    assert dynect.tokens == {}
    assert [one.kind.get_session() for one in both] == [None, None]
