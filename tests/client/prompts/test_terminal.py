"""The prompt at a terminal: the contract on a pseudo-terminal in this process, and a program of its own whose terminal
it is, with jobs and pipes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
import threading

import pytest

from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.prompt.keyboard import Keyboard
from sojourn.client.prompt.terminal_prompt import TerminalPrompt
from sojourn.errors import (
    AuthenticationCancelled,
    AuthenticationError,
    InteractionRequired,
    SecondFactorRequired,
)
from sojourn.testing.prompt_contract import PromptContract
from sojourn.testing.scripted_prompt import Fill, GiveCode


class TestTerminal(PromptContract):
    @pytest.fixture(autouse=True)
    def at_the_terminal(self, person):
        self.person = person

    def conversation(self, form, attempt, acts):
        self.person.acts.extend(acts)
        return TerminalPrompt().ask(form, attempt)

    def shown(self):
        self.person.catch_up()
        return self.person.shown


FORM = Form("Studio", recent_hosts=("a.example", "b.example"))


def ask(person, form, *acts):
    person.acts.extend(acts)
    answer = TerminalPrompt().ask(form, lambda answer: answer)
    assert isinstance(answer, Answer)
    return answer


def test_a_recent_host_is_chosen_by_its_number(person):
    assert ask(person, FORM, Fill("s3cret", host="2", login="ada")).host == "b.example"
    person.catch_up()
    assert "  1  a.example\r\n  2  b.example\r\n" in person.shown


def test_a_number_that_is_not_offered_is_a_name(person):
    form = FORM._replace(host="x.example", host_fixed=True, recent_logins=("ada", "bob"))
    assert ask(person, form, Fill("s3cret", login="4711")).login == "4711"


def test_what_the_arrow_keys_send_is_no_part_of_a_name(person):
    assert ask(person, FORM, Fill("s3cret", login="\x1b[Aada")).login == "[Aada"


def test_nothing_for_a_host_that_is_not_known_is_asked_again(person):
    acts = iter(["", "", "x.example", "ada"])

    def next_line(act, label):
        return "s3cret" if label == "Password" else next(acts)

    person.said = next_line
    assert ask(person, Form("Studio"), Fill())[:3] == ("x.example", "ada", "s3cret")


@pytest.mark.parametrize(
    "no", [b"\n", b"\x04", b"\x1b\n", b"half\x03"], ids=["empty", "end", "escape", "ctrl-c"]
)
def test_no_password_is_no(person, no):
    person.reply = lambda: no if person.unread.endswith("Password of ada: ") else None
    with pytest.raises(AuthenticationCancelled):
        ask(person, FORM._replace(host_fixed=True, login="ada", login_fixed=True))


def test_no_code_is_no(person):
    def attempt(answer):
        raise SecondFactorRequired

    person.acts.extend([Fill("s3cret", login="ada"), GiveCode("")])
    with pytest.raises(AuthenticationCancelled):
        TerminalPrompt().ask(FORM, attempt)


def test_what_a_server_says_does_not_steer_the_terminal(person):
    attempts = iter([AuthenticationError("\x1b]0;owned\x07No.\x1b[2J"), None])

    def attempt(answer):
        if (error := next(attempts)) is not None:
            raise error

    person.acts.extend([Fill("wrong one", login="ada"), Fill("s3cret")])
    TerminalPrompt().ask(FORM, attempt)
    person.catch_up()
    assert "]0;owned" in person.shown
    assert "\x1b" not in person.shown


def test_whoever_holds_the_terminal_leaves_it_as_it_was_before_the_next(person):
    holding, over = threading.Event(), threading.Event()

    def hold():
        with Keyboard().held(echo=False):
            holding.set()
            assert over.wait(20)

    first = threading.Thread(target=hold)
    first.start()
    assert holding.wait(20)
    second = threading.Thread(target=hold)
    second.start()
    over.set()
    first.join(20)
    second.join(20)
    assert termios.tcgetattr(person.keyboard) == person.before


def test_lines_that_are_typed_while_the_browser_is_open_reach_the_attempt(person):
    def attempt(answer):
        answer.show("Paste it: ")
        return answer.typed.get(timeout=20)

    normal = person.reply
    person.reply = lambda: (
        b"http://127.0.0.1/?code=x\n" if "Paste it" in person.unread else normal()
    )
    person.acts.append(Fill(way=Way.BROWSER))
    form = FORM._replace(ways=(Way.PASSWORD, Way.BROWSER))
    assert TerminalPrompt().ask(form, attempt) == "http://127.0.0.1/?code=x"


PROGRAM = """
import sys, threading
from sojourn.client.prompt.choice import DefaultPrompt
from sojourn.client.prompt.contract import Form
from sojourn.errors import SojournError

