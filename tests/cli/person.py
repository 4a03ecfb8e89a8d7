"""A person with a browser, for sign-ins at our own server: follows redirects and fills in the forms it meets. Run as
`$BROWSER`; `PERSON_LOGIN` and `PERSON_PASSWORD` say who it is."""

from __future__ import annotations

import html
import os
import re
import sys
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

_action = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]+)"').search
_hidden = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"').findall
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def visit(url: str) -> str:
    """Go to `url`, do what the pages ask, and return the last page."""
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    browser.addheaders = [("User-Agent", _AGENT)]
    answer = browser.open(url)
    page = ""
    for _ in range(5):
        page = str(answer.read(), "utf-8")
        found = _action(page)
        if found is None:
            return page
        where = urljoin(answer.url, html.unescape(found[1]))
        form = {name: html.unescape(value) for name, value in _hidden(page)}
        if 'name="password"' in page:
            form |= {
                "login": os.environ["PERSON_LOGIN"],
                "password": os.environ["PERSON_PASSWORD"],
            }
        else:
            form["decision"] = "allow"
        origin = "/".join(where.split("/")[:3])
        try:
            answer = browser.open(Request(where, urlencode(form).encode(), {"Origin": origin}))
        except HTTPError as error:
            return str(error.read(), "utf-8")
    return page


if __name__ == "__main__":
    last = visit(sys.argv[1])
    if log := os.environ.get("PERSON_LOG"):
        with open(log, "w", encoding="utf-8") as out:  # noqa: PTH123 - a script of its own
            out.write(last)
