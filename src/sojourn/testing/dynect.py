"""A small DynECT inside a test: sign-in, permissions, zones and jobs over real HTTP on loopback, and
faults on demand. Published for others who test against the dialect; below it is `wire.dynect`.

PyPI `dyn` runs against it as well, and our tests compare what both say and send.
"""

from __future__ import annotations

from sojourn.testing.dynect_service import DynectService
from sojourn.testing.loopback import LoopbackAnswer, LoopbackCall, LoopbackServer


class DynectInTest(DynectService, LoopbackServer):
    """A DynECT on a free loopback port, from `with` to the end of the block.

    `calls` are all that arrived, in order. Users, zones and faults are those of `DynectService`.
    """

    def __init__(self) -> None:
        DynectService.__init__(self)
        LoopbackServer.__init__(self)

    def answered(self, call: LoopbackCall) -> LoopbackAnswer | None:
        answer = self.answer(call.method, call.path, call.headers.get("auth-token"), call.body)
        if answer is None:
            return None
        location = (("Location", answer.location),) if answer.location else ()
        pause = answer.retry_after
        later = (("Retry-After", str(pause)),) if pause is not None else ()
        return LoopbackAnswer(answer.status, answer.body, (*location, *later))
