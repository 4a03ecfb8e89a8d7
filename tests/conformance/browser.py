"""A browser of the tests: a cookie jar that follows redirects inside the provider, and reads and submits its forms.

It stops where the provider sends it away: a relying party's address is a `Landing` and is never fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
from msgspec import Struct

MOST_STEPS = 12


class Person(Struct, frozen=True):
    """Somebody with an account."""

    login: str
    password: str


class Form(Struct):
    """One form: where it goes, what its inputs hold, and its buttons as (name, value)."""

    action: str
    fields: dict[str, str]
    buttons: list[tuple[str, str]]


class Landing(Struct, frozen=True):
    """Where the provider sent the browser away to, and with what; `method` tells a form post from a redirect."""

    url: str
    parameters: dict[str, str]
    method: str = "GET"

    @property
    def address(self) -> str:
        """The address without its query."""
        return self.url.partition("?")[0]

    @property
    def error(self) -> str:
        return self.parameters.get("error", "")


class _Reader(HTMLParser):
    """Collects forms, links and the language."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = found.get("lang", "")
        elif tag == "a":
            self.links.append(found.get("href", ""))
        elif tag == "form":
            self.forms.append(Form(found.get("action", ""), {}, []))
        elif self.forms and tag == "input" and found.get("name"):
            self.forms[-1].fields[found["name"]] = found.get("value", "")
        elif self.forms and tag == "button" and found.get("name"):
            self.forms[-1].buttons.append((found["name"], found.get("value", "")))


class Page:
    """A page of the provider."""

    def __init__(self, response: httpx2.Response) -> None:
        self.url = str(response.url)
        self.status = response.status_code
        self.headers = response.headers
        self.html = response.text
        reader = _Reader()
        reader.feed(self.html)
        self.forms, self.links, self.language = reader.forms, reader.links, reader.language

    @property
    def form(self) -> Form:
        assert len(self.forms) == 1, f"{self.url} has {len(self.forms)} forms: {self.html}"
        return self.forms[0]

    @property
    def kind(self) -> str:
        """What the page asks: the last part of its form's address, or 'nothing'."""
        return urlsplit(self.forms[0].action).path.rpartition("/")[2] if self.forms else "nothing"

    def link(self, part: str) -> str:
        """The link whose address holds `part`."""
        return next(urljoin(self.url, link) for link in self.links if part in link)

    def __repr__(self) -> str:
        return f"Page({self.status} {self.kind} {self.url})"


class Browser:
    """One browser with its cookies. `asked` lists what its pages asked of the person, in order."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.origin = "{0.scheme}://{0.netloc}".format(urlsplit(issuer))
        self.asked: list[str] = []
        self.http = httpx2.Client(trust_env=False, verify=False, timeout=60)

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.http.cookies.jar}

    def open(self, url: str) -> Page | Landing:
        """Go to an address, as from the address bar or another site's link."""
        return self._follow(self.http.get(url))

    def post_from_elsewhere(self, url: str, fields: Mapping[str, str]) -> Page | Landing:
        """Submit another site's form: a browser sends no SameSite=Lax cookies along."""
        with httpx2.Client(trust_env=False, verify=False, timeout=60) as bare:
            response = bare.post(url, data=dict(fields), headers={"origin": "https://rp.example"})
        for cookie in response.cookies.jar:
            self.http.cookies.jar.set_cookie(cookie)
        return self._follow(response)

    def submit(
        self, page: Page, *, button: tuple[str, str] | None = None, **fields: str
    ) -> Page | Landing:
        """Submit the page's form with some fields filled in, by one of its buttons."""
        form = page.form
        assert button is None or button in form.buttons
        filled = form.fields | fields | (dict([button]) if button else {})
        where = urljoin(page.url, form.action)
        if not self._ours(where):
            return Landing(where, filled, "POST")
        headers = {"origin": self.origin}
        return self._follow(self.http.post(where, data=filled, headers=headers))

    def sign_in(self, page: Page, person: Person) -> Page | Landing:
        return self.submit(page, login=person.login, password=person.password)

    def finish(self, where: Page | Landing, person: Person, *, allow: bool = True) -> Landing:
        """Do what the pages ask, as `person`, until the provider sends the browser away."""
        for _ in range(MOST_STEPS):
            if isinstance(where, Landing):
                return where
            assert where.status == 200, f"{where!r}: {where.html}"
            where = self._step(where, person, allow=allow)
        raise AssertionError(f"the flow does not end: {self.asked}")

    def _step(self, page: Page, person: Person, *, allow: bool) -> Page | Landing:
        kind = page.kind
        if not self._ours(urljoin(page.url, page.form.action)):
            return self.submit(page)
        self.asked.append(kind)
        if kind == "sign-in":
            return self.sign_in(page, person)
        if kind == "consent":
            return self.submit(page, button=("decision", "allow" if allow else "deny"))
        if kind == "choose-account":
            first = next(button for button in page.form.buttons if button[0] == "account")
            return self.submit(page, button=first)
        raise AssertionError(f"nobody knows what to do with {page!r}: {page.html}")

    def _ours(self, url: str) -> bool:
        return url == self.issuer or url.startswith(f"{self.issuer}/")

    def _follow(self, response: httpx2.Response) -> Page | Landing:
        for _ in range(MOST_STEPS):
            if response.status_code not in (301, 302, 303, 307, 308):
                return Page(response)
            assert response.status_code == 303, "a redirect that could repeat a form"
            url = urljoin(str(response.url), response.headers["location"])
            if not self._ours(url):
                query = parse_qsl(urlsplit(url).query, strict_parsing=True) if "?" in url else []
                assert len(dict(query)) == len(query), f"a parameter came twice: {url}"
                return Landing(url, dict(query))
            response = self.http.get(url)
        raise AssertionError("the redirects do not end")
