"""The `fast` extra: which requests go over pyreqwest, which stay with httpx2, and who may force
either."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from sojourn import AsyncSession, Session, errors
from sojourn.client.transport import choice
from sojourn.client.transport.contract import Request, Timeout
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.testing.transport_contract_desk import Authority
from sojourn.testing.transport_contract_server import ContractServer, reply
from tests.client.servers import ok

HERE = "http://127.0.0.1:1"
FITS = choice.Choice(
    "pyreqwest", 'transport="fast" or "pyreqwest", and it can do all that is asked'
)
USUAL = choice.Choice("httpx2", "what is sent with unless transport= says otherwise")


def chosen(request, *, verify=True, cert=None, proxy=None):
    transport = choice.blocking(Trust(verify, cert), Proxies(proxy, trust_env=False))
    assert isinstance(transport, choice.ChosenTransport)
    return transport.choice(request)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", HERE),
        Request("GET", f"{HERE}?x=1?y"),
        Request("GET", f"{HERE}/a%20b?x=1&y=%2F"),
        Request("PROPFIND", "https://a.example/"),
        Request("POST", HERE, (("Content-Type", "text/plain"),), b"abc"),
        Request("GET", "http://[::1]:1/"),
    ],
    ids=str,
)
def test_a_plain_request_goes_over_pyreqwest(request_):
    assert chosen(request_) == FITS


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (Request("GET", "http://a.example:80/"), "URL"),
        (Request("GET", "http://A.example/"), "URL"),
        (Request("GET", f"{HERE}/a/../b"), "URL"),
        (Request("GET", f"{HERE}/%2e%2e/b"), "URL"),
        (Request("GET", "http://0x7f.1/"), "URL"),
        (Request("GET", f"{HERE}/a@b"), "URL"),
        (Request("POST", HERE, content=iter([b"a"])), "streamed"),
        (Request("POST", HERE, content=bytes(300_000)), "large"),
        (Request("GET", HERE, (("X-A", "ä"),)), "ASCII"),
        (Request("POST", HERE, (("Transfer-Encoding", "chunked"),)), "Transfer-Encoding"),
        (Request("GET", HERE, timeout=Timeout(connect=9, read=8)), "limit to connect"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_pyreqwest_would_do_otherwise_stays_with_httpx2(request_, why):
    library, reason = chosen(request_)
    assert library == "httpx2"
    assert why in reason


def test_authorities_certificates_and_proxies_that_it_cannot_honour_stay_with_httpx2():
    secure = Request("GET", "https://a.example/")
    assert "authorities" in chosen(secure, verify="ca.pem").reason
    assert "certificate" in chosen(secure, cert="me.pem").reason
    assert chosen(Request("GET", HERE), verify="ca.pem", cert="me.pem").library == "pyreqwest"
    assert chosen(secure, verify=False).library == "pyreqwest"
    assert "SOCKS" in chosen(secure, proxy="socks5://127.0.0.1:1").reason
    assert chosen(secure, proxy="http://127.0.0.1:1").library == "pyreqwest"
    assert (
        "authorities"
        in chosen(Request("GET", HERE), verify="ca.pem", proxy="https://127.0.0.1:1").reason
    )


def test_without_authorities_on_this_machine_httpx2_decides(monkeypatch, tmp_path):
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert "no authorities" in chosen(Request("GET", "https://a.example/")).reason


def test_a_daemon_thread_stays_with_httpx2():
    found = []
    thread = threading.Thread(
        target=lambda: found.append(chosen(Request("GET", HERE))), daemon=True
    )
    thread.start()
    thread.join()
    assert "daemon" in found[0].reason


def test_a_session_of_too_many_limits_does_not_open_a_client_for_each():
    transport = choice.blocking(Trust(), Proxies(None, trust_env=False))
    assert isinstance(transport, choice.ChosenTransport)
    asked = [Request("GET", HERE, timeout=Timeout(1, 2 + number)) for number in range(17)]
    libraries = [transport.choice(each).library for each in asked]
    assert libraries == ["pyreqwest"] * 16 + ["httpx2"]


def test_a_child_that_was_forked_later_stays_with_httpx2():
    assert chosen(Request("GET", HERE)).library == "pyreqwest"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if "forked" in chosen(Request("GET", HERE)).reason else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_both_libraries_ask_with_the_same_words(serve):
    server = serve(lambda _: ok())
    for library in ("httpx2", "pyreqwest"):
        with Session(transport=library, trust_env=False) as session:
            session.post(f"{server.url}/a?b=c", json={"a": 1}, headers={"X-A": "b"})
    first, second = server.received
    assert first.target == second.target
    assert first.body == second.body
    names = {name: value for name, value in first.headers.items() if name != "connection"}
    assert names == second.headers


def test_a_header_value_outside_ascii_is_there_but_cannot_be_read():
    with ContractServer(lambda _: reply(b"", "X-A: ä", "X-B: c")) as server:
        with Session(transport="pyreqwest", trust_env=False) as session:
            answer = session.get(server.url)
        assert (answer.headers["x-a"], answer.headers["x-b"]) == ("\ufffd", "c")
        with Session(transport="httpx2", trust_env=False) as session:
            assert session.get(server.url).headers["x-a"] == "ä"


@pytest.mark.parametrize("kind", [Session, AsyncSession])
def test_explain_says_which_library_sends_and_why(kind):
    assert kind(transport="fast", trust_env=False).explain(HERE) == [str(FITS)]
    (line,) = kind(transport="fast", trust_env=False, verify="ca.pem").explain("https://a.example/")
    assert line == "sent with httpx2: the session trusts authorities of its own"
    assert kind().explain(HERE) == kind(transport="httpx2").explain(HERE) == [str(USUAL)]
    (line,) = kind(transport="pyreqwest", cert="me.pem").explain("https://a.example/")
    assert line.startswith("sent with pyreqwest")
    assert "refuse" in line


def test_explain_looks_through_a_semaphore_and_knows_a_transport_of_the_callers_own():
    paced = Session(rate_semaphore=threading.Semaphore(), transport="httpx2")
    assert paced.explain(HERE) == [str(USUAL)]

    class Mine:
        def send(self, request):
            raise NotImplementedError

        def close(self):
            pass

    assert "was given" in Session(transport=Mine()).explain(HERE)[0]


def test_a_forced_library_refuses_what_it_cannot_do_instead_of_leaving_it_to_the_other(serve):
    server = serve(lambda _: ok())
    with Session(transport="pyreqwest", trust_env=False) as session:
        assert session.get(server.url).ok
        with pytest.raises(errors.ConfigurationError, match="streamed"):
            session.post(server.url, data=iter([b"a"]))

    async def awaited():
        async with AsyncSession(transport="pyreqwest", trust_env=False) as other:
            assert (await other.get(server.url)).ok
            with pytest.raises(errors.ConfigurationError, match="limit to connect"):
                await other.get(server.url, timeout=(9, 8))

    asyncio.run(awaited())
    assert len(server.received) == 2


def test_whom_a_forced_library_does_not_trust_is_an_error_of_tls(tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority.pem)
    context = authority.server_by_itself()
    with ContractServer(lambda _: reply(), tls=context) as server:
        with (
            Session(transport="pyreqwest", trust_env=False) as session,
            pytest.raises(errors.SSLFailure),
        ):
            session.get(server.url)
        with Session(transport="fast", trust_env=False) as session:
            assert session.get(server.url).ok


def test_another_library_is_refused_by_name():
    with pytest.raises(errors.ConfigurationError, match='"httpx2", "fast" or "pyreqwest"'):
        Session(transport="requests")  # type: ignore[arg-type]


WITHOUT = """
import sys
sys.modules["pyreqwest"] = None
from sojourn import Session, errors
session = Session(trust_env=False)
assert session.get(sys.argv[1]).ok
for name in ("fast", "pyreqwest"):
    try:
        Session(transport=name)
    except errors.ConfigurationError as error:
        assert 'pip install "sojourn[fast]"' in str(error), error
    else:
        raise AssertionError
"""


def test_without_the_extra_httpx2_does_it_all(serve):
    server = serve(lambda _: ok())
    subprocess.run([sys.executable, "-c", WITHOUT, server.url], check=True)


INTERRUPTED = """
import os, signal, sys
from sojourn import Session
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it
session = Session(transport="pyreqwest", trust_env=False)
try:
    session.get(sys.argv[1], params={"pid": os.getpid()})
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_is_heeded_when_the_answer_is_there_and_aborts_nothing(serve):
    def interrupting(received):
        os.kill(int(received.target.rpartition("=")[2]), 2)
        return ok()

    server = serve(interrupting)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, server.url], capture_output=True, check=False, text=True
    )
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


LAST_THING = """
import asyncio, sys
from sojourn import AsyncSession
asyncio.run(AsyncSession(transport="pyreqwest", trust_env=False).get(sys.argv[1]))
"""


def test_a_program_may_end_right_after_its_last_answer(serve):
    server = serve(lambda _: ok())
    command = [sys.executable, "-c", LAST_THING, server.url]
    for _ in range(4):
        running = [subprocess.Popen(command) for _ in range(2)]
        assert [each.wait() for each in running] == [0, 0]
