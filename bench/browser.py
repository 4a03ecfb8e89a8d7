"""The person of the bench: fills in sign-in and consent forms, as a browser without script."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

LIMIT = 12


@dataclass
class Form:
    """A form of a page: where it goes and what its fields are named."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "get").lower() == "post":
            self.found.append(Form(values.get("action", "")))
        elif self.found and tag in {"input", "button"} and values.get("name"):
            self._field(self.found[-1], values)

    def _field(self, form: Form, values: dict[str, str]) -> None:
        if values.get("type") == "hidden":
            form.hidden[values["name"]] = values.get("value", "")
        else:
            form.asked.add(values["name"])


@dataclass(frozen=True)
class Pkce:
    verifier: str
    challenge: str


def new_pkce() -> Pkce:
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Pkce(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


class Browser:
    """One browser with its cookies. `fills` is what a person types or presses, by field name."""

    def __init__(self, *, fills: dict[str, str], redirect_uri: str) -> None:
        # Plain http on loopback: a certificate store would only be loaded for nothing.
        self._client = httpx2.Client(follow_redirects=False, timeout=30, verify=False)
        self._fills = fills
        self._redirect_uri = redirect_uri

    def authorize(self, endpoint: str, parameters: dict[str, str]) -> str:
        """Go through every page until the client's redirect URI; the code it carries."""
        response = self._client.get(f"{endpoint}?{urlencode(parameters)}")
        for _ in range(LIMIT):
            if response.is_redirect:
                target = urljoin(str(response.url), response.headers["location"])
                if target.startswith(self._redirect_uri):
                    return self._code(target)
                response = self._client.get(target)
            else:
                response = self._submit(response)
        message = f"no code after {LIMIT} pages; the last was {response.url}"
        raise RuntimeError(message)

    def cookies(self) -> str:
        """All cookies as a Cookie header value."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._client.cookies.jar)

    def close(self) -> None:
        self._client.close()

    def _submit(self, response: httpx2.Response) -> httpx2.Response:
        parser = _Forms()
        parser.feed(response.text)
        forms = [form for form in parser.found if not form.asked or form.asked & set(self._fills)]
        if response.status_code != httpx2.codes.OK or not forms:
            message = f"{response.status_code} at {response.url}: {response.text[:400]}"
            raise RuntimeError(message)
        form = forms[0]
        answers = {name: self._fills[name] for name in form.asked if name in self._fills}
        action = urljoin(str(response.url), form.action)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(action))
        return self._client.post(
            action, data={**form.hidden, **answers}, headers={"Origin": origin}
        )

    def _code(self, target: str) -> str:
        answer = parse_qs(urlsplit(target).query)
        if "code" not in answer:
            message = f"the authorization was refused: {answer}"
            raise RuntimeError(message)
        return answer["code"][0]
