"""A person at CubicWeb: their password gets cookies and is not kept, so that they are asked again when these end. The
dialect's users make it; below it is the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sojourn.client.credential import Credential
from sojourn.client.dialects.cubicweb import sign_in
from sojourn.client.dialects.cubicweb.cookie import CookieAuth
from sojourn.client.env.contract import Env
from sojourn.errors import InteractionRequired

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


class CubicWebPerson(CookieAuth):
    """Renews a session that is alive, and none that has ended."""

    grant = "person"
    keeps_secret = False

    def __init__(
        self,
        url: str,
        username: str,
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(url, username, "", store=store, account=account)

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        """Go on with the session, which lives from use to use."""
        cookie = previous and await sign_in.continued(env, self.url, previous.access_token)
        if not cookie:
            raise InteractionRequired(f"The session of {self.user} at {self.url} has ended.")
        return self.session(cookie, previous, env.now())
