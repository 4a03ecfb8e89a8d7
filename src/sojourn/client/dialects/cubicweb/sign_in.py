"""The calls that sign in and out of an instance, and the one that asks whether somebody is signed in. The
plugins stand above it; below it are the environment, the cookie jar and `wire.cubicweb`."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from sojourn.client.cookie_jar import Jar
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.url import masked, origin
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import AuthenticationError, ConnectFailure, Malformed
from sojourn.wire import cubicweb
from sojourn.wire.cubicweb import SignInForm

_HEADERS: Final = (("Accept", "text/html"), ("User-Agent", PRODUCT))
_FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
_PORTS: Final = {"http": 80, "https": 443}


async def cookies(env: Env, url: str, *, login: str, password: str) -> Jar:
    """Return the cookies of a sign-in made now. Raises AuthenticationError for a refusal, ConnectFailure."""
    place = url + cubicweb.SIGN_IN
    page = await _sent(env, Request("GET", place, _HEADERS))
    form = _form(place, page)
    jar = Jar(url).taken(page.headers, place, now=env.now())
    headers = (*_HEADERS, _FORM, ("Origin", origin_of(url)), *_cookie(jar, place))
    filled = form.filled(login, password, then=f"{urlsplit(url).path}/")
    answer = await _sent(env, Request("POST", place, headers, filled))
    if not _is_done(answer):
        raise AuthenticationError(_refusal(place, answer))
    jar = jar.taken(answer.headers, place, now=env.now())
    # Only now it shows whether the cookies serve: those for https alone do not over http.
    if not await signed_in(env, url, _cookie(jar, place)):
        raise AuthenticationError(
            f"{place} took the password, but its cookies sign nobody in."
            + (_INSECURE if url.startswith("http:") else "")
        )
    return jar


_INSECURE: Final = (
    " If they are for https alone, use https, or set cubicweb.auth.authtkt.session.secure = no in "
    "its pyramid.ini."
)


async def signed_in(env: Env, url: str, proof: Fields) -> bool:
    """Tell whether the header fields `proof` sign a GET of the sign-in page: it sends on who is signed
    in. Raises AuthenticationError where there is no such page, ConnectFailure."""
    place = url + cubicweb.SIGN_IN
    answer = await _sent(env, Request("GET", place, (*_HEADERS, *proof)))
    return _is_done(answer)


async def end(env: Env, url: str, cookie: str) -> None:
    """Sign out who has `cookie`. Raises AuthenticationError, ConnectFailure."""
    place = url + cubicweb.SIGN_OUT
    answer = await _sent(env, Request("GET", place, (*_HEADERS, ("Cookie", cookie))))
    if not 300 <= answer.status < 400:
        raise AuthenticationError(f"{place} did not sign out: it answered {answer.status}.")


def origin_of(url: str) -> str:
    """Return the Origin header of a request that comes from a page of `url` (RFC 6454 §6.2)."""
    scheme, host, port = origin(url)
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


async def _sent(env: Env, request: Request) -> Reply:
    answer = await env.send(request)
    if answer.status >= 500 or answer.status == 429:
        text = f"{request.url} answered {answer.status}."
        raise ConnectFailure(text, method=request.method, url=request.url)
    if answer.status == 404:
        raise AuthenticationError(
            f"{request.url} is not there (404): is url= the base-url of a CubicWeb with the cube web?"
        )
    return answer


def _is_done(answer: Reply) -> bool:
    location = answer.header("location") or ""
    return 300 <= answer.status < 400 and not cubicweb.is_sign_in_place(location)


def _form(place: str, page: Reply) -> SignInForm:
    if 300 <= page.status < 400:
        raise AuthenticationError(
            f"{place} redirects to {masked(page.header('location') or '')}, and credentials do not follow: write "
            "the base-url of that place as url."
        )
    try:
        return SignInForm.parse(page.content)
    except Malformed as cause:
        raise AuthenticationError(f"{place} ({page.status}): {cause.public}") from cause


def _refusal(place: str, answer: Reply) -> str:
    if answer.status == 400:
        return f"{place} refused the form (400): its CSRF token or the Origin did not suit it."
    return f"{place} refused the user name or the password ({answer.status})."


def _cookie(jar: Jar, url: str) -> Fields:
    header = jar.header(url)
    return (("Cookie", header),) if header else ()
