"""Programs without a secret: tokens that their platform gives them, by which they prove to be a client (RFC 7523 §2.2).
The endpoints stand above it; below it are the environment and `wire`."""

from __future__ import annotations

import os
import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Request
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectFailure,
    IncompleteCredentials,
    Malformed,
)
from sojourn.wire import base64url, forms, json_text

LONGEST: Final = 16_384
"""Characters of a token; no platform's is longer."""
URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

_is_jwt = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII).fullmatch


class PlatformToken(ABC):
    """Where a program's token comes from. It is read anew for every proof, and kept nowhere."""

    name: str
    """Which source it is, in a stored account."""

    def __init__(self, place: str | None) -> None:
        self.place = place

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place!r})"

    async def token(self, env: Env, *, issuer: str) -> str:
        """Return the token for the provider `issuer`.

        One that is missing, empty, too large, no JWT or expired raises IncompleteCredentials, which says where.
        """
        text = (await self._read(env, issuer)).strip()
        if not text:
            raise IncompleteCredentials(f"{self.where} is empty: it should hold a token.")
        if len(text) > LONGEST:
            raise IncompleteCredentials(f"{self.where} is too large for a token.")
        if not _is_jwt(text):
            raise IncompleteCredentials(f"{self.where} is not a signed token (JWT).")
        end = _end(text)
        if end is not None and end <= env.now():
            ago = (env.now() - end) // 1000
            raise IncompleteCredentials(
                f"{self.where} ended {ago} seconds ago, and the platform has not renewed it."
            )
        return text

    @property
    @abstractmethod
    def where(self) -> str:
        """The token's place, as a sentence begins."""

    @abstractmethod
    async def _read(self, env: Env, issuer: str) -> str: ...


class TokenFile(PlatformToken):
    """A file that the platform renews, such as a projected service account token of Kubernetes."""

    name = "file"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(os.fspath(path))

    @property
    def where(self) -> str:
        return f"The token file {self.place}"

    async def _read(self, env: Env, issuer: str) -> str:
        return await env.block(self._text)

    def _text(self) -> str:
        # Not blocking, so that a pipe in the file's place cannot hold us up.
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            opened = os.open(self.place or "", flags)
        except FileNotFoundError:
            raise IncompleteCredentials(f"{self.where} is not there.") from None
        except OSError as cause:
            raise IncompleteCredentials(
                f"{self.where} cannot be read: {os.strerror(cause.errno or 0)}."
            ) from cause
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise IncompleteCredentials(f"{self.where} is not a file.")
        with os.fdopen(opened, "rb") as file:
            return file.read(2 * LONGEST).decode("utf-8", "replace")


class TokenVariable(PlatformToken):
    """An environment variable, such as a CI's job gets under the name that it asked for."""

    name = "variable"

    def __init__(self, variable: str) -> None:
        super().__init__(variable)

    @property
    def where(self) -> str:
        return f"The environment variable {self.place}"

    async def _read(self, env: Env, issuer: str) -> str:
        text = os.environ.get(self.place or "")
        if text is None:
            raise IncompleteCredentials(f"{self.where} is not set.")
        return text


class GitHubActions(PlatformToken):
    """A job of GitHub Actions with the permission `id-token: write`: it asks its platform for a token for `audience`,
    else for the provider's issuer."""

    name = "github"

    def __init__(self, audience: str | None = None) -> None:
        super().__init__(audience)

    @property
    def where(self) -> str:
        return "The token that GitHub Actions gave"

    async def _read(self, env: Env, issuer: str) -> str:
        url, token = os.environ.get(URL), os.environ.get(TOKEN)
        if not url or not token:
            raise IncompleteCredentials(
                f"{URL} and {TOKEN} are not set: this is no job of GitHub Actions with the permission "
                "`id-token: write`."
            )
        if not _is_safe(url) or not _is_plain(token):
            raise IncompleteCredentials(f"{URL} or {TOKEN} is not what GitHub Actions sets.")
        asked = forms.with_query(url, {"audience": self.place or issuer})
        headers = (
            ("Accept", "application/json"),
            ("User-Agent", PRODUCT),
            ("Authorization", f"Bearer {token}"),
        )
        reply = await env.send(Request("GET", asked, headers))
        place = f"GitHub Actions at {urlsplit(url).hostname}"
        if reply.status >= 500:
            raise ConnectFailure(f"{place} answered {reply.status}.", method="GET", url=url)
        try:
            if reply.status != 200:
                raise Malformed(f"it answered {reply.status}")
            return json_text.text(json_text.parse_object(reply.content), "value")
        except Malformed as cause:
            raise AuthenticationError(f"{place} gave no token: {cause.public}") from cause


def found(
    *, token_file: str | None, token_variable: str | None, audience: str | None
) -> PlatformToken:
    """Return the source that is named; without one GitHub Actions, where this is a job of it.

    Two, or none where there is none, raise ConfigurationError and IncompleteCredentials.
    """
    named: list[PlatformToken] = []
    named += [TokenFile(token_file)] if token_file else []
    named += [TokenVariable(token_variable)] if token_variable else []
    if len(named) + bool(audience) > 1:
        raise ConfigurationError(
            "token_file, token_variable and audience are three ways: give one."
        )
    if named:
        return named[0]
    if audience or os.environ.get(URL):
        return GitHubActions(audience)
    raise IncompleteCredentials(
        "Nothing says where the platform's token is: give token_file or token_variable (--token-file, "
        "--token-variable); a job of GitHub Actions needs neither, but the permission to write id-token."
    )


def kept(source: PlatformToken | None) -> dict[str, str | None] | None:
    """Return what `restored` makes the same source of; nothing secret is in it."""
    return None if source is None else {source.name: source.place}


def restored(state: Mapping[str, str | None] | None) -> PlatformToken | None:
    """Return the source that `kept` described."""
    if not state:
        return None
    ((name, place),) = state.items()
    if name == GitHubActions.name:
        return GitHubActions(place)
    return {TokenFile.name: TokenFile, TokenVariable.name: TokenVariable}[name](place or "")


def _end(token: str) -> int | None:
    """Return when the token says that it ends, in UTC milliseconds; None where it does not say."""
    with suppress(Malformed):
        claims = json_text.parse_object(base64url.decode(token.split(".")[1]))
        return json_text.optional_moment(claims, "exp")
    return None


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and here))


def _is_plain(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
