"""Proving that we hold the key that a token is bound to (RFC 9449): the key at work, and the nonces that servers gave.
The endpoints and the plugins stand above it; below it is `wire.dpop`, imported when there is a key at all."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from sojourn.client.credential import Credential
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.url import Origin, origin

if TYPE_CHECKING:
    from sojourn.wire.dpop import ProofKey

ALGORITHM: Final = "ES256"

_MOST = 256
_REFUSED = (400, 401)
_ERROR = "use_dpop_nonce"
_is_nonce = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,1000}").fullmatch


class _Held(NamedTuple):
    """A credential's key, read once, and what its proofs say of the token."""

    text: str
    token: str
    key: ProofKey
    ath: str

    def __repr__(self) -> str:
        return "<a key at work>"


class Binding(NamedTuple):
    """The key that tokens are asked for with, and whether they must be bound to it."""

    key: ProofKey | None = None
    required: bool = False

    @property
    def thumbprint(self) -> str | None:
        return None if self.key is None else self.key.thumbprint


NO_KEY: Final = Binding()


class Prover:
    """Makes the proofs of one plugin, for any number of threads and tasks."""

    def __init__(self) -> None:
        self._nonces: dict[Origin, str] = {}
        self._held: _Held | None = None

    def shown(self, credential: Credential, request: Request, *, now: int) -> Fields:
        """Return the headers that show a bound token with a proof for `request` alone (§7.1); `now` is UTC ms."""
        held = self._held
        if held is None or held.text != credential.key or held.token != credential.access_token:
            held = self._taken(credential)
        proof = self._proof(held.key, request.method, request.url, now=now, ath=held.ath)
        return ("Authorization", f"DPoP {held.token}"), ("DPoP", proof)

    def proof(self, key: ProofKey, method: str, url: str, *, now: int) -> Fields:
        """Return the header that proves `key` where no token is shown: at the token endpoint (§5)."""
        return (("DPoP", self._proof(key, method, url, now=now)),)

    def noticed(self, url: str, reply: Reply) -> bool:
        """Keep the nonce that an answer of `url` gives (§8.2), and tell whether it was refused for want of it (§8)."""
        nonce = reply.header("dpop-nonce")
        if nonce is None or not _is_nonce(nonce):
            return False
        if len(self._nonces) >= _MOST:
            self._nonces.clear()
        self._nonces[origin(url)] = nonce
        if reply.status not in _REFUSED:
            return False
        said = reply.header("www-authenticate") or ""
        return _ERROR in said or _ERROR.encode() in reply.content

    def key_of(self, credential: Credential | None) -> ProofKey | None:
        """Return the key that a credential is bound to, if it is bound to one."""
        if credential is None or credential.key is None:
            return None
        held = self._held
        return held.key if held and held.text == credential.key else loaded(credential.key)

    def _taken(self, credential: Credential) -> _Held:
        from sojourn.wire.dpop import ath

        token, text = credential.access_token, credential.key or ""
        key = self.key_of(credential) or loaded(text)
        held = self._held = _Held(text, token, key, ath(token))
        return (
            held  # not what another thread, with another credential, may have put there meanwhile
        )

    def _proof(self, key: ProofKey, method: str, url: str, *, now: int, ath: str = "") -> str:
        nonce = self._nonces.get(origin(url)) if self._nonces else None
        jti = secrets.token_urlsafe(16)
        return key.proof(method, url, now=now, jti=jti, ath=ath, nonce=nonce)


def loaded(text: str) -> ProofKey:
    """Return the key that a credential keeps as `text`."""
    from sojourn.wire.dpop import ProofKey

    return ProofKey.load(text)


def new_key() -> ProofKey:
    """Return a fresh P-256 key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from sojourn.wire.dpop import ProofKey
    from sojourn.wire.jose import SigningKey

    private = ec.generate_private_key(ec.SECP256R1())
    return ProofKey(SigningKey("dpop", ALGORITHM, private=private))
