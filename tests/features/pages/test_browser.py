"""Every page in a real Chromium: light, dark and phone, under its own policy, checked by axe; and
used without script.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from sojourn.server.pages.render import (
    FORM_POST_SCRIPT_HASH,
    Renderer,
    security_headers,
    static_files,
)
from tests.features.pages import samples

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
EVERY = samples.PAGES | samples.HOSTILE_PAGES
LOOKS = {"light": (1200, 900, "light"), "dark": (1200, 900, "dark"), "phone": (360, 740, "light")}
PATIENCE = 60_000
# The form_post page would be gone before it is looked at.
STAY = "HTMLFormElement.prototype.submit = () => {}"


class PageServer(ThreadingHTTPServer):
    """Serves every sample under its name, with the headers a page gets, and keeps the forms it
    was sent.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PageHandler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.renderer = Renderer(issuer=self.origin)
        self.forms: list[tuple[str, dict[str, list[str]], str | None]] = []


class PageHandler(BaseHTTPRequestHandler):
    server: PageServer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test says what matters."""

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        if name.startswith("static/"):
            content, content_type, _ = static_files()[name.removeprefix("static/")]
            self.answer(content, [(b"content-type", content_type.encode())])
        elif name in EVERY:
            post = name.endswith("form_post")
            headers = security_headers(
                form_action=("https://app.example",) if post else (),
                script_hash=FORM_POST_SCRIPT_HASH if post else None,
            )
            page = self.server.renderer.page(EVERY[name], locale="en")
            self.answer(page, [(b"content-type", b"text/html; charset=utf-8"), *headers])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.forms.append(
            (self.path, parse_qs(body, keep_blank_values=True), self.headers["origin"])
        )
        self.answer(b"<!doctype html><title>ok</title>", [(b"content-type", b"text/html")])

    def answer(self, content: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.send_response(200)
        for name, value in headers:
            self.send_header(name.decode(), value.decode())
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        pytest.fail("axe-core is not installed: run `npm ci` at the root of the repository")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=LOOKS)
def looks(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page whose policy lets the checker in."""
    width, height, scheme = LOOKS[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    context.add_init_script(STAY)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page under its own policy."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", EVERY)
def test_axe_finds_nothing_serious(looks: Page, server: PageServer, axe: str, name: str) -> None:
    looks.goto(f"{server.origin}/{name}")
    for closed in looks.locator("summary").all():
        closed.click()
    looks.evaluate(axe)
    violations = looks.evaluate("axe.run().then(found => found.violations)")
    assert [
        (found["id"], node["html"])
        for found in violations
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ] == []


@pytest.mark.parametrize("name", EVERY)
def test_nothing_reaches_past_the_edge(looks: Page, server: PageServer, name: str) -> None:
    looks.goto(f"{server.origin}/{name}")
    for closed in looks.locator("summary").all():
        closed.click()
    width = "document.documentElement"
    assert looks.evaluate(f"{width}.scrollWidth <= {width}.clientWidth")


@pytest.mark.parametrize("name", EVERY)
def test_every_button_and_field_is_large_enough_for_a_thumb(
    looks: Page, server: PageServer, name: str
) -> None:
    looks.goto(f"{server.origin}/{name}")
    small = "element => element.offsetHeight && element.offsetHeight < 44"
    selector = "button, .button, input:not([type=hidden])"
    assert (
        looks.evaluate(f"[...document.querySelectorAll('{selector}')].filter({small}).length") == 0
    )


@pytest.mark.parametrize("name", EVERY)
def test_a_page_breaks_none_of_its_own_policy(page: Page, server: PageServer, name: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.add_init_script(STAY)
    page.goto(f"{server.origin}/{name}")
    assert said == []


def test_the_form_post_page_posts_by_itself(page: Page, server: PageServer) -> None:
    posted: list[str | None] = []

    def receive(route: Route) -> None:
        posted.append(route.request.post_data)
        route.fulfill(status=200, body="arrived")

    page.route("https://app.example/**", receive)
    page.goto(f"{server.origin}/form_post")
    page.wait_for_url("https://app.example/callback")
    assert posted == ["code=sj_c_1&state=a+b%26c"]


def test_a_form_cannot_be_sent_to_an_origin_the_policy_does_not_name(
    page: Page, server: PageServer
) -> None:
    page.goto(f"{server.origin}/sign_in")
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.evaluate(
            "document.forms[0].action = 'https://evil.example/'; document.forms[0].submit()"
        )
    assert page.url == f"{server.origin}/sign_in"


def test_a_person_signs_in_without_script(scriptless: Page, server: PageServer) -> None:
    server.forms.clear()
    scriptless.goto(f"{server.origin}/sign_in")
    scriptless.get_by_label("User name").fill("ada")
    scriptless.get_by_label("Password").fill("correct horse")
    scriptless.get_by_label("Password").press("Enter")
    scriptless.wait_for_url(f"{server.origin}/sign_in")
    (form,) = server.forms
    fields = {"login": ["ada"], "password": ["correct horse"], "csrf": ["t"], "i": ["i1"]}
    assert form == ("/sign_in", fields, server.origin)


def test_one_application_is_ended_without_script(scriptless: Page, server: PageServer) -> None:
    server.forms.clear()
    scriptless.goto(f"{server.origin}/sessions")
    scriptless.get_by_role("button", name="End access for Calendar on all devices").click()
    assert server.forms[0][:2] == (
        "/sessions",
        {"csrf": ["t"], "id": ["c1"], "action": ["end_client"]},
    )


def test_a_problem_takes_the_focus(page: Page, server: PageServer) -> None:
    page.goto(f"{server.origin}/sign_in_refused")
    page.wait_for_function("document.activeElement.id === 'problem'")


def test_a_phone_sees_the_tree_going_down_and_a_desk_going_across(
    looks: Page, server: PageServer
) -> None:
    looks.goto(f"{server.origin}/sessions")
    seen = [name for name in ("across", "down") if looks.locator(f".tree.{name}").is_visible()]
    assert seen == (
        ["down"] if looks.viewport_size and looks.viewport_size["width"] < 500 else ["across"]
    )
