"""A way to a server on which answers get lost: the connection closes instead, before the server acted or after. It
keeps every successor that the server gave for a refresh token, also of those that never arrived.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections import Counter, defaultdict
from urllib.parse import urlsplit

from tests.client.servers import Answer, Received

HOP_BY_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}
AS_SENT = {"connection", "content-length", "host"}


class LossyWay:
    """Give it to `Server(way.answer)`, and tell it the server behind with `to`. `share` of the token calls are lost."""

    def __init__(self, seed: int | str, *, share: float) -> None:
        self.share = share
        self.counts: Counter[str] = Counter()
        self.successors: defaultdict[str, set[str]] = defaultdict(set)
        self.enough = threading.Event()
        self.wanted = 0
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._netloc = ""

    def to(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc

    def answer(self, received: Received) -> Answer:
        if received.path != "/token":
            return self._forwarded(received)
        fate = self._fate()
        if fate == "lost before":
            self._count(fate)
            return None
        answer = self._forwarded(received)
        self._note(received, answer)
        self._count(fate)
        return answer if fate == "answered" else None

    def _fate(self) -> str:
        with self._lock:
            if self._chance.random() >= self.share:
                return "answered"
            return self._chance.choice(("lost before", "lost after"))

    def _count(self, fate: str) -> None:
        with self._lock:
            self.counts[fate] += 1
            if self.wanted and self.counts["acted"] >= self.wanted:
                self.enough.set()

    def _note(self, received: Received, answer: Answer) -> None:
        assert answer is not None
        status, _, body = answer
        with self._lock:
            self.counts[f"status {status}"] += 1
            if status == 200:
                self.counts["acted"] += 1
                given = json.loads(body)["refresh_token"]
                self.successors[received.form["refresh_token"]].add(given)

    def _forwarded(self, received: Received) -> Answer:
        headers = {name: value for name, value in received.headers.items() if name not in AS_SENT}
        behind = http.client.HTTPConnection(self._netloc, timeout=60)
        try:
            behind.request(received.method, received.target, received.body or None, headers)
            reply = behind.getresponse()
            body = reply.read()
        finally:
            behind.close()
        fields = {
            name: value for name, value in reply.getheaders() if name.lower() not in HOP_BY_HOP
        }
        return reply.status, fields, body
