"""Keys as the store keeps them: wrapped, never in the clear (design decision 12)."""

from __future__ import annotations

from collections.abc import Mapping

from sojourn.model.value import Value

PURPOSES = ("seal", "mac", "rotation", "mask", "subject", "cookie")


class PurposeKey(Value, frozen=True, kw_only=True):
    """A symmetric key for one purpose, sealed under the root key (base64url)."""

    purpose: str
    sealed: str
    created: int

    def __repr__(self) -> str:
        return f"PurposeKey({self.purpose!r})"


class SigningKeyRecord(Value, frozen=True, kw_only=True):
    """A signing key: its private half sealed, its public half as a JWK.

    status  published | active | retiring | retired: only an active one signs, all but retired ones verify
    """

    kid: str
    alg: str
    sealed: str
    public: Mapping[str, object]
    created: int
    status: str = "published"
    changed: int = 0

    def __repr__(self) -> str:
        return f"SigningKeyRecord({self.kid!r}, {self.alg}, {self.status})"
