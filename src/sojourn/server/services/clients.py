"""Clients and resources: registered, found, authenticated, changed (RFC 6749 §2, RFC 7591 §2).

Secrets are random and kept as SHA-256 digests; only passwords see a password hash. A client that signs assertions
(RFC 7523) uses each `jti` once.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Struct

from sojourn.errors import Conflict, InvalidClient, InvalidRequest, Malformed
from sojourn.model.client import AUTH_METHODS, Client
from sojourn.model.marks import Used
from sojourn.model.resource import Resource
from sojourn.model.subject import SUBJECT_TYPES
from sojourn.server.services import outbound, workloads
from sojourn.server.services.context import Context
from sojourn.server.services.outbound import Fetch
from sojourn.server.services.sessions.tree import Tree
from sojourn.server.services.workloads import Workloads
from sojourn.store import records
from sojourn.wire import base64url, device, exchange, json_text, oauth, tokens
from sojourn.wire.jose import KeySet, check_times

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANT_TYPES: Final = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    device.GRANT,
    exchange.GRANT,
)
ASSERTION_LIFE: Final = 300_000
_ASSERTION_ALGS: Final = ("ES256", "RS256", "PS256", "EdDSA")
_SKEW: Final = 10_000
_KNOWN: Final = 1_024


class Presented(Struct, frozen=True):
    """How a request says which client it comes from (RFC 6749 §2.3).

    method     client_secret_basic | client_secret_post | private_key_jwt | none
    digest     of the secret
    assertion  the signed text (RFC 7523)
    """

    client_id: str
    method: str
    digest: str = ""
    assertion: str = ""

    def __repr__(self) -> str:
        return f"Presented({self.client_id!r}, {self.method})"


class ClientPage(Struct, frozen=True):
    """Some clients, and the cursor to go on with."""

    clients: tuple[Client, ...]
    after: str | None


class Clients:
    """All that is done to clients and resources."""

    __slots__ = ("_audiences", "_basic", "_context", "_tree", "_workloads")

    def __init__(
        self,
        context: Context,
        tree: Tree,
        *,
        audiences: tuple[str, ...],
        fetch: Fetch = outbound.fetch,
    ) -> None:
        """`audiences`: what an assertion's `aud` may be: the issuer and the token endpoint; `fetch` reads what the
        issuers of workloads publish.
        """
        self._context = context
        self._workloads = Workloads(context, algorithms=_ASSERTION_ALGS, skew=_SKEW, fetch=fetch)
        self._tree = tree
        self._audiences = audiences
        self._basic: dict[str, Presented] = {}

    async def get(self, client_id: str) -> Client | None:
        """The client with this id, live or not."""
        return await self._tree.client(client_id)

    async def resource(self, identifier: str) -> Resource | None:
        """The live resource with this identifier."""
        record = await self._context.store.get(self._context.keys.resource(identifier))
        if record is None:
            return None
        found = self._tree.decoded.value(record, Resource)
        return found if found.ended is UNSET else None

    def basic(self, header: str) -> Presented:
        """What an Authorization header shows. Each is taken apart once, as long as it is among the newest; what is kept
        of it are digests. Raises InvalidClient.
        """
        name = tokens.digest(header)
        shown = self._basic.get(name)
        if shown is None:
            client_id, secret = oauth.basic_credentials(header)
            shown = Presented(client_id, "client_secret_basic", tokens.digest(secret))
            if len(self._basic) >= _KNOWN:
                self._basic.clear()
            self._basic[name] = shown
        return shown

    async def authenticate(self, shown: Presented) -> Client:
        """The client that a request comes from, proved by the one method it registered.

        Raises InvalidClient, the same for an unknown client, a wrong method and a wrong secret.
        """
        client = await self.get(shown.client_id) if shown.client_id else None
        if client is None or client.status != "active" or client.ended is not UNSET:
            raise InvalidClient(detail="unknown or disabled")
        if client.token_endpoint_auth_method != shown.method:
            raise InvalidClient(detail=f"{shown.method} is not its method")
        if shown.method == "private_key_jwt":
            await self._check_assertion(client, shown.assertion)
        elif shown.method != "none" and not compare_digest(client.secret_hash, shown.digest):
            raise InvalidClient(detail="wrong secret")
        return client

    async def _check_assertion(self, client: Client, text: str) -> None:
        """RFC 7523 §3: signature, iss = sub = client, aud, exp, jti once; or a token of a workload's platform."""
        context = self._context
        if client.workloads and (claims := _told(text)).get("iss") != client.client_id:
            proof = await self._workloads.check(client, text, claims)
            if proof.jti:
                await self._once(client, f"{proof.workload.issuer} {proof.jti}", proof.expires)
            return
        if client.jwks is UNSET:
            raise InvalidClient(detail="it has no keys")
        try:
            keys = KeySet.load(client.jwks)
            claims = keys.verify(text, algs=_ASSERTION_ALGS, typ=None).claims
            issuer, sub = json_text.text(claims, "iss"), json_text.text(claims, "sub")
            audience, jti = json_text.texts(claims, "aud"), json_text.text(claims, "jti")
            check_times(claims, now=context.now(), skew_ms=_SKEW)
            expires = json_text.moment(claims, "exp")
        except Malformed as error:
            raise InvalidClient(detail=str(error)) from error
        if issuer != client.client_id or sub != client.client_id:
            raise InvalidClient(detail="iss and sub must be the client")
        if len(audience) != 1 or audience[0] not in self._audiences:
            raise InvalidClient(detail="aud must be the issuer or the token endpoint")
        if expires > context.now() + ASSERTION_LIFE + _SKEW:
            raise InvalidClient(detail="exp is too far ahead")
        await self._once(client, jti, expires)

    async def _once(self, client: Client, jti: str, expires: int) -> None:
        """Take note that an assertion was used; raises InvalidClient if it was before."""
        context = self._context
        key = context.keys.assertion(client.client_id, tokens.digest(jti))
        used = Used(at=context.now())
        until = expires + _SKEW
        try:
            await context.store.put(records.first(key, used, op_id=context.op_id(), expires=until))
        except Conflict as error:
            raise InvalidClient(detail="the assertion was used before") from error

    async def create(self, client: Client, *, actor: str = "") -> tuple[Client, str]:
        """Register a client; returns it and its secret, which exists nowhere else (empty: it needs none).

        Raises InvalidRequest for metadata that cannot be, or an id that is taken.
        """
        context = self._context
        client = _with_sector(client)
        self._check(client)
        secret = ""
        if client.token_endpoint_auth_method.startswith("client_secret"):
            secret = context.secret("k")
        registered = msgspec.structs.replace(
            client,
            created=context.now(),
            secret_hash=tokens.digest(secret) if secret else "",
        )
        key = context.keys.client(client.client_id)
        fresh = records.first(key, registered, op_id=context.op_id())
        event = self._tree.events(key, "client.created", actor=actor, subject=client.client_id)
        try:
            await self._tree.put_with(fresh, event)
        except Conflict as error:
            message = "This client id is taken."
            raise InvalidRequest(message) from error
        return registered, secret

    async def change(
        self, client_id: str, alter: Callable[[Client], Client], *, event: str, actor: str = ""
    ) -> Client:
        """Alter a client. Raises InvalidRequest when it is not there or the result cannot be."""
        key = self._context.keys.client(client_id)

        def checked(client: Client) -> Client:
            altered = alter(client)
            self._check(altered)
            return altered

        happened = self._tree.events(key, event, actor=actor, subject=client_id)
        changed = await self._tree.change(key, Client, checked, event=happened)
        if changed is None:
            message = "There is no such client."
            raise InvalidRequest(message)
        return changed

    def _check(self, client: Client) -> None:
        """Metadata that contradicts nothing, and an ID token algorithm that this server can sign with."""
        check_metadata(client)
        if text := workloads.fault(client, at=self._context.issuer):
            raise InvalidRequest(text)
        algorithms = self._context.signing.algorithms
        if client.id_token_signed_response_alg not in algorithms:
            message = f"id_token_signed_response_alg is one of {', '.join(algorithms)}."
            raise InvalidRequest(message)

    async def new_secret(self, client_id: str, *, actor: str = "") -> str:
        """Give a client another secret; the old one is dead from here on."""
        secret = self._context.secret("k")
        await self.change(
            client_id,
            lambda client: msgspec.structs.replace(client, secret_hash=tokens.digest(secret)),
            event="client.secret_changed",
            actor=actor,
        )
        return secret

    async def page(self, *, after: str | None, limit: int) -> ClientPage:
        """Some clients, in no order."""
        found = await self._context.store.find("client", "all", "1", after=after, limit=limit)
        clients = tuple(records.value_of(record, Client) for record in found.records)
        return ClientPage(clients, found.after)

    async def add_resource(self, resource: Resource, *, actor: str = "") -> None:
        """Register a resource, or replace it. Raises InvalidRequest for an identifier that is no absolute URI."""
        if ":" not in resource.identifier or "#" in resource.identifier:
            message = "A resource's identifier is an absolute URI without fragment (RFC 8707 §2)."
            raise InvalidRequest(message)
        context = self._context
        key = context.keys.resource(resource.identifier)
        event = self._tree.events(key, "resource.changed", actor=actor)
        old = await context.store.get(key)
        if old is None:
            await self._tree.put_with(records.first(key, resource, op_id=context.op_id()), event)
        else:
            await self._tree.put_with(
                records.successor(old, resource, op_id=context.op_id()), event
            )


