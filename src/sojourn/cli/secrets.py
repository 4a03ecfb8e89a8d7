"""Secrets that a person or a script gives: asked for without echo, or one line of the standard input; never a flag."""

from __future__ import annotations

import sys

import click


def new_password(login: str, *, from_stdin: bool) -> str:
    """A password for `login`, asked for twice, or the first line of the standard input."""
    if from_stdin:
        return line_of_stdin("the password")
    if sys.stdin is None:
        message = "There is nobody to ask for a password: the standard input is closed."
        raise click.UsageError(message)
    text: str = click.prompt(
        f"New password of {login}", hide_input=True, confirmation_prompt="Again"
    )
    return text


def line_of_stdin(what: str) -> str:
    """The first line of the standard input, without its end. Raises UsageError for none or an empty one."""
    line = "" if sys.stdin is None else sys.stdin.readline().rstrip("\r\n")
    if not line:
        message = f"The standard input has no line with {what}."
        raise click.UsageError(message)
    return line
