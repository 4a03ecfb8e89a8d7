"""What a user proves who they are with. Passwords are here as hashes; other factors come beside them."""

from __future__ import annotations

from sojourn.model.value import Value

MIN_LENGTH = 8
MAX_LENGTH = 1024


class PasswordCredential(Value, frozen=True, kw_only=True):
    """A password hash in PHC text form (argon2id), and when it was set (UTC ms)."""

    hash: str
    changed: int

    def __repr__(self) -> str:
        return f"PasswordCredential(changed={self.changed})"


def judge_password(
    password: str, *, common: frozenset[str], context: tuple[str, ...]
) -> str | None:
    """The message id of what is wrong with a new password, or None (ASVS 6.2.1, 6.2.4, 6.2.9, 6.2.11).

    common   casefolded passwords that everybody tries
    context  words that must not be the whole password: the login, the product's name
    """
    if len(password) < MIN_LENGTH:
        return "password.short"
    if len(password) > MAX_LENGTH:
        return "password.long"
    folded = password.casefold()
    if folded in common:
        return "password.common"
    if any(word and folded == word.casefold() for word in context):
        return "password.context"
    return None
