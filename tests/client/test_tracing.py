"""OpenTelemetry: a span a request where the API is installed and something listens; nothing otherwise."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sojourn import errors
from tests.client.servers import ok


@pytest.fixture
def spans(monkeypatch):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter.get_finished_spans
    provider.shutdown()


def test_a_request_is_a_span_with_the_attributes_of_the_conventions(face, serve, spans):
    server = serve(lambda _: ok())
    face.session().request(f"{server.url}/ships?key=hush", "POST", json={})
    (span,) = spans()
    port = int(server.url.rpartition(":")[2])
    assert (span.name, span.kind) == ("POST", trace.SpanKind.CLIENT)
    assert dict(span.attributes) == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"{server.url}/ships?key=***",
        "http.response.status_code": 200,
    }
    trace_id = server.received[0].headers["traceparent"].split("-")[1]
    assert int(trace_id, 16) == span.context.trace_id


def test_a_refused_request_and_one_without_an_answer_are_marked_as_failed(face, serve, spans):
    server = serve(lambda received: ok(status=503) if received.path == "/busy" else None)
    session = face.session()
    with pytest.raises(errors.ServiceUnavailable):
        session.request(f"{server.url}/busy")
    with pytest.raises(errors.ConnectFailure):
        session.request(server.url, "POST")
    refused, lost = spans()
    assert refused.attributes["error.type"] == "503"
    assert lost.attributes["error.type"] == "AnswerLost"
    assert {span.status.status_code for span in (refused, lost)} == {trace.StatusCode.ERROR}
    assert lost.events == ()


def test_each_hop_is_a_span(face, serve, spans):
    server = serve(lambda one: (302, {"Location": "/b"}, b"") if one.path == "/a" else ok())
    face.session().request(f"{server.url}/a")
    assert [span.attributes["http.response.status_code"] for span in spans()] == [302, 200]


def test_where_nothing_listens_no_header_is_added(face, serve):
    server = serve(lambda _: ok())
    face.session().request(server.url)
    assert "traceparent" not in server.received[0].headers


def test_without_the_api_requests_go_out_all_the_same(serve):
    server = serve(lambda _: ok())
    code = f"""
import sys
sys.modules["opentelemetry"] = None
from sojourn import Session
with Session(trust_env=False) as session:
    print(session.get("{server.url}").status_code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "200"
