"""The calls that sign in and out of an instance, and the one that asks whether somebody is signed in: at its
pages, which the cube web has, else at the cube api. The plugins stand above it; below it are the environment,
the cookie jar and `wire.cubicweb`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from sojourn.client.cookie_jar import Jar
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.url import masked, origin
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import AuthenticationError, ConnectFailure, Malformed
from sojourn.wire import cubicweb
from sojourn.wire.cookies import parse as cookies_of
from sojourn.wire.cubicweb import SignInForm

Proof = Callable[[Request], Fields]
"""Returns the header fields that prove who sends a request."""

_PAGE: Final = (("Accept", "text/html"), ("User-Agent", PRODUCT))
_FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
_API: Final = (
    ("Accept", "application/json"),
    ("User-Agent", PRODUCT),
    # The api takes it for proof that no other site's form sent the request.
    ("X-Client-Name", "sojourn"),
)
_JSON: Final = ("Content-Type", "application/json")
_PORTS: Final = {"http": 80, "https": 443}
_INSECURE: Final = (
    " If they are for https alone, use https, or set cubicweb.auth.authtkt.session.secure = no in "
    "its pyramid.ini."
)


async def cookies(env: Env, url: str, *, login: str, password: str) -> Jar:
    """Return the cookies of a sign-in made now. Raises AuthenticationError for a refusal, ConnectFailure."""
    place = url + cubicweb.SIGN_IN
    page = await _sent(env, Request("GET", place, _PAGE))
    if page.status == 404:
        jar = await _of_api(env, url, cubicweb.api_sign_in(login, password))
    else:
        jar = Jar(url).taken(page.headers, place, now=env.now())
        filled = _form(place, page).filled(login, password, then=f"{urlsplit(url).path}/")
        jar = await _of_form(env, url, jar, filled)
    # Only now it shows whether the cookies serve: those for https alone do not over http.
    if await refusal(env, url, lambda request: _cookie(jar, request.url)) is not None:
        raise AuthenticationError(
            f"{url} took the password, but its cookies sign nobody in."
            + (_INSECURE if url.startswith("http:") else "")
        )
    return jar


async def refusal(env: Env, url: str, proof: Proof) -> Reply | None:
    """Return None if the instance knows who sends a request with `proof`, else the answer that shows that
    it does not: its sign-in page sends on who is signed in.

    Raises AuthenticationError where nothing answers, ConnectFailure.
    """
    answer, known = await _looked(env, url, proof)
    return None if known else answer


async def continued(env: Env, url: str, cookie: str) -> str | None:
    """Use the session of `cookie`, which keeps it alive, and return the Cookie header that goes on with it; None where
    the instance does not know it any more. Raises what `refusal` does."""
    answer, known = await _looked(env, url, lambda _: (("Cookie", cookie),))
    if not known:
        return None
    place = url + cubicweb.SIGN_IN
    anew = Jar(url).taken(answer.headers, place, now=env.now()).cookies
    held = {**cookies_of(cookie), **{one.name: one.value for one in anew}}
    return "; ".join(f"{name}={value}" for name, value in held.items())


async def current_user(env: Env, url: str, proof: Proof) -> Reply:
    """Return what the cube api says of who sends a request with `proof`. Raises ConnectFailure."""
    return await _proved(env, Request("GET", f"{url}{cubicweb.API}/current-user", _API), proof)


async def end(env: Env, url: str, cookie: str) -> None:
    """Sign out who has `cookie`. Raises AuthenticationError, ConnectFailure."""
    held = ("Cookie", cookie)
    answer = await _sent(env, Request("GET", url + cubicweb.SIGN_OUT, (*_PAGE, held)))
    if answer.status == 404:
        place = f"{url}{cubicweb.API}/logout"
        answer = await _sent(env, Request("POST", place, (*_API, held), b""))
    if not 200 <= answer.status < 400 and answer.status != 401:  # that is over already
        raise AuthenticationError(f"{url} did not sign out: it answered {answer.status}.")


def origin_of(url: str) -> str:
    """Return the Origin header of a request that comes from a page of `url` (RFC 6454 §6.2)."""
    scheme, host, port = origin(url)
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


async def _of_form(env: Env, url: str, jar: Jar, filled: bytes) -> Jar:
    place = url + cubicweb.SIGN_IN
    headers = (*_PAGE, _FORM, ("Origin", origin_of(url)), *_cookie(jar, place))
    answer = await _sent(env, Request("POST", place, headers, filled))
    if not _is_done(answer):
        raise AuthenticationError(_told(place, answer))
    return jar.taken(answer.headers, place, now=env.now())


async def _of_api(env: Env, url: str, filled: bytes) -> Jar:
    place = f"{url}{cubicweb.API}/login"
    answer = await _sent(env, Request("POST", place, (*_API, _JSON), filled))
    if answer.status == 404:
        raise AuthenticationError(_nothing(url))
    if not 200 <= answer.status < 300:
        raise AuthenticationError(_told(place, answer))
    return Jar(url).taken(answer.headers, place, now=env.now())


async def _looked(env: Env, url: str, proof: Proof) -> tuple[Reply, bool]:
    """Return how the instance answers a request with `proof`, and whether it knows who sends it."""
    answer = await _proved(env, Request("GET", url + cubicweb.SIGN_IN, _PAGE), proof)
    if answer.status != 404:
        return answer, _is_done(answer)
    answer = await current_user(env, url, proof)
    if answer.status == 404:
        raise AuthenticationError(_nothing(url))
    return answer, answer.status == 200


async def _proved(env: Env, request: Request, proof: Proof) -> Reply:
    return await _sent(env, request._replace(headers=(*request.headers, *proof(request))))


async def _sent(env: Env, request: Request) -> Reply:
    answer = await env.send(request)
    if answer.status >= 500 or answer.status == 429:
        text = f"{request.url} answered {answer.status}."
        raise ConnectFailure(text, method=request.method, url=request.url)
    return answer


def _nothing(url: str) -> str:
    return (
        f"Neither {url}{cubicweb.SIGN_IN} nor {url}{cubicweb.API} is there (404): is url= the base-url "
        "of a CubicWeb with the cube web or api?"
    )


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


def _told(place: str, answer: Reply) -> str:
    if answer.status == 400:
        return f"{place} refused the form (400): its CSRF token or the Origin did not suit it."
    return f"{place} refused the user name or the password ({answer.status})."


def _cookie(jar: Jar, url: str) -> Fields:
    header = jar.header(url)
    return (("Cookie", header),) if header else ()
