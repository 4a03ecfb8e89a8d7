"""The desk of administration as commands see it: the same JSON, from a running server or from a data folder offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click


class Desk(Protocol):
    """`GET /admin/AREA` and `POST /admin/AREA`, whoever answers them."""

    def get(self, area: str, query: Mapping[str, str]) -> dict[str, Any]:
        """What an area holds."""

    def act(self, area: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do what `body` asks for."""


@contextmanager
def opened(data: str | None, account: str | None, *, make: bool = False) -> Iterator[Desk]:
    """The desk over the data folder, or with an account's token at its server.

    make  an empty data folder is filled instead of refused
    """
    if data is None:
        from sojourn.cli.online import session_of

        with session_of(account) as online:
            yield online
        return
    if account is not None:
        message = "--data works offline and takes no --account."
        raise click.UsageError(message)
    from sojourn.cli.offline import OfflineDesk

    offline = OfflineDesk.open(Path(data), make=make)
    try:
        yield offline
    finally:
        offline.close()
