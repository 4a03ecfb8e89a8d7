"""Every Python block of README.md and docs/ runs, a page's blocks one after the other."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sojourn import Accounts
from sojourn.client.dialects.oidc import ClientCredentials
from tests.docs.conftest import World
from tests.docs.pages import PAGES, ROOT, blocks

WITH_CODE = [page for page in PAGES if blocks(page, "python")]


def run(page: Path, world: World) -> dict[str, Any]:
    """Run the page's blocks; returns the names they leave."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for line, text in blocks(page, "python"):
        code = "\n" * (line - 1) + world.here(text)
        exec(compile(code, str(page), "exec", dont_inherit=True), names)  # noqa: S102 - our pages
    return names


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_a_page_runs(page: Path, new_user: World) -> None:
    run(page, new_user)


def test_a_client_and_a_server_of_about_ten_lines_are_in_the_readme(
    new_user: World, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ROOT / "README.md"
    assert len(blocks(page, "python")) == 2
    for _, text in blocks(page, "python"):
        assert 8 <= len([line for line in text.splitlines() if line.strip()]) <= 14
    run(page, new_user)
    printed = capsys.readouterr().out
    assert "A sojourn is a stay that ends." in printed
    assert "GET" in printed
    assert "client session     revoked" in printed


def test_the_protected_examples_serve_who_has_a_token_and_nobody_else(new_user: World) -> None:
    names = run(ROOT / "docs" / "protect-a-service.md", new_user)
    auth = ClientCredentials(
        new_user.issuer,
        "nightly",
        client_secret=new_user.nightly_secret,
        resource=new_user.notes,
        dpop=False,
    )
    account = Accounts().login(auth, name="nightly")
    bearer = f"Bearer {account.token()}"
    assert names["handle"](bearer) == (200, "nightly")
    asyncio.run(ask_both(names, bearer))
    environ: dict[str, Any] = {"HTTP_AUTHORIZATION": bearer, "REQUEST_METHOD": "GET"}
    assert names["application"](environ, lambda *_: None) == [b"dear diary"]
    names["verifier"].close()


async def ask_both(names: dict[str, Any], bearer: str) -> None:
    assert await answered(names["app"], bearer) == (200, b"notes of nightly")
    assert (await answered(names["app"], "Bearer nonsense"))[0] == 401
    await names["verifier"].aclose()


async def answered(app: Any, authorization: str) -> tuple[int, bytes]:
    """What an ASGI application says to a GET."""
    said: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    headers = [(b"authorization", authorization.encode())]
    scope = {"type": "http", "method": "GET", "path": "/notes", "headers": headers}
    await app(scope, None, send)
    return said[0]["status"], said[1]["body"]


def test_the_wrong_code_of_a_page_would_be_told(new_user: World, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n\n```python\nassert 1 == 2\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError) as failure:
        run(page, new_user)
    assert failure.traceback[-1].lineno == 3