def ask():
    try:
        print(*DefaultPrompt().ask(Form("Studio"), lambda answer: answer)[:3])
    except SojournError as error:
        print(type(error).__name__, error)

if sys.argv[1:]:
    worker = threading.Thread(target=ask)
    worker.start()
    worker.join()
else:
    ask()
"""


class Shell:
    """A program whose controlling terminal this is."""

    def __init__(self, *arguments):
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "dumb"
            os.execv(sys.executable, [sys.executable, "-c", PROGRAM, *arguments])  # noqa: S606 - no shell
        self.shown = ""

    def read_until(self, text):
        while text not in self.shown:
            self.shown += os.read(self.screen, 4096).decode()
        return self.shown

    def rest(self):
        try:
            while piece := os.read(self.screen, 4096).decode():
                self.shown += piece
        except OSError:
            pass
        return self.shown

    def type(self, text):
        os.write(self.screen, text)

    def end(self):
        rest = self.rest()
        _, status = os.waitpid(self.pid, 0)
        os.close(self.screen)
        return os.waitstatus_to_exitcode(status), rest


@pytest.fixture(params=[(), ("worker",)], ids=["main thread", "worker thread"])
def shell(request):
    return Shell(*request.param)


def test_a_person_signs_in_at_a_real_terminal(shell):
    shell.read_until("Host: ")
    shell.type(b"x.exampel\x7f\x7fle\n")
    shell.read_until("User name: ")
    shell.type(b"ada\n")
    shell.read_until("Password: ")
    shell.type(b"s3cret\n")
    status, shown = shell.end()
    assert status == 0
    assert shown.endswith("x.example ada s3cret\r\n")
    assert shown.count("s3cret") == 1


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["ctrl-c", "ctrl-d"])
def test_a_person_says_no_at_a_real_terminal(shell, key):
    shell.read_until("Host: ")
    shell.type(b"x.example\n")
    shell.read_until("User name: ")
    shell.type(key)
    status, shown = shell.end()
    assert status == 0
    assert "AuthenticationCancelled" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_a_pipe_is_refused_with_a_reason_and_three_ways_out(person, monkeypatch, stream):
    with open(os.devnull, "r+") as nothing:  # noqa: PTH123
        monkeypatch.setattr(sys, stream, nothing)
        with pytest.raises(InteractionRequired, match=r"is not a terminal") as caught:
            TerminalPrompt().ask(FORM, lambda answer: answer)
    assert "Studio" in str(caught.value)
    assert len(caught.value.ways_out) == 3
    assert all(way in str(caught.value) for way in caught.value.ways_out)


def test_a_program_in_the_background_is_refused_and_not_stopped():
    script = f"set -m; {sys.executable} -c '{PROGRAM}' & wait $!"
    pid, screen = pty.fork()
    if pid == 0:
        os.execvp("bash", ["bash", "-c", script])  # noqa: S606 - the shell is named
    shown = ""
    while "\n" not in shown:
        shown += os.read(screen, 4096).decode()
    os.waitpid(pid, 0)
    os.close(screen)
    assert "runs in the background" in shown


HEAVY = {"asyncio", "click", "concurrent.futures", "logging", "msgspec", "PySide6", "termios"}


def test_with_nobody_there_the_refusal_comes_at_once_and_imports_little():
    code = (
        "import sys, time\n"
        "from sojourn.client.prompt.choice import DefaultPrompt\n"
        "from sojourn.client.prompt.contract import Form\n"
        "before = set(sys.modules)\n"
        "try:\n    DefaultPrompt().ask(Form('Studio'), None)\n"
        "except Exception as error:\n    print(type(error).__name__, *sorted(set(sys.modules) - before))\n"
        f"print(*sorted({HEAVY} & before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "InteractionRequired\n\n"
