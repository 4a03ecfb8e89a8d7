"""What a connection trusts: the TLS context, built from `verify` and `cert` at the first request
that needs one. The transports stand above it."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from sojourn.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

Verify = bool | str | os.PathLike[str]
Cert = str | tuple[str, str]


class Trust:
    """`verify`: True is the system's authorities (`SSL_CERT_FILE` is heeded), a path a file or
    folder of one's own, False none at all. `cert`: a PEM file with certificate and key, or the pair
    of both."""

    def __init__(self, verify: Verify = True, cert: Cert | None = None) -> None:  # noqa: FBT002
        self._verify = verify
        self._cert = cert

    @property
    def verified(self) -> bool:
        """Whether certificates are checked at all."""
        return self._verify is not False

    @property
    def particular(self) -> str | None:
        """What is trusted or shown that only `context` can do, in words; None where it is nothing."""
        if self._cert is not None:
            return "the session shows a certificate of its own"
        return (
            None if isinstance(self._verify, bool) else "the session trusts authorities of its own"
        )

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The context; a file that is missing or no PEM raises ConfigurationError and names it."""
        import ssl

        try:
            context = self._authorities()
        except (OSError, ssl.SSLError) as cause:
            message = f"verify={self._verify!r} is not a readable PEM file or folder."
            raise ConfigurationError(message, detail=str(cause)) from cause
        if self._cert is not None:
            files = (self._cert,) if isinstance(self._cert, str) else self._cert
            try:
                context.load_cert_chain(*files)
            except (OSError, ssl.SSLError) as cause:
                message = f"cert={self._cert!r} is not a readable PEM certificate with its key."
                raise ConfigurationError(message, detail=str(cause)) from cause
        return context

    def _authorities(self) -> ssl.SSLContext:
        import ssl

        if self._verify is True:
            return ssl.create_default_context()
        if isinstance(self._verify, bool):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        path = os.fspath(self._verify)
        if os.path.isdir(path):
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
