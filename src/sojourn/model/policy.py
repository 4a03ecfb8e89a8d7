"""Usage rules: how long a token of each class lives, how often it is used, and what it may mint.

Precedence: what the grant says, then the client, then the server (the Session Manager page's order).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

TOKEN_CLASSES: Final = ("authorization_code", "access_token", "refresh_token", "id_token")

_MINUTE: Final = 60_000
_DAY: Final = 86_400_000


class UsageRules(Struct, frozen=True, omit_defaults=True, gc=False):
    """The rules for one class of token.

    expires_in        life in ms; 0: as long as what stands above it
    max_usage         how often it may be used; 0: without limit
    supports_minting  classes that may be based on it
    """

    expires_in: int = 0
    max_usage: int = 0
    supports_minting: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """What is no whole number raises TypeError here, and not when a token is read again; a list becomes a tuple."""
        if type(self.expires_in) is not int or type(self.max_usage) is not int:
            message = "expires_in (ms) and max_usage are whole numbers"
            raise TypeError(message)
        if type(self.supports_minting) is not tuple:
            force_setattr(self, "supports_minting", tuple(self.supports_minting))


RuleTable = Mapping[str, UsageRules]

DEFAULT_RULES: Final[RuleTable] = {
    "authorization_code": UsageRules(
        expires_in=_MINUTE,
        max_usage=1,
        supports_minting=("access_token", "refresh_token", "id_token"),
    ),
    "access_token": UsageRules(expires_in=60 * _MINUTE),
    "refresh_token": UsageRules(
        expires_in=30 * _DAY, supports_minting=("access_token", "refresh_token", "id_token")
    ),
    "id_token": UsageRules(expires_in=5 * _MINUTE),
}


def rules_for(token_class: str, *tables: RuleTable | None) -> UsageRules:
    """The first rule that a table has for `token_class`; the last resort is DEFAULT_RULES.

    Raises ValueError for an unknown class.
    """
    for table in tables:
        if table and token_class in table:
            return table[token_class]
    if token_class in DEFAULT_RULES:
        return DEFAULT_RULES[token_class]
    message = f"unknown token class {token_class!r}: one of {', '.join(TOKEN_CLASSES)}"
    raise ValueError(message)


class Lifetimes(Struct, frozen=True, kw_only=True):
    """The spans of sign-ins, in ms (NIST SP 800-63B-4 §5 gives the advice).

    signin_idle       without use, after which no new authorization is given
    signin_absolute   from the sign-in to its end, whatever happens
    interaction       a page flow from its start
    device            a device's request, from its start: short, for who is lured into it has little time (RFC 10027)
    grant             a grant without offline access; with it, `offline`
    """

    signin_idle: int = 60 * _MINUTE
    signin_absolute: int = _DAY
    interaction: int = 15 * _MINUTE
    device: int = 10 * _MINUTE
    grant: int = _DAY
    offline: int = 90 * _DAY
