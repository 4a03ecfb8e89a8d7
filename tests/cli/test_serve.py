"""The server as a process: its start, its end, and everything that can stand in its way."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from sojourn.errors import ConfigurationError
from sojourn.server.serving import preflight
from sojourn.server.serving.protocol import MAX_HEAD
from tests.cli.conftest import PATIENCE, free_port, started

NOW = preflight.EARLIEST + 86_400_000
UNWRITABLE = Path("/dev/fd")
"""A folder in which nobody, root neither, can make a file: the kernel alone fills it."""


@pytest.fixture
def port():
    return free_port()


def serving(cli, port, *words, **variables):
    return started(cli, "serve", "--data", "d", "--port", str(port), *words, **variables)


def raw(port, request):
    """The whole answer to bytes on a fresh connection."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
        peer.sendall(request)
        return b"".join(iter(lambda: peer.recv(65536), b""))


@contextmanager
def begun(port):
    """A connection on which half a request has arrived: the server asks for the rest (RFC 9110 §10.1.1)."""
    head = (
        b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as peer:
        peer.sendall(head)
        assert peer.recv(1024).startswith(b"HTTP/1.1 100 ")
        peer.sendall(b"a=")
        yield peer


def closed(port):
    """Wait until nobody listens any more."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
        except ConnectionRefusedError:
            return True
        except (ConnectionResetError, TimeoutError):
            pass  # it was taken in before the end, and let go with it or forgotten: ask again
    return False


def test_an_empty_folder_becomes_a_server_that_answers_when_it_says_so(cli, port, tmp_path):
    with serving(cli, port) as server:
        assert server.first == f"Sojourn is ready at http://127.0.0.1:{port}\n"
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/.well-known/openid-configuration"
        ) as reply:
            assert json.loads(reply.read())["issuer"] == f"http://127.0.0.1:{port}"
            assert "server" not in reply.headers
        ended = server.stop()
    assert ended.code == 0
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "d" / "root.key").stat().st_mode) == 0o600


def test_the_set_up_link_is_printed_while_there_is_no_administrator_and_never_logged(cli, port):
    with serving(cli, port, "--log-level", "debug") as server:
        ended = server.stop()
    link = ended.out.splitlines()[1]
    assert f"http://127.0.0.1:{port}/set-up?token=sj_u_" in link
    assert "sj_u_" not in ended.err
    cli.good("users", "add", "ada", "--admin", "--no-password", "--data", "d")
    with serving(cli, port) as server:
        assert "set-up" not in server.stop().out


def test_logs_are_one_json_object_a_line_without_secrets(cli, port):
    cli.good("users", "add", "ada", "--password-stdin", "--data", "d", said="a good long password")
    with serving(cli, port, "--log-format", "json") as server:
        raw(port, b"GET /userinfo HTTP/1.0\r\nAuthorization: Bearer sj_a_0123456789abcdef\r\n\r\n")
        assert server.logs("user.created")
        ended = server.stop()
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert any("user.created" in line["message"] for line in lines)
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert "0123456789abcdef" not in ended.err
    assert "long password" not in ended.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_has_begun_is_finished_before_the_end(cli, port, number):
    with serving(cli, port) as server:
        with begun(port) as peer:
            server.popen.send_signal(number)
            assert closed(port)
            peer.sendall(b"bc")
            answer = b"".join(iter(lambda: peer.recv(65536), b""))
        ended = server.stop()
    assert answer.startswith(b"HTTP/1.1 401")
    assert b'"error":"invalid_client"' in answer
    assert ended.code == 0


def test_what_does_not_finish_in_time_is_cut_off_and_told_by_the_exit_code(cli, port):
    with serving(cli, port, "--drain-seconds", "1") as server, begun(port):
        ended = server.stop()
    assert ended.code == 1


def test_a_second_signal_ends_it_at_once(cli, port):
    with serving(cli, port, "--drain-seconds", "600") as server, begun(port):
        server.popen.send_signal(signal.SIGTERM)
        assert closed(port)
        assert server.stop().code == 1


def test_a_port_in_use_is_one_line(cli, port):
    with socket.create_server(("127.0.0.1", port)):
        refused = cli("serve", "--data", "d", "--port", str(port))
    assert refused.code == 8
    assert refused.err == (
        f"Error: 127.0.0.1 port {port} is in use by another program. "
        "Stop it, or choose another with --port.\n"
    )


def test_a_second_server_on_the_same_folder_is_one_line(cli, port):
    with serving(cli, port) as server:
        refused = cli("serve", "--data", "d", "--port", str(free_port()))
        assert refused.code == 7
        assert f"in use by process {server.popen.pid}" in refused.err.splitlines()[-1]


def test_a_folder_that_cannot_be_had_is_one_line(cli, tmp_path):
    (tmp_path / "file").touch()
    refused = cli("serve", "--data", "file")
    assert (refused.code, refused.err.count("\n")) == (8, 1)
    assert "file is not a folder" in refused.err
    below = cli("serve", "--data", "file/below")
    assert (below.code, below.err.count("\n")) == (8, 1)
    assert "cannot be made: not a directory" in below.err


def test_a_folder_that_cannot_be_written_is_one_line(cli):
    with pytest.raises(OSError) as here:
        (UNWRITABLE / "file").touch()
    refused = cli("serve", "--data", str(UNWRITABLE))
    assert refused.code == 8
    assert refused.err == (
        f"Error: The data folder {UNWRITABLE} cannot be written: "
        f"{(here.value.strerror or '').lower()}.\n"
    )


def test_a_wrong_root_key_is_one_line_and_harms_nothing(cli, port):
    with serving(cli, port) as server:
        server.stop()
    refused = cli("serve", "--data", "d", "--port", str(port), SOJOURN_ROOT_KEY="A" * 42 + "E")
    assert refused.code == 8
    assert "this root key does not open this store" in refused.err.splitlines()[-1]
    with serving(cli, port) as server:
        assert server.stop().code == 0


@pytest.mark.parametrize(
    ("variables", "words", "said"),
    [
        ({"SOJOURN_PROT": "1"}, [], "SOJOURN_PROT. Did you mean SOJOURN_PORT?"),
        ({}, ["--host", "0.0.0.0"], "say --issuer"),
        ({}, ["--store", "mysql:x"], "No store of the kind 'mysql' is installed"),
        (
            {},
            ["--host", "192.0.2.1", "--issuer", "https://a.example"],
            "This machine has no address",
        ),
        ({}, ["--config", "gone.toml"], "gone.toml cannot be read"),
        ({"SOJOURN_ROOT_KEY": "short"}, [], "the root key must be 32 bytes"),
    ],
)
def test_a_configuration_that_cannot_be_is_one_line(cli, port, variables, words, said):
    refused = cli("serve", "--data", "d", "--port", str(port), *words, **variables)
    assert refused.code == 8
    assert said in refused.err.splitlines()[-1]


def test_the_file_in_the_working_directory_is_read(cli, port, tmp_path):
    (tmp_path / "sojourn.toml").write_text(f'data = "d"\nport = {port}\n')
    with started(cli, "serve") as server:
        assert f":{port}" in server.first


def test_a_head_over_the_limit_is_refused_whole_or_in_pieces(cli, port):
    with serving(cli, port):
        field = b"X-Filler: " + b"a" * (MAX_HEAD + 1) + b"\r\n"
        whole = raw(port, b"GET / HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n")
        assert whole.startswith(b"HTTP/1.1 431 ")
        endless = raw(port, b"GET / HTTP/1.1\r\nHost: x\r\n" + field)
        assert endless.startswith(b"HTTP/1.1 431 ")
        small = raw(port, b"GET / HTTP/1.0\r\nHost: x\r\nX-Filler: " + b"a" * 8000 + b"\r\n\r\n")
        assert small.startswith(b"HTTP/1.1 200 ")


def test_a_large_body_behind_a_small_head_reaches_its_own_limit(cli, port):
    with serving(cli, port):
        body = b"a=" + b"b" * 70_000
        head = b"POST /token HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        answer = raw(port, head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "request_text",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_closed(cli, port, request_text):
    with serving(cli, port) as server:
        assert raw(port, request_text).startswith(b"HTTP/1.1 400 ")
        assert raw(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert "Traceback" not in server.stop().err


def test_a_clock_before_2026_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="it says 1970-01-01 00:00 UTC"):
        preflight.check_clock(tmp_path, 0)
    preflight.check_clock(tmp_path, NOW)


@pytest.mark.parametrize("name", ["root.key", "sojourn.db", "sojourn.db-wal"])
def test_a_clock_before_what_the_folder_holds_is_refused(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    os.utime(tmp_path / name, ns=(NOW * 1_000_000, NOW * 1_000_000))
    preflight.check_clock(tmp_path, NOW - 60_000)
    with pytest.raises(ConfigurationError, match=f"{name} was written at 2026-01-02"):
        preflight.check_clock(tmp_path, NOW - 3_600_000)
