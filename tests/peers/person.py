"""A person with a browser, for sign-ins at npm oidc-provider: follows the redirects from the
address it is given, fills in the forms it meets, and ends where the provider sends it. Run as
`$BROWSER`; the login name is in `PERSON_LOGIN`, and `PERSON_SAYS=no` refuses consent."""

from __future__ import annotations

import os
import re
import sys
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

_action = re.compile(r'<form[^>]*action="([^"]+)"').search
_hidden = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"').findall
_abort = re.compile(r'href="([^"]*/abort)"').search


def visit(url: str) -> str:
    """Go to `url`, do what the pages ask, and return the last page."""
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    answer = browser.open(url)
    for _ in range(5):
        page: str = answer.read().decode()
        found = _action(page)
        if found is None:
            return page
        where = urljoin(answer.url, found[1])
        refused = _abort(page)
        try:
            if refused and "consent" in page and os.environ.get("PERSON_SAYS") == "no":
                answer = browser.open(urljoin(answer.url, refused[1]))
                continue
            form = dict(_hidden(page))
            if 'name="login"' in page:
                form.update(login=os.environ.get("PERSON_LOGIN", "ada"), password="any")
            answer = browser.open(where, urlencode(form).encode())
        except HTTPError as error:
            return str(error.read(), "utf-8")
    return page


if __name__ == "__main__":
    visit(sys.argv[1])
