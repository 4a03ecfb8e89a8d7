"""Administration: what the JSON APIs and the offline command line do to users, clients, resources, keys and sessions.

Requests and answers are plain JSON values, so that both faces speak the same language. Endpoints and the command line
stand above it; below it are the other services.
"""

from __future__ import annotations

from sojourn.server.services.administration.desk import Administration

__all__ = ["Administration"]
