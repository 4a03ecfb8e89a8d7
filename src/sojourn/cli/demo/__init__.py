"""`sojourn demo`: a server on loopback with people, clients and a sample service, and words on what to try.

Below are the server, the offline desk and the resource server; nothing here is part of a real server.
"""

from __future__ import annotations

from sojourn.cli.demo.command import command

__all__ = ["command"]
