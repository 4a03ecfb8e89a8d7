"""Every `sojourn` line of README.md and docs/ is a command that exists, with options that it has."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from sojourn.cli.root import root
from tests.docs.pages import PAGES, ROOT, commands

LINES = [(page, words) for page in PAGES for words in commands(page)]


@pytest.fixture(autouse=True)
def mycloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cloud that the pages name: which options there are depends on what it is."""
    file = tmp_path / "clouds.json"
    auth = {"auth_url": "https://keystone.example.org:5000", "username": "ada"}
    file.write_text(json.dumps({"clouds": {"mycloud": {"auth": auth}}}), encoding="utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))


def parse(words: list[str]) -> None:
    """Read a command line without running it. Raises UsageError."""
    command: click.Command = root
    context = command.make_context("sojourn", list(words))
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, found, args = command.resolve_command(context, rest)
        assert found is not None
        context = found.make_context(name, args, parent=context)
        command = found
    context.close()


@pytest.mark.parametrize(
    ("page", "words"), LINES, ids=[f"{page.relative_to(ROOT)}: {' '.join(w)}" for page, w in LINES]
)
def test_the_command_line_can_be_read(page: Path, words: list[str]) -> None:
    parse(words)


def test_a_command_line_that_is_wrong_would_be_told() -> None:
    with pytest.raises(click.UsageError):
        parse(["sessions", "--no-such-option"])
    with pytest.raises(click.UsageError):
        parse(["no-such-command"])


def test_pages_have_commands() -> None:
    assert len(LINES) > 20
