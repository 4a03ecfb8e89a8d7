"""Roles and the administrative scopes that each carries: the one table (design decision 17)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

AREAS: Final = ("users", "clients", "keys", "sessions")
READ: Final = frozenset(f"{area}:read" for area in AREAS)
WRITE: Final = frozenset(f"{area}:write" for area in AREAS)

ACCOUNT_SCOPE: Final = "account"
ADMIN_SCOPES: Final = tuple(f"{area}:{right}" for area in AREAS for right in ("read", "write"))

ADMINISTRATOR: Final = "administrator"

ROLES: Final[Mapping[str, frozenset[str]]] = {
    ADMINISTRATOR: READ | WRITE,
    "auditor": READ,
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """The administrative scopes of a user with these roles; an unknown role carries none."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def allowed_scopes(scope: tuple[str, ...], roles: Iterable[str]) -> tuple[str, ...]:
    """`scope` without the administrative scopes that no role of the user carries."""
    carried = scopes_of(roles)
    return tuple(name for name in scope if name not in ADMIN_SCOPES or name in carried)
