"""A small ShotGrid site inside a test: the JSON API, sign-in with password, second factor, script or browser, the REST
API's tokens, forms and attachments over real HTTP on loopback, and faults on demand. Published for others who test
against the dialect; below it is `wire.shotgrid`.

PyPI `shotgun_api3` runs against it as well, and our tests compare what both say and send.
"""

from __future__ import annotations

from sojourn.testing.loopback import LoopbackAnswer, LoopbackCall, LoopbackServer
from sojourn.testing.shotgrid_service import ShotgridService


class ShotgridInTest(ShotgridService, LoopbackServer):
    """A site on a free loopback port, from `with` to the end of the block.

    `calls` are all that arrived, in order. Users, scripts, entities and faults are those of `ShotgridService`.
    """

    def __init__(self) -> None:
        ShotgridService.__init__(self)
        LoopbackServer.__init__(self)

    def answered(self, call: LoopbackCall) -> LoopbackAnswer | None:
        return self.answer(call, self.url)
