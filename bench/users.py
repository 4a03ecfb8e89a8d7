"""The users bench: from a stored user to their first request, and from text to a user. Each figure is CPU of a process
of its own, after all that it imports."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from bench.process import ROOT

REPEATS = 9
TEXTS = 500
Figures = dict[str, float]


@dataclass(frozen=True)
class Limit:
    """The most that ours may take."""

    name: str
    most: float
    unit: str = "ms CPU"


LIMITS = (
    Limit("stored user to first request", 5),
    Limit("deserialize_user, the first", 1),
    Limit("deserialize_user, each", 1),
)
_SET_UP = """
import json, time
from contextlib import suppress
import sojourn
with suppress(ImportError):  # an extra that a session looks for at its first request
    import opentelemetry.propagate
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import accounts, users
from sojourn.client.transport.contract import Reply
Authenticator, Session = sojourn.Authenticator, sojourn.Session
serialize, deserialize = sojourn.serialize_user, sojourn.deserialize_user
now = time.time_ns() // 1_000_000
"""
_STORE = f"""{_SET_UP}
from sojourn.client.accounts import Accounts
here = Authenticator(sojourn.DefaultsManager("https://id.example"))
plugin = users.USERS.plugin("https://id.example", "ada", {{}})
claims = {{"sub": "u1", "preferred_username": "ada"}}
plugin.adopt(Credential(now, "t" * 40, now, expires_at=now + 3_600_000, refresh_token="r", claims=claims))
facts = users.USERS.facts(plugin._current, "ada")
Accounts(here.store).keep(plugin, {{**plugin.record(), **facts._asdict(), "host": "https://id.example"}})
here.defaults.set_login("ada")
"""
_FIRST_REQUEST = f"""{_SET_UP}
class Counting:
    def send(self, request):
        self.sent = time.process_time()
        assert dict(request.headers)["Authorization"].startswith("Bearer ttt")
        return Reply(200, (), b"")
    def close(self):
        pass
counting = Counting()
begin = time.process_time()
user = Authenticator(sojourn.DefaultsManager("https://id.example")).get_default_user()
user.create_session(transport=counting).get("https://api.example/")
print(json.dumps({{"stored user to first request": 1000 * (counting.sent - begin)}}))
"""
_TEXTS = f"""{_SET_UP}
text = serialize(Authenticator(sojourn.DefaultsManager("https://id.example")).get_default_user())
begin = time.process_time()
deserialize(text)
first = time.process_time()
for _ in range({TEXTS}):
    deserialize(text)
end = time.process_time()
print(json.dumps({{
    "deserialize_user, the first": 1000 * (first - begin),
    "deserialize_user, each": 1000 * (end - first) / {TEXTS},
}}))
"""


def run(*, quick: bool) -> Figures:
    """Medians of fresh processes, with the store's key in a file."""
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as home:
        env = {
            **os.environ,
            "SOJOURN_HOME": home,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        _said(_STORE, env)
        figures: Figures = {}
        for program in (_FIRST_REQUEST, _TEXTS):
            told = [_said(program, env) for _ in range(3 if quick else REPEATS)]
            figures |= {name: statistics.median(one[name] for one in told) for name in told[0]}
        return figures


def _said(program: str, env: dict[str, str]) -> Figures:
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
    found: Figures = json.loads(done.stdout or "{}")
    return found
