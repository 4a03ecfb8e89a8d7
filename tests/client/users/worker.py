"""A program whose user's credential has ended: `python -m tests.client.users.worker URL LOGIN THREADS`. Each line that
it says is one word; where the person is asked it says `asked` and does what the next line of its standard input says: a
password to type, or nothing to cancel. At the end it says what became of its threads' calls."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from sojourn import Authenticator, DefaultsManager, User, errors
from sojourn.client.prompt.contract import Answer


class OverPipes:
    """Asks the test."""

    def ask(self, form, attempt):
        say("asked")
        typed = sys.stdin.readline().strip()
        if not typed:
            raise errors.AuthenticationCancelled
        return attempt(Answer(form.host or "", form.login or "", typed))


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def outcome(user: User, url: str, together: threading.Barrier) -> str:
    with user.create_session(trust_env=False) as session:
        together.wait(30)
        try:
            return str(session.get(f"{url}/REST/Zone/").status_code)
        except errors.AuthenticationCancelled:
            return "cancelled"


def main(url: str, login: str, threads: int) -> None:
    authenticator = Authenticator(DefaultsManager(url), kind="dynect", prompt=OverPipes())
    user = authenticator.create_session_user(login)
    say("ready")
    sys.stdin.readline()
    together = threading.Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        told = list(pool.map(lambda _: outcome(user, url, together), range(threads)))
    say(" ".join(sorted(set(told))))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
