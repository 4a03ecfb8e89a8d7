"""The root of the command line: the table of commands, and the one place where an error becomes a line and a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import Final

import click

from sojourn.cli import exit_codes
from sojourn.cli.lazy import Entry, LazyGroup


def _entry(module: str, help: str, name: str = "command") -> Entry:
    return Entry(f"sojourn.cli.{module}", name, help)


COMMANDS: Final[Mapping[str, Entry]] = {
    "demo": _entry("demo", "A server on loopback to try, with demo people and a sample service."),
    "serve": _entry("serve", "Run the server."),
    "login": _entry("login", "Sign in to a server and keep the account."),
    "logout": _entry("logout", "Sign out: revoke the tokens and forget the account."),
    "whoami": _entry("whoami", "Who the server says you are."),
    "status": _entry("status", "The current account, how long it lasts, and how it is kept."),
    "accounts": _entry("accounts", "All accounts that are signed in here."),
    "import": _entry("importing", "Take over accounts that other programs keep here."),
    "use": _entry("use", "Make an account the current one."),
    "sessions": _entry("sessions", "Where you are signed in, as a tree."),
    "revoke": _entry("revoke", "End a session, what an application has, or a token."),
    "explain": _entry("explain", "Which account is used and why; why a token is good or not."),
    "token": _entry("token", "Print a good access token."),
    "exec": _entry("exec", "Run a program with a good access token in its environment."),
    "job": _entry(
        "job", "Send the current user off with a job, narrower and with a key of its own."
    ),
    "job-key": _entry("job", "Make the key with which a farm reads its jobs' users.", "key"),
    "credential-process": _entry(
        "credential_process", "Hand the token to git or kubectl, in their words."
    ),
    "get": _entry("get", "GET a URL with the current account, and print the answer."),
    "users": _entry("users", "Administer people."),
    "clients": _entry("clients", "Administer applications."),
    "resources": _entry("resources", "Administer services that receive tokens."),
    "keys": _entry("keys", "Administer signing keys."),
    "completion": _entry("completion", "Print completion for bash, zsh or fish."),
}
_SERVER_ONLY: Final = frozenset(
    {
        "apsw",
        "argon2",
        "httptools",
        "jinja2",
        "precis_i18n",
        "starlette",
        "uvicorn",
        "uvloop",
        "zxcvbn",
    }
)
_EPILOG: Final = f"\b\nExit codes:\n{exit_codes.described()}"


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        from sojourn.version import __version__

        click.echo(f"sojourn {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show it."
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error, secrets masked.")
def root(*, debug: bool) -> None:
    """Sojourn: one identity and session system, both halves of it."""


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code. The boundary of the process: every error ends here as one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # a terminal without our signs shows ? in their place
    try:
        done = root.main(arguments, prog_name="sojourn", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; what is left must not be flushed into nothing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except ModuleNotFoundError as error:
        return _failed(_extra_for(error) or error, debug="--debug" in arguments)
    except Exception as error:  # noqa: BLE001 - the boundary of the process
        return _failed(error, debug="--debug" in arguments)
    return done if isinstance(done, int) else exit_codes.OK


def _extra_for(error: ModuleNotFoundError) -> Exception | None:
    """What to install, when a part that only the server has is missing."""
    if (error.name or "").partition(".")[0] not in _SERVER_ONLY:
        return None
    from sojourn.errors import ConfigurationError

    text = "this command needs the server: pip install 'sojourn[server]'"
    return ConfigurationError(text, detail=f"{error.name} is missing")


def _failed(error: Exception, *, debug: bool) -> int:
    from sojourn.wire.masking import masked

    if debug:
        import traceback

        click.echo(masked("".join(traceback.format_exception(error))).rstrip(), err=True)
    known = hasattr(error, "public")
    text = str(error) if known else f"Unexpected {type(error).__name__}: {error}"
    lines = masked(text).split()
    hint = "" if known or debug else " Run it again as `sojourn --debug ...` to see where."
    click.echo(f"Error: {' '.join(lines)}{hint}", err=True)
    return exit_codes.code_of(error)
