"""The context: the few things that every service asks for. Made once by `app` or by `SessionManager.open`.

Time and randomness come from here and from nowhere else, so that tests inject them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sojourn.model.ids import Keys
from sojourn.model.policy import DEFAULT_RULES, Lifetimes, RuleTable
from sojourn.server.services.keys import Purposes
from sojourn.server.services.randomness import SystemRandom
from sojourn.server.services.signing import SigningKeys
from sojourn.store.contract import Store
from sojourn.wire import tokens


def system_now() -> int:
    """UTC now in ms."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What services are given.

    issuer             the one configured public origin and optional path; no trailing slash
    now                UTC ms
    random             n fresh random bytes
    retry_window       ms in which the previous refresh token may be shown again without an Idempotency-Key
    outbox             whether state changes write events, which somebody then delivers
    register_missing   whether the Session Manager makes users and clients it does not know (embedded use)
    """

    store: Store
    keys: Keys
    purposes: Purposes
    signing: SigningKeys
    issuer: str = ""
    now: Callable[[], int] = system_now
    random: Callable[[int], bytes] = field(default_factory=SystemRandom)
    rules: RuleTable = field(default_factory=lambda: DEFAULT_RULES)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    retry_window: int = 60_000
    outbox: bool = False
    register_missing: bool = False
    allow_chosen_values: bool = False

    def grant_text(self, partition: int, grant_id: str) -> str:
        """The opaque text that leads to a grant: its session id."""
        return tokens.encode("g", tokens.masked(partition, grant_id, self.purposes.mask))

    def secret(self, kind: str) -> str:
        """A fresh secret text of a kind of `wire.tokens` that names no partition."""
        return tokens.encode(kind, tokens.digits(tokens.SECRET, self.random))

    def op_id(self) -> str:
        """A fresh id for one write."""
        return self.random(8).hex()
