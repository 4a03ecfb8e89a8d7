"""Keeps a person company in a program with windows while their browser is open. The plugin stands above it; below it is
the prompt of windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.prompt.qt.prompt import QtPrompt

T = TypeVar("T")


def asked(issuer: str, sign_in: Callable[[Answer], T]) -> T:
    """Return what `sign_in` returns, a dialog being there meanwhile in which it can be called off."""
    name = urlsplit(issuer).hostname or issuer
    form = Form(name, issuer, host_fixed=True, ways=(Way.BROWSER,))
    return QtPrompt().ask(form, sign_in)
