"""What a program is told that needs a person where none can be asked: why, and three ways out. `choice` and the
terminal prompt stand above it; it imports little, for the answer has 50 ms."""

from __future__ import annotations

from typing import Final

from sojourn.errors import InteractionRequired

WAYS_OUT: Final = (
    "run it once in a terminal or in a program with windows, and the next run finds what the person gave",
    "give a credential that needs nobody: a script's key, client_credentials, an application credential",
    "bring a user along who signed in elsewhere: serialize_user(user, for_job=...) there, deserialize_user here",
)


def refusal(service: str, why: str) -> InteractionRequired:
    """Return the error for `service` that nobody can be asked for; `why` is half a sentence."""
    return InteractionRequired(
        f"{service} needs a person to sign in, and none can be asked here: {why}.",
        ways_out=WAYS_OUT,
    )
