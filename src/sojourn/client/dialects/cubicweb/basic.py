"""The plugin that sends a user and a password with each request (RFC 7617), where an instance or what stands
before it asks for that. Sessions and accounts stand above it; below it is the shared plugin."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from sojourn.client.dialects.cubicweb.plugin import ProvingAuth
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.errors import IncompleteCredentials

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


class BasicAuth(ProvingAuth):
    """A user and a password, sent with each request to the instance at `url`."""

    grant = "cubicweb_basic"
    token_type = "Basic"

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        if ":" in username:
            raise IncompleteCredentials("A user name of HTTP Basic has no colon (RFC 7617 §2).")
        super().__init__(url, username, password, store=store, account=account)
        self._text = b64encode(f"{username}:{password}".encode()).decode("ascii")

    def shown(self, request: Request, now: int) -> Fields:
        return (("Authorization", f"Basic {self._text}"),)

    def why(self, response: Reply, now: int) -> str:
        return f"{self.url} did not take the user name and the password by HTTP Basic."
