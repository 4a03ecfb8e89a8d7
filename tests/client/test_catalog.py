"""Endpoints of a catalog and their versions: which one a filter means, what is asked for it."""

from __future__ import annotations

import pytest

from sojourn import Adapter, errors
from sojourn.client.catalog.selection import Catalog, Filter
from sojourn.client.dialects.keystone import v3
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from sojourn.testing.clock import Clock
from sojourn.wire.keystone import Endpoint
from tests.client.servers import ok
from tests.client.small_keystone import SmallKeystone
from tests.client.test_services import answer_of

ENDPOINTS = [
    Endpoint("https://p.n", "public", "compute", "nova", "s-1", "e-1", "north"),
    Endpoint("https://i.n", "internal", "compute", "nova", "s-1", "e-2", "north"),
    Endpoint("https://p.s", "public", "compute", "nova", "s-1", "e-3", "south"),
    Endpoint("https://v2", "publicURL", "volumev2", None, None, None, "north"),
    Endpoint("https://v3", "public", "volumev3", "cinder", "s-2", "e-4", "north"),
]


@pytest.mark.parametrize(
    ("wanted", "urls"),
    [
        ({"service_type": "compute", "interface": "public", "region_name": "south"}, ["https://p.s"]),
        ({"service_type": "compute", "interface": ["internal", "public"]}, ["https://i.n", "https://p.n", "https://p.s"]),
        ({"service_type": "compute", "interface": ["admin", "publicURL"], "region_name": "north"}, ["https://p.n"]),
        ({"service_type": "compute", "interface": "admin"}, []),
        ({"service_type": "block-storage"}, ["https://v3", "https://v2"]),
        ({"service_type": "volumev2"}, ["https://v2"]),
        ({"service_type": "volume", "service_name": "cinder"}, ["https://v3", "https://v2"]),
        ({"service_type": "compute", "service_name": "other"}, []),
        ({"service_id": "s-2"}, ["https://v3"]),
        ({"endpoint_id": "e-3"}, ["https://p.s"]),
        ({"service_type": "nothing"}, []),
    ],
)  # fmt: skip
def test_a_filter_means_the_endpoints_that_fit_best_first(wanted, urls):
    assert [one.url for one in Catalog(ENDPOINTS).find(Filter(**wanted))] == urls


def test_what_is_not_there_is_an_error_that_names_what_is():
    with pytest.raises(errors.EndpointNotFound, match=r"'x'.*compute, volumev2, volumev3"):
        Catalog(ENDPOINTS).endpoint(Filter(service_type="x"))
    with pytest.raises(errors.EmptyCatalog):
        Catalog(()).endpoint(Filter(service_type="x"))


def test_a_catalog_of_either_api_is_read():
    v2 = {"serviceCatalog": [{"type": "compute", "endpoints": [{"publicURL": "https://a"}]}]}
    v3 = {
        "catalog": [{"type": "compute", "endpoints": [{"url": "https://a", "interface": "public"}]}]
    }
    asked = Filter(service_type="compute", interface="publicURL")
    assert Catalog.of(v2).endpoint(asked).url == Catalog.of(v3).endpoint(asked).url == "https://a"
    assert Catalog.of({}).endpoints == ()
    with pytest.raises(errors.Malformed):
        Catalog.of({"serviceCatalog": 3})


@pytest.fixture
def keystone(serve):
    small = SmallKeystone()
    return small.at(serve(small.answer))


@pytest.fixture
def session(face, keystone):
    return face.session(v3.Password(keystone.url, username="ada", password="right"))


def versions(*entries):
    return ok({"versions": list(entries)}, 300)


def version(name, link, status="CURRENT", **more):
    return {"id": name, "status": status, "links": [{"rel": "self", "href": link}], **more}


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"service_type": "compute"}, "/compute/v2.1/p-1/x"),
        ({"service_type": "compute", "interface": ["internal", "public"]}, "/inside/v2.1/p-1/x"),
        ({"service_type": "compute", "region_name": "south"}, "/south/v2.1/p-1/x"),
        ({"service_type": "block-storage", "service_name": "cinder"}, "/volume/v3/p-1/x"),
        ({"service_type": "compute", "version": "2.1"}, "/compute/v2.1/p-1/x"),
        ({"service_type": "compute", "min_version": 2, "max_version": "2"}, "/compute/v2.1/p-1/x"),
        ({"service_type": "identity"}, "/x"),
        ({"service_type": "compute", "unknown": "is ignored"}, "/compute/v2.1/p-1/x"),
    ],
)
def test_a_path_goes_to_the_endpoint_and_nothing_else_is_asked(session, keystone, wanted, path):
    assert session.request("x", endpoint_filter=wanted).json() == {"path": path}
    assert len(keystone.seen) == 1


def test_a_version_that_the_catalog_does_not_name_is_discovered_once(session, keystone):
    keystone.documents["/"] = versions(
        version("v2.0", "https://wrong.example/v2.0", "DEPRECATED"),
        version("v3.14", "https://wrong.example/v3/"),
        version("v4.0", "/v4", "EXPERIMENTAL"),
    )
    identity = {"service_type": "identity", "version": 3}
    for _ in range(2):
        answer = session.request("users", endpoint_filter=identity)
        assert answer.json() == {"path": "/v3/users"}
    assert len(keystone.seen) == 2
    answer = session.request("x", endpoint_filter={"service_type": "identity", "version": "latest"})
    assert answer.json() == {"path": "/v3/x"}
    old = session.request("x", endpoint_filter={"service_type": "identity", "max_version": "2"})
    assert old.json() == {"path": "/v2.0/x"}
    newest = {"service_type": "identity", "version": 4}
    with pytest.raises(errors.EndpointNotFound):
        session.request("x", endpoint_filter=newest)
    allow = {"allow_experimental": True}
    assert session.request("x", endpoint_filter=newest, allow=allow).json() == {"path": "/v4/x"}
    with pytest.raises(errors.EndpointNotFound):
        session.request("x", endpoint_filter={"service_type": "identity", "version": 9})


