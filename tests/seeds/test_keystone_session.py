"""The Keystone page and everything that stands beside it, against a real Keystone with its real clients:
each scene of `keystone_scenes` in a process of its own, with the Python of .build/keystone."""

from __future__ import annotations

import ast
import datetime as dt
import json
import os
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parents[2]
SCENES = ROOT / "tests" / "seeds" / "keystone_scenes"
PYTHON = ROOT / ".build" / "keystone" / "bin" / "python"
HOST = "my.keystone.com"

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("keystone")]


def scenes() -> list[str]:
    """`module.function` of every scene."""
    return [
        f"{path.stem}.{node.name}"
        for path in sorted(SCENES.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("scene_")
    ]


@pytest.fixture(scope="session")
def keystone(tmp_path_factory) -> Iterator[dict[str, Any]]:
    """A Keystone that listens, and what it says of itself."""
    if not PYTHON.exists():
        pytest.fail("Keystone is not installed: run `make .build/keystone/.stamp`")
    folder = tmp_path_factory.mktemp("keystone")
    certificate, key = _certificate(folder)
    settings = {"folder": str(folder), "certificate": str(certificate), "key": str(key)}
    with subprocess.Popen(
        [PYTHON, "-W", "ignore", ROOT / "tests" / "peers" / "keystone_server.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        told = process.stdout.readline()
        if not told:
            pytest.fail(f"Keystone did not start: {process.communicate()[1][-2000:]}")
        yield {**json.loads(told), "ca": str(certificate)}
        process.communicate("\n")


@pytest.mark.parametrize("scene", scenes())
def test_scene(keystone, scene, tmp_path) -> None:
    module, _, name = scene.partition(".")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    done = subprocess.run(
        [PYTHON, "-c", f"from tests.seeds.keystone_scenes import {module} as m; m.{name}()"],
        env={
            **inherited,
            "KEYSTONE": json.dumps(keystone),
            "PYTHONPATH": str(ROOT),
            "SOJOURN_HOME": str(tmp_path),
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def test_a_scene_that_fails_would_be_told(keystone, tmp_path) -> None:
    with pytest.raises(AssertionError, match="no_such_scene"):
        test_scene(keystone, "page.no_such_scene", tmp_path)


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names = [x509.DNSName(HOST), x509.IPAddress(ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=12))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "ca.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private
