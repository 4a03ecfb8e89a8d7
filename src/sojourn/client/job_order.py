"""What a job is to be given. Who sends jobs off stands above it, and the dialects that can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from sojourn.client.env.contract import Env

GRANT: Final = "job"
"""What the record of a job calls its grant."""


class JobOrder(NamedTuple):
    """One job: the name that people see it by, what it may, None for all that the user may here, and for how many
    seconds at most."""

    name: str
    scope: str | None
    expires_in: int


class JobRecord(NamedTuple):
    """What a job carries: a record as of an account, with its own key, and its end in UTC milliseconds."""

    record: Mapping[str, Any]
    expires_at: int

    def __repr__(self) -> str:
        return f"<JobRecord until {self.expires_at}>"


JobMint = Callable[[Env, JobOrder], Awaitable[JobRecord]]
"""Gets one job its credential; any number of threads may call it at once."""
