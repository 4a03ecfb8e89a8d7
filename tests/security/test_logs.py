"""Whatever happens, the log holds no secret: passwords, tokens, codes, cookies, client secrets, keys."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sojourn.server.serving.logs import JsonFormatter, TextFormatter
from sojourn.testing.server import ServerInTest
from tests.security.browser import (
    PASSWORD,
    VERIFIER,
    Browser,
    app,
    authorize_url,
    basic,
    bearer,
    code_for,
    hidden,
    redeem,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.security.place import cli_tokens
from tests.security.wire import request

NEW = "quiet long river"
WRONG = "hunter2 with more letters"


@pytest.fixture
def everything() -> Iterator[io.StringIO]:
    """All that any logger says, as it is, and not as the formatters would mask it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def journey(server: ServerInTest) -> set[str]:
    """Everything that can be done, well and badly; returns every secret that came by."""
    server.add_user("ada", PASSWORD, roles=("administrator",))
    secret = server.add_client(app(post_logout_redirect_uris=("https://app.example/bye",)))
    found = {PASSWORD, NEW, WRONG, secret, VERIFIER, server.settings.root_key or "no root key"}
    found.add(server.application.setup_url.rpartition("=")[2])
    browser = Browser(server.issuer)
    browser.sign_in("ada", WRONG)
    browser.sign_in("nobody", WRONG)
    code = code_for(browser, "app", login="ada", scope="openid offline_access")
    found |= {code, *browser.jar.values()}
    redeem(server, "app", secret, code, code_verifier=WRONG.replace(" ", "") * 3)
    redeem(server, "app", WRONG, code)
    tokens = tokens_of(redeem(server, "app", secret, code))
    found |= {tokens.access, tokens.refresh, tokens.id}
    old = tokens
    for _ in range(2):
        tokens = tokens_of(refresh(server, "app", secret, tokens.refresh))
        found |= {tokens.access, tokens.refresh}
    own = token(server, "app", secret, grant_type="client_credentials").json["access_token"]
    cli = cli_tokens(server, "ada")
    found |= {own, cli.access, cli.id}
    for text in (tokens.access, own, old.refresh, cli.access, "sj_a_" + "x" * 60):
        userinfo(server, text)
        for path in ("/introspect", "/revoke"):
            request(server.issuer, "POST", path, form={"token": text}, headers=basic("app", secret))
        request(server.issuer, "GET", f"/userinfo?access_token={text}")
        data = {"token": text}
        request(server.issuer, "POST", "/account/explain", data=data, headers=bearer(cli.access))
    redeem(server, "app", secret, code)
    refresh(server, "app", secret, old.refresh)
    page = browser.get(f"{server.issuer}/password")
    form = {"current": PASSWORD, "password": NEW, "password_again": NEW}
    browser.post(f"{server.issuer}/password", hidden(page.text) | form)
    found |= {*browser.jar.values(), *hidden(page.text).values()}
    made = {"action": "create", "login": "bob", "password": NEW}
    request(server.issuer, "POST", "/admin/users", data=made, headers=bearer(cli.access))
    browser.get(authorize_url(browser, "app", redirect_uri="https://evil.example/", state=code))
    browser.get(f"{server.issuer}/end-session?id_token_hint={old.id}")
    browser.get(f"{server.issuer}/end-session?id_token_hint={old.id}x")
    browser.post(f"{server.issuer}/sign-in", {"csrf": "wrong", "login": "ada", "password": WRONG})
    server.call(lambda site: site.context.store.sweep(0, 1))
    return {text for text in found if len(text) > 7}


def test_no_secret_is_ever_logged(tmp_path: Path, everything: io.StringIO):
    with ServerInTest(tmp_path / "data") as server:
        secrets = journey(server)
    said = everything.getvalue()
    assert len(said) > 500
    assert len(secrets) > 15
    leaked = [text[:12] for text in secrets if text in said]
    assert not leaked
    assert not re.findall(r"\bsj_[a-z]_[0-9A-Za-z]{20,}", said)
    assert "eyJ" not in said


def test_no_secret_lies_in_the_data_folder_but_under_keys(tmp_path: Path):
    """Random secrets as digests, passwords as hashes, keys sealed: a copy of the store signs nobody in."""
    folder = tmp_path / "data"
    with ServerInTest(folder) as server:
        secrets = journey(server)
        raw = _everything(folder)
    root = (folder / "root.key").read_bytes()
    assert (folder / "root.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "sojourn.db").stat().st_mode & 0o777 == 0o600
    leaked = [text[:12] for text in secrets if text.encode() in raw]
    assert not leaked
    assert root.strip() not in raw
    assert b"PRIVATE KEY" not in raw


def _everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("sojourn.db*"))


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_what_strays_into_a_message_is_masked_and_stays_on_its_line(formatter: logging.Formatter):
    text = (
        "token sj_a_0123456789abcdefghij password=opensesame Bearer Abcdefghijk.lmno\nINFO forged"
    )
    record = logging.LogRecord("sojourn", logging.INFO, "", 0, "%s", (text,), None)
    line = formatter.format(record)
    assert "0123456789" not in line
    assert "opensesame" not in line
    assert "lmno" not in line
    assert "\n" not in line


def test_what_a_client_sends_begins_no_line_of_the_log(tmp_path: Path, everything: io.StringIO):
    evil = "x\nERROR sojourn forged\r\x1b[2J\u2028"
    with ServerInTest(tmp_path / "data") as server:
        browser = Browser(server.issuer)
        browser.sign_in(evil, evil)
        browser.get(authorize_url(browser, evil, state=evil))
        token(server, "app", "wrong", grant_type=evil, code=evil, scope=evil, resource=evil)
        request(server.issuer, "GET", "/%0aERROR%20sojourn%20forged", headers={"User-Agent": "a"})
        request(server.issuer, "POST", "/introspect", form={"token": evil, "client_id": evil})
    assert "\nERROR sojourn forged" not in everything.getvalue()
