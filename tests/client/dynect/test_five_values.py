"""The history of a DynectSession: five values a call."""

from __future__ import annotations

TWO = ("customer_two", "user_two", "password_two")


def test_a_history_of_an_open_session_begins_with_its_sign_in(opened):
    session = opened()
    session.execute("/Zone/", "GET")
    before = session.history
    assert before is None
    assert opened(history=True) is session
    session.execute("/Zone/one.example/", "GET")
    assert [entry[1:3] for entry in session.history] == [
        ("/REST/Session/", "POST"),
        ("/REST/Zone/one.example/", "GET"),
    ]


def test_a_history_keeps_a_thousand_calls_and_no_secret(opened, dynect):
    session = opened(history=True)
    session.update_password("fresh-password")
    session.new_user_session(*TWO)
    session.execute("/Zone/two.example/", "PUT", {"tsig": {"secret": "hush"}, "token": "hush"})
    shown = repr(session.history)
    for secret in ("fresh-password", "password_two", "hush", *dynect.tokens):
        assert secret not in shown
    for _ in range(1000):
        session._login.note("/REST/Zone/", "GET", {}, "success")
    assert len(session.history) == 1000
    session.history.clear()
    assert len(session.history) == 1000


def test_a_history_tells_failed_calls_and_repeated_ones_each(opened, dynect):
    session = opened(history=True)
    dynect.limit(1)
    session.execute("/Zone/", "GET")
    assert [entry.status for entry in session.history] == ["success", "failure", "success"]
