"""`sojourn serve`: one process that answers, from a checked start to a drained end.

It stands beside `app`, which it builds and closes, and above everything else of the server; the command line calls it.
"""

from __future__ import annotations

from sojourn.server.serving.run import serve

__all__ = ["serve"]
