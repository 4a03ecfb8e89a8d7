"""How a connection of `shotgun_api3` is made, which is imported only now: without the extra `shotgrid` the plugins work
all the same. Below it is the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth
from sojourn.client.user_dialect import proxy_url
from sojourn.errors import ConfigurationError

if TYPE_CHECKING:
    from sojourn.client.dialects.shotgrid.connection import Connection
    from sojourn.client.env.contract import Env


def create_sg_connection(
    auth: ShotgridAuth,
    *,
    env: Env | None = None,
    http_proxy: str | None = None,
    connect: bool = False,
) -> Connection:
    """Return a `shotgun_api3.Shotgun` of whoever `auth` is, which renews its session by itself on every path.

    `http_proxy` is `user:password@host:port`, as that package has it, or a URL. `connect` asks the site at once for
    its version. `env` is what renewals send and wait with, else one of its own. Raises ConfigurationError where the
    extra `shotgrid` is not installed.
    """
    try:
        from sojourn.client.dialects.shotgrid.connection import Connection
    except ModuleNotFoundError as cause:
        if (cause.name or "").partition(".")[0] != "shotgun_api3":
            raise
        raise ConfigurationError(
            "A connection needs shotgun_api3: pip install 'sojourn[shotgrid]'."
        ) from cause
    bare = _bare(http_proxy)
    if env is not None:
        return Connection(auth, env, http_proxy=bare, connect=connect)
    from sojourn.client.session import Session

    session = Session(proxy=proxy_url(http_proxy))
    return Connection(auth, session.env, http_proxy=bare, connect=connect, closed=session.close)


def _bare(http_proxy: str | None) -> str | None:
    """Return `http_proxy` as the package takes it."""
    if not http_proxy or "://" not in http_proxy:
        return http_proxy or None
    who, at, where = http_proxy.partition("://")[2].rstrip("/").rpartition("@")
    return f"{unquote(who)}{at}{where}"
