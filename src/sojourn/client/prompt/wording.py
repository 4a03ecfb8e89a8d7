"""The words that prompts share."""

from __future__ import annotations

from typing import Final

from sojourn.client.prompt.contract import Form, Way

WAYS: Final = {Way.PASSWORD: "with a password", Way.BROWSER: "in the browser instead"}


def title(form: Form) -> str:
    """What this is about, in a line."""
    where = (
        f" at {form.host}" if form.host_fixed and form.host and form.host != form.service else ""
    )
    return f"Sign in to {form.service}{where}"
