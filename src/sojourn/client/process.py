"""The plugin that takes its tokens from another program: a credential process of kubectl's kind, a cloud's
command line, `sojourn token --json` on another machine. Sessions stand above it; below it are renewal and
`wire.credential_process`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sojourn.client.credential import Credential, next_generation
from sojourn.client.env.contract import Env
from sojourn.client.renewal import RenewingAuth
from sojourn.errors import AuthenticationError, Malformed
from sojourn.wire import credential_process

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

TIMEOUT: Final = 60.0
"""Seconds that the program may take."""


class ProcessAuth(RenewingAuth):
    """Runs `command`, a list of words and never a shell's line, and sends what it prints as a bearer
    token: an ExecCredential, an object with `access_token` or `token`, or the bare token.

    It is run again shortly before the token's end, and after a 401. `timeout` is in seconds.
    """

    kind = "process"

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout: float = TIMEOUT,
        store: CredentialStore | None = None,
    ) -> None:
        if isinstance(command, str) or not command:
            message = "command= is a list: the program and its arguments, one by one."
            raise TypeError(message)
        super().__init__(store=store)
        self._command = tuple(command)
        self._timeout = timeout
        self.label = self._command[0]

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        return self._command

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        printed = await env.block(self._run)
        now = env.now()
        try:
            token = credential_process.parse_token(printed, now=now)
        except Malformed as cause:
            raise AuthenticationError(f"{self.label}: {cause}") from cause
        return Credential(
            next_generation(previous, now), token.text, now, expires_at=token.expires_at
        )

    def _run(self) -> str:
        import subprocess

        try:
            done = subprocess.run(  # noqa: S603 - the words that the caller chose, and no shell
                self._command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._timeout,
                check=False,
            )
        except OSError as cause:
            why = cause.strerror or "it cannot be started"
            raise AuthenticationError(f"The credential process {self.label}: {why}.") from cause
        except subprocess.TimeoutExpired as cause:
            raise AuthenticationError(
                f"The credential process {self.label} took longer than {self._timeout:g} s."
            ) from cause
        if done.returncode:
            raise AuthenticationError(
                f"The credential process {self.label} ended with code {done.returncode}.",
                detail=done.stderr.decode("utf-8", "replace")[-1000:],
            )
        return done.stdout.decode("utf-8", "replace")
