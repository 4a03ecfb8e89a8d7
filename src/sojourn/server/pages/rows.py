"""Rows that several pages show, made from values of `model`."""

from __future__ import annotations

from sojourn.model.signin import SignIn
from sojourn.model.user import User
from sojourn.server.pages import paths
from sojourn.server.pages.site import Site
from sojourn.server.pages.view import AccountLinks, AccountRow, ScopeRow


def account_row(user: User, signin: SignIn | None = None) -> AccountRow:
    """A person, and the sign-in they are here with."""
    name = user.claims.get("name")
    return AccountRow(
        login=user.login or user.id,
        name=name if isinstance(name, str) else "",
        sid=signin.id if signin else "",
        signed_in_at=signin.event.authn_time if signin else None,
    )


def scope_rows(scope: tuple[str, ...], already: tuple[str, ...] = ()) -> tuple[ScopeRow, ...]:
    """Scopes for people to read; `already` are those they agreed to before."""
    return tuple(ScopeRow(name=name, already=name in already) for name in scope)


def links(site: Site) -> AccountLinks:
    """The navigation of a signed-in person."""
    return AccountLinks(
        sessions=site.url(paths.SESSIONS),
        password=site.url(paths.PASSWORD),
        sign_out=site.url(paths.SIGN_OUT),
    )
