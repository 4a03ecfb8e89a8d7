"""The words that prompts share."""

from __future__ import annotations

from typing import Final

from sojourn.client.prompt.contract import Form, Way

WAYS: Final = {Way.PASSWORD: "with a password", Way.BROWSER: "in the browser instead"}


def title(form: Form) -> str:
    """What this is about, in a line."""
    told = {form.service, f"https://{form.service}", f"http://{form.service}"}
    where = f" at {form.host}" if form.host_fixed and form.host and form.host not in told else ""
    return f"Sign in to {form.service}{where}"
