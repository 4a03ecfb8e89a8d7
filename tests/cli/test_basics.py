"""What every command line is asked first: help, version, completion, mistakes, and how much it costs to answer."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sojourn.cli import commands_markdown, exit_codes
from sojourn.cli.login import ADMIN_SCOPE
from sojourn.cli.root import COMMANDS
from sojourn.errors import (
    AnswerLost,
    AuthenticationCancelled,
    AuthenticationError,
    ConfigurationError,
    CredentialBusy,
    Forbidden,
    HttpServerError,
    IncompleteCredentials,
    InteractionRequired,
    InvalidToken,
    NotFound,
    SojournError,
    StoreUnavailable,
    UnknownObject,
)
from sojourn.server.services.administration.roles import ADMIN_SCOPES
from sojourn.version import __version__
from tests.cli.conftest import SOJOURN, bare

HEAVY = ("msgspec", "httpx2", "asyncio", "filelock", "sojourn.server", "pathlib")


def test_help_names_every_command_and_every_exit_code(cli):
    ran = cli.good("--help")
    for name, entry in COMMANDS.items():
        assert f"\n  {name} " in ran.out
        assert entry.help.split(maxsplit=1)[0] in ran.out
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"{code}  {meaning}" in ran.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(cli, name):
    ran = cli.good(name, "--help")
    assert ran.out.startswith(f"Usage: sojourn {name}")
    assert ran.err == ""


def test_the_version_is_the_packages(cli):
    assert cli.good("--version").out == f"sojourn {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tokn"], "There is no command 'tokn'. Did you mean token?"),
        (["whoami", "--colour"], "No such option"),
        (["login"], "Missing argument 'ISSUER'"),
        (["revoke"], "Say what to end, or --others."),
        (["sessions", "--data", "d"], "--data needs --user"),
        (["users", "list", "--data", "d", "--account", "a"], "--data works offline"),
        (["users", "list", "--limit", "-1"], "--limit"),
        (["completion", "tcsh"], "tcsh"),
    ],
)
def test_wrong_usage_is_told_in_words_and_by_code_2(cli, words, said):
    ran = cli(*words)
    assert ran.code == exit_codes.USAGE
    assert said in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(cli, shell):
    script = cli.good("completion", shell).out
    assert "_SOJOURN_COMPLETE" in script
    assert shell in script


def test_commands_and_options_are_completed(cli):
    def completed(words):
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        return cli.good(**asked, _SOJOURN_COMPLETE="bash_complete").out

    assert completed("sojourn to") == "plain,token\n"
    assert "plain,--account" in completed("sojourn token --a")
    assert "plain,publish" in completed("sojourn keys p")
    assert "plain,--access-token-life" in completed("sojourn serve --access")


@pytest.mark.parametrize(
    "words", [["token"], ["status"]], ids=["token without an account", "status without an account"]
)
def test_short_commands_import_nothing_heavy(tmp_path, words):
    program = (
        "import sys; from sojourn.cli.root import run; code = run(sys.argv[1:]); "
        f"print(code, *[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=bare(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["3"], "modules that cost more than the command may"


def test_completion_imports_no_command(tmp_path):
    program = (
        "import atexit, os, sys; "
        "atexit.register(lambda: print(*[n for n in sys.modules if n.startswith('sojourn.c')])); "
        "from sojourn.cli.root import run; run([])"
    )
    asked = {"_SOJOURN_COMPLETE": "bash_complete", "COMP_WORDS": "sojourn t", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=bare(tmp_path) | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    *completions, loaded = done.stdout.splitlines()
    assert completions == ["plain,token"]
    assert set(loaded.split()) == {
        "sojourn.cli",
        "sojourn.cli.root",
        "sojourn.cli.exit_codes",
        "sojourn.cli.lazy",
    }


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    done = subprocess.run(
        ["sh", "-c", f"{SOJOURN} --help | head -n 1"],
        env=bare(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SojournError(), 1),
        (HttpServerError(status=500), 1),
        (InteractionRequired(), 3),
        (AuthenticationError(), 4),
        (AuthenticationCancelled(), 4),
        (Forbidden(status=403), 4),
        (InvalidToken(), 4),
        (IncompleteCredentials(), 5),
        (NotFound(status=404), 5),
        (UnknownObject(), 5),
        (AnswerLost(), 6),
        (CredentialBusy(), 7),
        (StoreUnavailable(), 7),
        (ConfigurationError(), 8),
        (ValueError(), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_errors_have_their_exit_codes(error, code):
    assert exit_codes.code_of(error) == code
    assert code in exit_codes.MEANINGS


def test_the_page_of_the_docs_has_every_command():
    page = commands_markdown()
    for name in COMMANDS:
        assert f"\n## sojourn {name}\n" in page
    assert "\n### sojourn users add\n" in page
    assert page.count("\n  -h, --help ") == page.count("--help  ")


def test_login_asks_for_exactly_the_scopes_that_there_are():
    assert set(ADMIN_SCOPE.split()) == set(ADMIN_SCOPES)


def test_a_terminal_without_our_signs_gets_others(tmp_path):
    program = "from sojourn.cli.root import run; import click; run(['--version']); click.echo('●')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=bare(tmp_path, PYTHONIOENCODING="latin-1"),
        capture_output=True,
        check=True,
    )
    assert done.stdout.endswith(b"\n?\n")


@pytest.mark.parametrize(
    "name",
    ["-aBcDeF1", "--BcDeF1", "-aBcDeF1-_gh", "--account-----_-AbCdEf", f"-_{'aBcDeF1-_' * 4}gh012"],
)
def test_an_id_that_begins_with_a_dash_is_an_id(cli, name):
    for words in (
        ["keys", "activate", name, "--data", "d"],
        ["keys", "retire", "--data", "d", name],
    ):
        refused = cli(*words)
        assert (refused.code, refused.err) == (8, "Error: There is no data folder d.\n")
    assert cli("revoke", name).code == 3
    assert cli("use", name).code == 5
