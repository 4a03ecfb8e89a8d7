"""The wheel, built and installed into fresh environments: the client alone, and the server with its extra."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("packaging")


def run(*command: str | Path, code: int = 0) -> str:
    done = subprocess.run(
        [str(word) for word in command], check=False, capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == code, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", folder, ROOT)
    return next(folder.glob("*.whl"))


def environment(folder: Path, *requirements: str) -> Path:
    run(sys.executable, "-m", "uv", "venv", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "uv", "pip", "install", "--python", python, *requirements)
    return python.parent


def test_the_wheel_holds_the_package_with_its_pages_and_nothing_else(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("pages/templates/sign_in.html") for name in names)
    assert any(name.endswith("py.typed") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sojourn"}


def test_the_client_works_without_the_server_extra(wheel: Path, tmp_path: Path):
    binaries = environment(tmp_path / "client", str(wheel))
    code = "from sojourn import Session; print(Session(), __import__('sys').modules.get('apsw'))"
    assert "Session" in run(binaries / "python", "-c", code)
    assert "sojourn" in run(binaries / "sojourn", "--version").lower()


def test_serving_without_the_server_extra_says_what_to_install(wheel: Path, tmp_path: Path):
    binaries = environment(tmp_path / "client", str(wheel))
    said = run(binaries / "sojourn", "serve", "--data", tmp_path / "data", code=8)
    assert "sojourn[server]" in said
    assert "Traceback" not in said


def test_the_server_works_with_its_extra(wheel: Path, tmp_path: Path):
    binaries = environment(tmp_path / "server", f"sojourn[server] @ {wheel.as_uri()}")
    code = (
        "from sojourn.server import SessionManager, create_authn_event;"
        "m = SessionManager.open('memory:');"
        "s = m.create_session(create_authn_event('diana'), {'scope': 'openid'}, 'diana', 'app');"
        "print(m.get_grant(s).mint_token('access_token').value)"
    )
    assert run(binaries / "python", "-c", code).startswith("sj_a_")
    data = tmp_path / "data"
    run(binaries / "sojourn", "users", "add", "ada", "--data", data, "--no-password")
    assert '"login":"ada"' in run(
        binaries / "sojourn", "users", "list", "--data", data, "--json"
    ).replace(" ", "")
