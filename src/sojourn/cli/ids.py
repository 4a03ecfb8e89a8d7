"""Commands whose argument may be an id. Ids are base64url, so some begin with a dash and look like options."""

from __future__ import annotations

import re
from typing import Final

import click

_LENGTHS: Final = (8, 12, 22, 43)
"""Of the beginning of an id as it is shown, of a key's id, of every other id, of a token's, such as a job has."""
_is_dashed = re.compile(r"-[A-Za-z0-9_-]+").fullmatch


class IdCommand(click.Command):
    """Takes a word that begins with a dash, has the length of an id and is no option, for the id that it is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = {
            name for one in self.get_params(ctx) for name in (*one.opts, *one.secondary_opts)
        }
        dashed = [
            word
            for word in args
            if len(word) in _LENGTHS and _is_dashed(word) and word not in options
        ]
        if dashed and "--" not in args:
            args = [*(word for word in args if word not in dashed), "--", *dashed]
        return super().parse_args(ctx, args)
