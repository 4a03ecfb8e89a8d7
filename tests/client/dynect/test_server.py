"""The server of `sojourn.testing` speaks DynECT's wire: PyPI `dyn` cannot tell it from the real one."""

from __future__ import annotations

import pytest

from tests.client.dynect import peer

pytestmark = pytest.mark.peer


@pytest.fixture
def dyn(dynect):
    with peer.silent():
        session = peer.session.DynectSession(
            "customer",
            "user",
            "password",
            host=dynect.host,
            port=dynect.port,
            ssl=False,
            history=True,
        )
    yield session
    session._conn.close()
    peer.session.DynectSession.close_session()


def test_dyn_signs_in_asks_and_signs_out(dyn, dynect):
    assert dyn.permissions == ["ZoneGet", "ZoneUpdate", "ZoneCreate", "ZoneDelete"]
    assert [zone.name for zone in peer.zones.get_all_zones()] == ["one.example"]
    assert list(dynect.tokens.values()) == [("customer", "user")]
    dyn.log_out()
    assert dynect.tokens == {}


def test_dyn_sees_refusals_as_its_own_errors(dyn):
    with pytest.raises(peer.errors.DynectGetError, match="No such zone"):
        dyn.execute("/Zone/nothing.example/", "GET")
    with pytest.raises(peer.errors.DynectCreateError, match="already exists"):
        dyn.execute("/Zone/one.example/", "POST", {"rname": "a"})
    with pytest.raises(peer.errors.DynectAuthError, match="login: "):
        dyn.execute("/Session/", "POST", {"customer_name": "c", "user_name": "u", "password": "p"})


def test_dyn_follows_a_job_to_its_end(dyn, dynect):
    dynect.slow("/REST/Zone/one.example/", polls=0)  # dyn waits a second before it asks
    assert dyn.execute("/Zone/one.example/", "GET")["data"]["zone"] == "one.example"
    assert dynect.calls[-1].path.startswith("/REST/Job/")


def test_dyn_signs_in_again_after_a_lost_connection(dyn, dynect):
    dynect.expire()
    dynect.drop_next()
    assert dyn.execute("/Zone/one.example/", "GET")["status"] == "success"
    assert len(dynect.made("POST", "/REST/Session/")) == 2
