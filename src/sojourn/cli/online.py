"""A server's JSON APIs with an account's token. Commands and the desk stand above it, the client's Session
below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sojourn.client.account import Account
from sojourn.client.accounts import Accounts
from sojourn.client.response import Response
from sojourn.client.session import Session
from sojourn.errors import ConfigurationError, Forbidden, SojournError, Unauthorized


class OnlineDesk:
    """Calls with the current account, or the one named."""

    def __init__(self, session: Session, account: Account) -> None:
        self._session = session
        self.account = account

    def get(self, area: str, query: Mapping[str, str]) -> dict[str, Any]:
        """GET /admin/AREA."""
        return self.call("GET", f"/admin/{area}", params=query)

    def act(self, area: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST /admin/AREA."""
        return self.call("POST", f"/admin/{area}", json=body)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The JSON answer of a path below the issuer. Raises HttpError; a lack of rights says how to get them."""
        url = f"{self.account.issuer}{path}"
        try:
            response = self._session.request(url, method, params=params, json=json)
        except Unauthorized as error:
            if not self.account.resources:
                raise
            named = ", ".join(self.account.resources)
            raise Unauthorized(
                f"The tokens of {self.account.name} are for {named}, not for {self.account.issuer} itself. "
                "Name another account with --account, or make it the current one with sojourn use.",
                status=401,
                detail=str(error),
            ) from error
        except Forbidden as error:
            right = " --admin" if path.startswith("/admin/") else ""
            raise Forbidden(
                f"{self.account.name} may not do this. If the person may, sign in for it: "
                f"sojourn login {self.account.issuer}{right}",
                status=403,
                detail=str(error),
            ) from error
        return _members(response, url)


def _members(response: Response, url: str) -> dict[str, Any]:
    try:
        members = response.json()
    except ValueError:
        members = None
    if not isinstance(members, dict):
        message = f"{url} gave no JSON object: is its server Sojourn?"
        raise SojournError(message)
    return members


@contextmanager
def session_of(name: str | None) -> Iterator[OnlineDesk]:
    """A desk with the account called `name`, or the current one."""
    account = Accounts().get(name)
    if account.kind != "oidc":
        raise ConfigurationError(
            f"{account.name} is an account of {account.kind}, and this asks a Sojourn server. Name another account "
            "with --account."
        )
    with Session(auth=account.auth()) as session:
        yield OnlineDesk(session, account)
