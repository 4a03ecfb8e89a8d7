"""Where the scenes play: a real Keystone, and who may sign in there. The scenes run with the Python of
.build/keystone, each in a process of its own; `tests/seeds/test_keystone_session.py` starts them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from sojourn.client.dialects.keystone import v3

T = TypeVar("T")

KEYSTONE: Final[dict[str, str]] = json.loads(os.environ["KEYSTONE"])
URL: Final = KEYSTONE["http"]
THREADS: Final = 12

ADMIN: Final = {"username": "admin", "password": "adminpass", "project_name": "admin"}
DOMAINS: Final = {"user_domain_id": "default", "project_domain_id": "default"}
IDENTITY: Final[dict[str, Any]] = {
    "service_type": "identity",
    "interface": "public",
    "region_name": KEYSTONE["region"],
}


class Counted(v3.Password):
    """Counts its sign-ins."""

    sign_ins = 0

    async def first_token(self, env: Any) -> Any:
        self.sign_ins += 1
        return await super().first_token(env)


def admin() -> Counted:
    return Counted(URL, **ADMIN)  # type: ignore[arg-type]


def revoked(session: Any) -> None:
    """Revoke the session's token, by a session of its own."""
    secret = session.get_token()
    headers = {"X-Auth-Token": secret, "X-Subject-Token": secret}
    session.delete(f"{URL}/v3/auth/tokens", headers=headers, authenticated=False)


def at_once(work: Callable[[], T]) -> list[T]:
    """What `work` returns on twelve threads that start together."""
    barrier = threading.Barrier(THREADS)

    def run(_: int) -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
