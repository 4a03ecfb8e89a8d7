"""A pseudo-terminal and the person at it, who does one act after the other."""

from __future__ import annotations

import os
import re
import termios
import threading
from collections import deque

from sojourn.client.prompt.contract import Way
from sojourn.testing.scripted_prompt import CallOff, Fill, GiveCode, SayNo

NO = b"\x03"
END = b"\x1e"
QUESTION = re.compile(r"(?P<label>[A-Z][\w ]*?)(?:, or a number)?(?: \[[^\]]*\])?: $")
WORKING = "Signing in ...\r\n"


class Person:
    """Reads the screen of a pseudo-terminal and types."""

    def __init__(self, screen: int, keyboard: int) -> None:
        self._screen = screen
        self.keyboard = keyboard
        self.before = termios.tcgetattr(keyboard)
        self.unread = ""
        self.acts: deque[object] = deque()
        self.shown = ""
        self._caught_up = threading.Event()
        self.thread = threading.Thread(target=self._sit, daemon=True)
        self.thread.start()

    def catch_up(self) -> None:
        """Wait until all that was written so far was read."""
        self._caught_up.clear()
        os.write(self.keyboard, END)
        assert self._caught_up.wait(20)

    def _sit(self) -> None:
        while True:
            try:
                piece = os.read(self._screen, 4096).decode()
            except OSError:  # the other side was closed
                return
            self.shown += piece
            self.unread += piece
            if END.decode() in piece:
                self._caught_up.set()
            reply = self.reply()
            if reply is not None:
                self.unread = ""
                os.write(self._screen, reply)

    def reply(self) -> bytes | None:
        act = self.acts[0] if self.acts else None
        if self.unread.endswith(WORKING) and isinstance(act, CallOff):
            self.acts.popleft()
            return NO
        question = QUESTION.search(self.unread)
        if question is None or act is None or isinstance(act, CallOff):
            return None
        if isinstance(act, SayNo):
            self.acts.popleft()
            return NO
        return f"{self.said(act, question['label'])}\n".encode()

    def said(self, act: object, label: str) -> str:
        if isinstance(act, GiveCode):
            assert label == "Code"
            self.acts.popleft()
            return act.code
        assert isinstance(act, Fill)
        if label == "Sign in":
            if act.way is Way.BROWSER:
                self.acts.popleft()
            return "2" if act.way is Way.BROWSER else ""
        if label.startswith("Password"):
            self.acts.popleft()
            return act.password
        known = {"Host": act.host, "User name": act.login}
        extra = {name.upper(): value for name, value in act.extra}
        return known[label] or "" if label in known else extra.get(label.upper(), "")
