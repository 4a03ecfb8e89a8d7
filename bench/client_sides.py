"""The sides of the client bench: ours and each peer with a cached token, asking for the same resource.
Each runs in a process of its own: `python -m bench.client_sides NAME URL COUNT` prints its figure."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bench.client_server import FILTER, RESOURCE, TOKEN
from bench.process import resident_mib

if TYPE_CHECKING:
    from sojourn.client.dialects.oidc import ClientCredentials

TASKS = 32
BATCHES = 20
Get = Callable[[], Any]


def ours(library: str, root: str) -> tuple[Any, Get]:
    """Return our session with a cached token, and a whole request."""
    from sojourn import Session
    from sojourn.client.dialects.oidc import ClientCredentials

    auth = ClientCredentials(root, "bench", client_secret="bench-secret")
    session: Any = Session(auth, transport=library)  # type: ignore[arg-type]
    return session, lambda: session.get(root + RESOURCE)


def ours_by_filter(library: str, root: str) -> tuple[Any, Get]:
    """Return our session with a cached token, and a whole request to a service of the catalog."""
    from sojourn import Session
    from sojourn.client.dialects.keystone import v3

    session: Any = Session(
        v3.Password(root, username="bench", password="bench", user_domain_id="default"),
        transport=library,  # type: ignore[arg-type]
    )
    return session, lambda: session.get(RESOURCE, endpoint_filter=FILTER)


def keystoneauth_by_filter(root: str) -> Get:
    session = _keystoneauth_session(root)
    return lambda: session.get(RESOURCE, endpoint_filter=FILTER)


def bound(root: str) -> ClientCredentials:
    """Return our plugin with a token that is bound to a key, as the server's is to nobody's."""
    from sojourn.client.credential import Credential
    from sojourn.client.dialects.oidc import ClientCredentials
    from sojourn.client.dialects.oidc.proving import new_key

    now = time.time_ns() // 1_000_000
    auth = ClientCredentials(root, "bench", client_secret="bench-secret")
    auth.adopt(
        Credential(
            generation=now,
            access_token=TOKEN,
            issued_at=now,
            expires_at=now + 3_600_000,
            token_type="DPoP",
            key=new_key().dump(),
        )
    )
    return auth


def proof(root: str, count: int) -> float:
    """CPU microseconds of the headers that show a bound token: the token and a proof of its own."""
    from sojourn.client.transport.contract import Request

    auth, request = bound(root), Request("GET", f"{root}{RESOURCE}?page=2")
    held, prover = auth._current, auth.endpoints.prover  # noqa: SLF001 - no request around it
    now = time.time_ns() // 1_000_000
    assert held is not None
    return _repeated(lambda: prover.shown(held, request, now=now), count)


def joserfc_proof(root: str, count: int) -> float:
    """The same proof by joserfc, as its documentation says, with what can be worked out once held ready."""
    import secrets
    from hashlib import sha256

    from joserfc import jwt
    from joserfc.jwk import ECKey
    from joserfc.util import urlsafe_b64encode

    key = ECKey.generate_key("P-256")
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    ath = urlsafe_b64encode(sha256(TOKEN.encode()).digest()).decode()
    url, now = root + RESOURCE, time.time_ns() // 1_000_000_000

    def made() -> str:
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": "GET",
            "htu": url,
            "iat": now,
            "ath": ath,
        }
        return jwt.encode(header, claims, key)

    return _repeated(made, count)


def bound_request(root: str, count: int) -> float:
    """CPU microseconds of a whole request with a proof."""
    from sojourn import Session

    session = Session(bound(root), transport="httpx2")
    return timed(lambda: session.get(root + RESOURCE), count)


def _repeated(call: Callable[[], object], count: int) -> float:
    _cpu(call, max(20, count // 20))
    return _cpu(call, count)


def keystoneauth(root: str) -> Get:
    session = _keystoneauth_session(root)
    return lambda: session.get(root + RESOURCE)


def _keystoneauth_session(root: str) -> Any:  # noqa: ANN401 - without types
    from keystoneauth1.identity import v3
    from keystoneauth1.session import Session

    auth = v3.Password(f"{root}/v3", username="bench", password="bench", user_domain_id="default")
    return Session(auth=auth)


def google_auth(root: str) -> Get:
    from google.auth.transport.requests import AuthorizedSession
    from google.oauth2.credentials import Credentials

    session = AuthorizedSession(Credentials(TOKEN))  # type: ignore[no-untyped-call]
    return lambda: session.get(root + RESOURCE)


def requests_oauthlib(root: str) -> Get:
    from requests_oauthlib import OAuth2Session

    session = OAuth2Session("bench", token=_token())
    return lambda: session.get(root + RESOURCE)


def _token() -> dict[str, Any]:
    life = {"expires_in": 3600, "expires_at": time.time() + 3600}
    return {"access_token": TOKEN, "token_type": "Bearer", **life}


def timed(get: Get, count: int) -> float:
    """CPU microseconds of `get` with all threads of this process, after a warm-up."""
    for _ in range(max(20, count // 20)):
        assert get().status_code == 200
    started = time.process_time_ns()
    for _ in range(count):
        get()
    return (time.process_time_ns() - started) / count / 1000


def over_send(side: tuple[Any, Get], count: int) -> float:
    """CPU microseconds that a request takes over `Transport.send` of a ready one, batch by batch."""
    session, get = side
    ready = get().request
    send = session._transport.send  # noqa: SLF001 - what the limit is about
    batch = max(20, count // BATCHES)
    timed(get, batch)
    took = [_cpu(get, batch) - _cpu(lambda: send(ready), batch) for _ in range(BATCHES)]
    return statistics.median(took)


def _cpu(call: Get, count: int) -> float:
    started = time.process_time_ns()
    for _ in range(count):
        call()
    return (time.process_time_ns() - started) / count / 1000


async def over_send_awaited(library: str, root: str, count: int) -> float:
    """The same, awaited."""
    session, get = our_awaited(library, root)
    ready = (await get()).request
    transport = session._transport  # noqa: SLF001 - what the limit is about
    batch = max(20, count // BATCHES)
    await _cpu_awaited(get, batch)
    took = []
    for _ in range(BATCHES):
        whole = await _cpu_awaited(get, batch)
        took.append(whole - await _cpu_awaited(lambda: transport.send(ready), batch))
    await session.close()
    return statistics.median(took)


async def _cpu_awaited(call: Callable[[], Awaitable[Any]], count: int) -> float:
    started = time.process_time_ns()
    for _ in range(count):
        await call()
    return (time.process_time_ns() - started) / count / 1000


def our_awaited(library: str, root: str) -> tuple[Any, Callable[[], Awaitable[Any]]]:
    from sojourn import AsyncSession
    from sojourn.client.dialects.oidc import ClientCredentials

    auth = ClientCredentials(root, "bench", client_secret="bench-secret")
    session: Any = AsyncSession(auth, transport=library)  # type: ignore[arg-type]
    return session, lambda: session.get(root + RESOURCE)


async def our_tasks(library: str, root: str, count: int) -> float:
    session, get = our_awaited(library, root)
    took = await in_tasks(get, count)
    await session.close()
    return took


async def authlib_tasks(root: str, count: int) -> float:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    async with AsyncOAuth2Client("bench", token=_token()) as client:
        assert type(client).__mro__[-2].__module__.startswith("httpx2"), type(client).__mro__
        return await in_tasks(lambda: client.get(root + RESOURCE), count)


async def in_tasks(get: Callable[[], Awaitable[Any]], count: int) -> float:
    """CPU microseconds a request of 32 tasks that each ask one after another."""

    async def task(share: int) -> None:
        for _ in range(share):
            assert (await get()).status_code == 200

    await asyncio.gather(*(task(3) for _ in range(TASKS)))
    share = max(1, count // TASKS)
    started = time.process_time_ns()
    await asyncio.gather(*(task(share) for _ in range(TASKS)))
    return (time.process_time_ns() - started) / (share * TASKS) / 1000


def one_session(library: str, root: str) -> float:
    """Resident MB (10^6 bytes) of a script that signs in and asks once."""
    assert ours(library, root)[1]().ok
    return resident_mib(os.getpid()) * 1.048576


SIDES: dict[str, Callable[[str, int], float]] = {
    "ours, httpx2": lambda root, count: timed(ours("httpx2", root)[1], count),
    "ours, fast": lambda root, count: timed(ours("pyreqwest", root)[1], count),
    "keystoneauth1": lambda root, count: timed(keystoneauth(root), count),
    "google-auth": lambda root, count: timed(google_auth(root), count),
    "requests-oauthlib": lambda root, count: timed(requests_oauthlib(root), count),
    "32 tasks, ours, httpx2": lambda root, count: asyncio.run(our_tasks("httpx2", root, count)),
    "32 tasks, ours, fast": lambda root, count: asyncio.run(our_tasks("pyreqwest", root, count)),
    "32 tasks, Authlib": lambda root, count: asyncio.run(authlib_tasks(root, count)),
    "over send, httpx2": lambda root, count: over_send(ours("httpx2", root), count),
    "over send, fast": lambda root, count: over_send(ours("pyreqwest", root), count),
    "endpoint filter, over send": lambda root, count: over_send(
        ours_by_filter("httpx2", root), count
    ),
    "endpoint filter, ours": lambda root, count: timed(ours_by_filter("httpx2", root)[1], count),
    "endpoint filter, keystoneauth1": lambda root, count: timed(
        keystoneauth_by_filter(root), count
    ),
    "over send, httpx2, awaited": lambda root, count: asyncio.run(
        over_send_awaited("httpx2", root, count)
    ),
    "over send, fast, awaited": lambda root, count: asyncio.run(
        over_send_awaited("pyreqwest", root, count)
    ),
    "DPoP proof": proof,
    "DPoP proof, joserfc": joserfc_proof,
    "bound request, httpx2": bound_request,
    "one session, httpx2": lambda root, _: one_session("httpx2", root),
    "one session, fast": lambda root, _: one_session("pyreqwest", root),
}


def main(name: str, root: str, count: str) -> None:
    json.dump(SIDES[name](root, int(count)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
