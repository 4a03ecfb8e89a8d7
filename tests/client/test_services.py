"""Paths at a service: filter, override, microversions, and what a session can be asked."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from sojourn import Adapter, AsyncSession, Session, errors
from tests.client.catalogs import Catalogued
from tests.client.certificates import certificate
from tests.client.servers import ok

SHIPS = {"service_type": "ships", "interface": "public", "region_name": "north"}


@pytest.fixture
def server(serve):
    return serve(lambda received: ok(received.target))


@pytest.mark.parametrize("base", ["", "/", "/v2", "/v2/"])
@pytest.mark.parametrize("path", ["list", "/list", "//list"])
def test_a_path_is_joined_to_its_service_with_exactly_one_slash(face, server, base, path):
    auth = Catalogued(server.url + base)
    if path == "//list":
        with pytest.raises(errors.Malformed):
            face.session(auth).request(path, endpoint_filter=SHIPS)
        return
    answer = face.session(auth).request(path, params={"a": "ä b"}, endpoint_filter=SHIPS)
    assert answer.json() == f"{base.rstrip('/')}/list?a=%C3%A4+b"
    assert auth.asked == [SHIPS]
    assert server.received[0].headers["x-auth-token"] == "t-1"


def test_a_whole_url_goes_before_the_filter_and_an_override_before_the_catalog(face, server):
    auth = Catalogued("http://nowhere.example")
    session = face.session(auth)
    session.request(f"{server.url}/whole", endpoint_filter=SHIPS)
    session.request(
        "/x",
        endpoint_filter=SHIPS,
        endpoint_override=f"{server.url}/%(project_id)s/%(user_id)s/",
    )
    assert [one.target for one in server.received] == ["/whole", "/p-1/u-1/x"]
    assert auth.asked == []


def test_a_service_is_found_also_for_a_request_without_credentials(face, server):
    session = face.session(Catalogued(server.url))
    session.request("/x", endpoint_filter=SHIPS, authenticated=False)
    assert "x-auth-token" not in server.received[0].headers


@pytest.mark.parametrize(
    ("auth", "options", "kind", "says"),
    [
        (None, {}, errors.EndpointNotFound, "no whole URL"),
        (None, {"endpoint_filter": SHIPS}, errors.EndpointNotFound, "needs an auth plugin"),
        (
            Catalogued(),
            {"endpoint_filter": {"service_type": "trains"}},
            errors.EndpointNotFound,
            "service_type='trains'",
        ),
        (
            None,
            {"endpoint_override": "http://a.example/%(ship)s"},
            errors.ConfigurationError,
            "ship",
        ),
        (None, {"endpoint_override": "a.example"}, errors.Malformed, "absolute"),
        (Catalogued(), {"microversion": "2.1"}, TypeError, "service_type"),
        (
            Catalogued(),
            {"microversion": "2.x", "endpoint_filter": SHIPS},
            ValueError,
            "not a version",
        ),
        (None, {"requests_auth": ("a", "b")}, TypeError, "auth="),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error_that_says_why(face, auth, options, kind, says):
    with pytest.raises(kind, match=says):
        face.session(auth).request("/x", **options)


def test_a_microversion_is_sent_in_the_headers_its_service_knows(face, server):
    session = face.session(Catalogued(server.url))
    session.request("/x", endpoint_filter=SHIPS, microversion="2.5")
    session.request(server.url, microversion=(2, 53), microversion_service_type="compute")
    session.request(server.url, microversion="latest", microversion_service_type="volumev3")
    ships, compute, volumes = (one.headers for one in server.received)
    assert ships["openstack-api-version"] == "ships 2.5"
    assert compute["openstack-api-version"] == "compute 2.53"
    assert compute["x-openstack-nova-api-version"] == "2.53"
    assert volumes["openstack-api-version"] == "volume latest"


@pytest.mark.parametrize("version", ["2.0", "2.10", "3"])
def test_a_microversion_that_the_service_lacks_is_refused_before_it_is_sent(face, server, version):
    session = face.session(Catalogued(server.url))
    with pytest.raises(errors.VersionNotAvailable, match=r"2\.1 to 2\.9"):
        session.request("/x", endpoint_filter=SHIPS, microversion=version)
    assert server.received == []


def answer_of(face, question):
    return face._runner.run(question) if asyncio.iscoroutine(question) else question


def test_a_session_answers_what_client_libraries_ask(face):
    session = face.session(Catalogued("http://a.example/v2")).session
    asked: dict[Any, Any] = {
        session.get_token: "t-1",
        session.get_auth_headers: {"X-Auth-Token": "t-1"},
        session.get_user_id: "u-1",
        session.get_project_id: "p-1",
        session.access: ("u-1", "here", None, None, {}),
    }
    for question, answer in asked.items():
        assert answer_of(face, question()) == answer
    assert answer_of(face, session.get_endpoint(**SHIPS)) == "http://a.example/v2"
    assert answer_of(face, session.get_endpoint(service_type="x")) is None
    assert answer_of(face, session.get_endpoint_data(**SHIPS)).max_microversion == (2, 9)
    assert answer_of(face, session.get_api_major_version(**SHIPS)) == (2, 0)
    assert answer_of(face, session.get_api_major_version(service_type="x")) is None
    assert answer_of(face, session.get_all_version_data(interface="x")) == {
        "north": {"interface": "x"}
    }
    assert session.get_auth_connection_params() == {}
    other = Catalogued("http://b.example")
    assert answer_of(face, session.get_endpoint(other, **SHIPS)) == "http://b.example"


def test_without_a_plugin_such_questions_are_an_error(face):
    session = face.session().session
    with pytest.raises(errors.IncompleteCredentials, match="auth="):
        answer_of(face, session.get_token())
    assert answer_of(face, session.access()) is None


def test_an_adapter_fixes_service_headers_and_agent_and_a_call_may_say_otherwise(face, server):
    auth = Catalogued(server.url)
    session = face.session(app_name="app").session
    adapter = Adapter(
        session,
        auth=auth,
        service_type="ships",
        interface=["internal", "public"],
        client_name="ship-client",
        client_version="3",
        additional_headers={"X-Fleet": "a"},
        default_microversion="2.2",
        global_request_id="req-1",
        raise_exc=False,
    )
    answer_of(face, adapter.get("/x", headers={"X-Ship": "b"}, microversion="2.3"))
    answer_of(face, adapter.get("/x", headers={"X-Fleet": "c"}))
    first, second = (one.headers for one in server.received)
    assert first["user-agent"].startswith("app ship-client/3 sojourn/")
    assert (first["x-fleet"], first["x-ship"], second["x-fleet"]) == ("a", "b", "c")
    assert first["openstack-api-version"] == "ships 2.3"
    assert second["openstack-api-version"] == "ships 2.2"
    assert first["x-openstack-request-id"] == "req-1"
    assert auth.asked[0] == {"service_type": "ships", "interface": ["internal", "public"]}
    assert answer_of(face, adapter.get_endpoint()) == server.url
    assert answer_of(face, adapter.get_endpoint_data()).service_type == "ships"
    assert answer_of(face, adapter.get_api_major_version()) == (2, 0)
    assert answer_of(face, adapter.get_token()) == "t-1"
    assert answer_of(face, adapter.get_user_id()) == "u-1"
    assert answer_of(face, adapter.get_project_id()) == "p-1"
    assert answer_of(face, adapter.get_all_version_data()) == {"north": {}}
    assert adapter.invalidate() is False
    elsewhere = Adapter(session, auth=auth, endpoint_override=f"{server.url}/over")
    assert answer_of(face, elsewhere.get("y")).json() == "/over/y"


def test_timings_are_kept_when_asked_for_and_can_be_reset(face, server):
    session = face.session(collect_timing=True)
    session.request(f"{server.url}/x?secret=hush")
    (timing,) = session.session.get_timings()
    assert (timing.method, timing.url) == ("GET", f"{server.url}/x?secret=***")
    assert timing.elapsed.total_seconds() > 0
    session.session.reset_timings()
    assert session.session.get_timings() == []
    without = face.session()
    without.request(server.url)
    assert without.session.get_timings() == []


def test_a_call_may_have_a_semaphore_of_its_own(face, serve):
    held = threading.Semaphore(1) if face.kind == "threads" else asyncio.Semaphore(1)
    free = []

    def answer(_):
        free.append(held._value)
        return ok()

    server = serve(answer)
    session = face.session()
    session.request(server.url, rate_semaphore=held)
    session.request(server.url)
    assert free == [0, 1]


def test_a_plugin_may_need_certificates_of_its_own(face, serve, tmp_path):
    authority, context = certificate(tmp_path)
    server = serve(lambda _: ok(), tls=context)
    session = face.session()
    with pytest.raises(errors.SSLFailure):
        session.request(server.url, auth=Catalogued())
    assert session.request(server.url, auth=Catalogued(verify=authority)).ok
    assert session.request(server.url, auth=Catalogued(verify=authority)).ok


def test_a_plugin_that_needs_anything_else_of_a_connection_is_refused(face):
    with pytest.raises(errors.ConfigurationError, match="proxies"):
        face.session().request("http://a.example/", auth=Catalogued(proxies={}))


def test_what_a_session_was_made_with_can_be_read_and_what_cannot_change_is_read_only(face):
    session = face.session(verify=False, timeout=3).session
    assert (session.verify, session.cert, session.timeout) == (False, None, 3)
    session.timeout = 4
    assert session._call("http://a.example/", "GET", {}).request.timeout == (4.0, 4.0)
    with pytest.raises(AttributeError):
        session.verify = True
    with pytest.raises(ValueError, match="seconds"):
        face.session(timeout=0)


def test_discovery_caches_can_be_shared():
    cache: dict[str, object] = {}
    assert Session(discovery_cache=cache).env.discovery is cache
    assert AsyncSession(discovery_cache=cache).env.discovery is cache
    assert Session().env.discovery is not Session().env.discovery
