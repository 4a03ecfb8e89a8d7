"""The command itself: data folder, cast, sample service, server, in this order, and back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sojourn.cli import options


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65534), default=8080, show_default=True, help="Of the server."
)
@click.option(
    "--sample-port", type=click.IntRange(1, 65535), help="Of the sample service; the next port."
)
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR", help="Keep everything in DIR."
)
@options.as_json
def command(*, port: int, sample_port: int | None, data: Path | None, as_json: bool) -> int:
    """Run a server on loopback with demo people, clients and a sample service, to try things out.

    Passwords and secrets are made anew for each data folder and printed. Nothing can be reached from other machines.
    """
    from sojourn.cli.demo import cast, service, words
    from sojourn.server.services import config
    from sojourn.server.serving.run import serve

    with _folder(data) as folder:
        flags = {"data": str(folder), "port": port, "log_level": "warning"}
        settings = config.load(flags, {})
        where, url = service.place(sample_port or port + 1)
        with where:
            known = cast.secrets_of(folder)
            cast.provide(folder, url, known)

            def say(line: str) -> None:
                if as_json:
                    click.echo(json.dumps(words.facts(settings.issuer, url, known)))
                else:
                    click.echo(line)
                    kept = data is not None
                    click.echo(words.told(settings.issuer, url, known, folder, kept=kept))

            secret = known[cast.SERVICE]
            with service.running(where, url, issuer=settings.issuer, secret=secret):
                return serve(settings, say=say)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="sojourn-demo-") as folder:
        yield Path(folder)
