"""OS keyrings of every temper, as backends of the real `keyring` package."""

from __future__ import annotations

import threading

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError


class Remembering(KeyringBackend):
    """Does what a keyring should."""

    priority: float = 5

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class Failing(Remembering):
    """Is there, and locked."""

    def set_password(self, service, username, password):
        raise KeyringError("locked")


class Hanging(Remembering):
    """Waits for a bus that never answers."""

    def __init__(self):
        super().__init__()
        self.release = threading.Event()

    def set_password(self, service, username, password):
        self.release.wait(60)


class Forgetting(Remembering):
    """Takes everything and gives nothing back."""

    def get_password(self, service, username):
        return None


class Weak(Remembering):
    """Works, and says itself that it is no good."""

    priority = 0.5