def test_a_link_of_another_host_or_port_does_not_lead_the_token_there(session, keystone, serve):
    elsewhere = serve(lambda _: ok())
    keystone.documents["/"] = versions(version("v3", f"{elsewhere.url}/v3/"))
    session.request("users", endpoint_filter={"service_type": "identity", "version": 3})
    assert elsewhere.received == []


def test_the_project_of_a_catalogs_url_is_kept_when_the_version_changes(session, keystone):
    keystone.documents["/volume/"] = versions(
        version("v2.0", f"{keystone.url}/volume/v2/"), version("v3.0", f"{keystone.url}/volume/v3/")
    )
    answer = session.request("x", endpoint_filter={"service_type": "volumev3", "version": 2})
    assert answer.json() == {"path": "/volume/v2/p-1/x"}


@pytest.mark.parametrize(
    "document",
    [(404, {}, b""), (200, {}, b"<html>"), ok({"versions": [{"id": "new"}]}), ok({"versions": 3}), None],
)  # fmt: skip
def test_where_nothing_is_discovered_the_catalog_counts_and_a_demanded_version_is_missing(
    face, session, keystone, document
):
    keystone.documents["/compute/v2.1/"] = keystone.documents["/compute/"] = document
    asked = session.session.get_endpoint_data(service_type="compute")
    found = answer_of(face, asked)
    assert found.url == f"{keystone.url}/compute/v2.1/p-1"
    assert (found.api_version, found.max_microversion) == ((2, 1), None)
    with pytest.raises(errors.EndpointNotFound, match="version='7'"):
        session.request("x", endpoint_filter={"service_type": "compute", "version": "7"})


def test_a_microversion_is_checked_against_what_the_service_says(session, keystone):
    low_high = {"min_version": "2.1", "version": "2.96"}
    keystone.documents["/compute/v2.1/"] = ok(
        {"version": version("v2.1", f"{keystone.url}/compute/v2.1/", **low_high)}
    )
    compute = {"service_type": "compute"}
    answer = session.request("x", endpoint_filter=compute, microversion="2.90")
    assert answer.request.url == f"{keystone.url}/compute/v2.1/p-1/x"
    with pytest.raises(errors.VersionNotAvailable, match=r"2\.1 to 2\.96"):
        session.request("x", endpoint_filter=compute, microversion="2.97")
    volumes = {"service_type": "volumev3"}  # says nothing: whatever is asked for is sent
    assert session.request("x", endpoint_filter=volumes, microversion="3.70").ok


def test_a_service_that_was_silent_is_asked_again_after_a_minute_and_not_before(serve, keystone):
    clock = Clock()
    env = BlockingEnv(HttpxTransport(Trust(), Proxies(None, trust_env=False)), clock=clock.now)
    auth = v3.Password(keystone.url, username="ada", password="right")

    def find():
        return drive(auth.endpoint(env, service_type="identity", version=3))

    keystone.documents["/"] = (503, {}, b"")
    assert find() is None
    keystone.documents["/"] = versions(version("v3.14", "/v3/"))
    assert find() is None
    clock.advance(seconds=61)
    assert find().url == f"{keystone.url}/v3"
    env._transport.close()


def test_every_version_of_a_service_can_be_listed(face, session, keystone):
    keystone.documents["/"] = versions(version("v3.14", "/v3/"))
    tree = answer_of(face, session.session.get_all_version_data(service_type="identity"))
    (found,) = tree["north"]["public"]["identity"]
    assert found.api_version == (3, 14)
    compute = answer_of(face, session.session.get_all_version_data(service_type="compute"))
    assert set(compute) == {"north", "south"}
    assert compute["north"]["public"]["compute"][0].url == f"{keystone.url}/compute/v2.1/p-1"


def test_after_a_new_token_its_own_catalog_counts(session, keystone):
    compute = {"service_type": "compute"}
    session.request("x", endpoint_filter=compute)
    before, keystone.catalog = (
        keystone.catalog(),
        lambda: [
            {"type": "compute", "endpoints": [keystone.endpoint(f"{keystone.url}/moved")]},
        ],
    )
    assert before
    session.session.invalidate()
    assert session.request("x", endpoint_filter=compute).json() == {"path": "/moved/x"}


def test_an_adapter_finds_the_version_of_its_service(face, session, keystone):
    keystone.documents["/"] = versions(version("v3.14", "/v3/"))
    adapter = Adapter(session.session, service_type="identity", min_version=3, max_version="latest")
    assert answer_of(face, adapter.get("/users")).json() == {"path": "/v3/users"}
    assert answer_of(face, adapter.get_api_major_version()) == (3, 14)
    assert answer_of(face, adapter.get_endpoint()) == f"{keystone.url}/v3"
    over = Adapter(session.session, endpoint_override=f"{keystone.url}/over")
    assert answer_of(face, over.get_endpoint()) == f"{keystone.url}/over"


def test_keystoneauths_auth_interface_is_where_tokens_come_from(session, keystone):
    answer = session.request("/v3/x", endpoint_filter={"interface": object()})
    assert answer.url == f"{keystone.url}/v3/x"