def _told(assertion: str) -> dict[str, Any]:
    """What an assertion says, unverified."""
    try:
        return json_text.parse_object(base64url.decode(assertion.split(".")[1]))
    except (Malformed, IndexError) as error:
        raise InvalidClient(detail="the assertion is not a JWT") from error


def check_metadata(client: Client) -> None:
    """Refuse client metadata that contradicts itself or the specifications; InvalidRequest says what."""
    fault = _fault(client)
    if fault:
        raise InvalidRequest(fault)
    for uri in (*client.redirect_uris, *client.post_logout_redirect_uris):
        try:
            oauth.check_redirect_uri(uri)
        except Malformed as error:
            message = f"The redirect URI {uri!r} cannot be used: {error}"
            raise InvalidRequest(message) from error


def _with_sector(client: Client) -> Client:
    """A pairwise client with its sector: the host of its redirect URIs if none is named (OpenID Connect Core §8.1)."""
    if client.subject_type != "pairwise" or client.sector_identifier:
        return client
    hosts = {urlsplit(uri).hostname or "" for uri in client.redirect_uris}
    sector = hosts.pop() if len(hosts) == 1 else ""
    return msgspec.structs.replace(client, sector_identifier=sector)


def _fault(client: Client) -> str:
    if not client.client_id or len(client.client_id) > 255 or not client.client_id.isascii():
        return "A client id has 1 to 255 ASCII characters."
    if client.token_endpoint_auth_method not in AUTH_METHODS:
        return f"token_endpoint_auth_method is one of {', '.join(AUTH_METHODS)}."
    if set(client.grant_types) - set(GRANT_TYPES):
        return f"grant_types are some of {', '.join(GRANT_TYPES)}."
    if client.subject_type not in SUBJECT_TYPES:
        return f"subject_type is one of {', '.join(SUBJECT_TYPES)}."
    if client.subject_type == "pairwise" and not client.sector_identifier:
        return "A pairwise client needs a sector_identifier unless its redirect URIs have one host."
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        return "The authorization_code grant needs a redirect URI."
    if "client_credentials" in client.grant_types and client.public:
        return "A public client cannot use client_credentials (RFC 6749 §4.4)."
    if not client.require_pkce and client.public:
        return "A public client needs PKCE (RFC 9700 §2.1.1)."
    if client.token_endpoint_auth_method == "private_key_jwt":
        return _key_fault(client)
    return ""


def _key_fault(client: Client) -> str:
    if client.jwks is UNSET:
        return "" if client.workloads else "private_key_jwt needs jwks or workloads."
    try:
        return "" if len(KeySet.load(client.jwks)) else "jwks holds no key that can verify."
    except Malformed as error:
        return f"jwks cannot be used: {error}"
