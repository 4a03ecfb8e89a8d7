"""Clients and resources as administrators see and change them. `desk` stands above, `services.clients` below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sojourn.errors import InvalidRequest, UnknownObject
from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.model.workload import Workload
from sojourn.server.services.administration import reading
from sojourn.server.services.clients import Clients
from sojourn.server.services.context import Context
from sojourn.store import records
from sojourn.wire import oauth, tokens

SHORTEST_SECRET: Final = 32
_HIDDEN: Final = {"created", "secret_hash", "ended", "token_lives", "status", "client_id"}
_FIELDS: Final = frozenset(Client.__struct_fields__) - _HIDDEN
_STATUSES: Final = ("active", "disabled")


class Metadata(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The metadata of a client that can be set: the names of RFC 7591 §2, and ours (see `model.client`)."""

    client_name: str | UnsetType = UNSET
    redirect_uris: tuple[str, ...] | UnsetType = UNSET
    post_logout_redirect_uris: tuple[str, ...] | UnsetType = UNSET
    grant_types: tuple[str, ...] | UnsetType = UNSET
    response_types: tuple[str, ...] | UnsetType = UNSET
    token_endpoint_auth_method: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    resources: tuple[str, ...] | UnsetType = UNSET
    subject_type: str | UnsetType = UNSET
    sector_identifier: str | UnsetType = UNSET
    id_token_signed_response_alg: str | UnsetType = UNSET
    token_format: str | UnsetType = UNSET
    jwks: dict[str, Any] | UnsetType = UNSET
    workloads: tuple[Workload, ...] | UnsetType = UNSET
    require_pkce: bool | UnsetType = UNSET
    trusted: bool | UnsetType = UNSET
    client_uri: str | UnsetType = UNSET
    policy_uri: str | UnsetType = UNSET
    tos_uri: str | UnsetType = UNSET
    default_max_age: int | UnsetType = UNSET
    dpop_bound_access_tokens: bool | UnsetType = UNSET


class Create(Metadata, tag_field="action", tag="create", kw_only=True):
    """`client_secret` is chosen by the caller; without it one is made and answered once."""

    client_id: str
    client_secret: str = ""


class Change(Metadata, tag_field="action", tag="change", kw_only=True):
    client_id: str


class NewSecret(Struct, tag_field="action", tag="new_secret", forbid_unknown_fields=True):
    client_id: str


class SetStatus(Struct, tag_field="action", tag="set_status", forbid_unknown_fields=True):
    client_id: str
    status: str


class CreateResource(Struct, tag_field="action", tag="create", forbid_unknown_fields=True):
    """A resource (RFC 8707); one with the same identifier is replaced."""

    identifier: str
    name: str = ""
    scope: str = ""
    token_format: str = "opaque"
    client_id: str = ""


Asked = Create | Change | NewSecret | SetStatus


class ClientDesk:
    """The areas `clients` and `resources`."""

    def __init__(self, context: Context, clients: Clients) -> None:
        self._context = context
        self._clients = clients

    async def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Clients, some at a time, or the one called `client_id`."""
        reading.refuse_unknown(query, "after", "limit", "client_id")
        if "client_id" in query:
            return {"items": [shown(await self._found(query["client_id"]))], "after": None}
        page = await self._clients.page(after=query.get("after"), limit=reading.limit_of(query))
        return {"items": [shown(client) for client in page.clients], "after": page.after}

    async def _found(self, client_id: str) -> Client:
        client = await self._clients.get(client_id)
        if client is None:
            raise UnknownObject(f"There is no client {client_id!r}.")
        return client

    async def act(self, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Do what `action` says; answers with the client as it is then, and once with its new secret."""
        asked: Asked = reading.asked(body, Asked)
        if isinstance(asked, Create):
            return await self._create(asked, actor)
        client = await self._found(asked.client_id)
        match asked:
            case Change():
                given = _given(asked)
                client = await self._clients.change(
                    client.client_id,
                    lambda old: msgspec.structs.replace(old, **given),
                    event="client.changed",
                    actor=actor,
                )
            case NewSecret():
                if not client.secret_hash:
                    raise InvalidRequest("This client has no secret.")
                secret = await self._clients.new_secret(client.client_id, actor=actor)
                return {**shown(client), "client_secret": secret}
            case SetStatus():
                client = await self._set_status(client, asked.status, actor)
        return shown(client)

    async def _create(self, asked: Create, actor: str) -> dict[str, Any]:
        chosen = asked.client_secret
        given = {**_usual(asked), **_given(asked)}
        client, secret = await self._clients.create(
            _client(asked.client_id, given, chosen), actor=actor
        )
        if chosen:
            digest = tokens.digest(chosen)
            await self._clients.change(
                client.client_id,
                lambda old: msgspec.structs.replace(old, secret_hash=digest),
                event="client.secret_changed",
                actor=actor,
            )
        return {**shown(client), **({"client_secret": chosen or secret} if secret else {})}

    async def _set_status(self, client: Client, status: str, actor: str) -> Client:
        if status not in _STATUSES:
            raise InvalidRequest(f"A client's status is one of {', '.join(_STATUSES)}.")
        return await self._clients.change(
            client.client_id,
            lambda old: msgspec.structs.replace(old, status=status),
            event=f"client.{status}",
            actor=actor,
        )

    async def resources(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Resources, some at a time."""
        reading.refuse_unknown(query, "after", "limit")
        page = await self._context.store.find(
            "resource", "all", "1", after=query.get("after"), limit=reading.limit_of(query)
        )
        found = [records.value_of(record, Resource) for record in page.records]
        return {"items": [_shown_resource(one) for one in found], "after": page.after}

    async def act_on_resource(self, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Register a resource, or replace it."""
        asked: CreateResource = reading.asked(body, CreateResource)
        if asked.token_format not in {"opaque", "jwt"}:
            raise InvalidRequest("token_format is opaque or jwt.")
        resource = Resource(
            identifier=asked.identifier,
            name=asked.name,
            scopes=oauth.scope_list(asked.scope),
            token_format=asked.token_format,
            client_id=asked.client_id,
        )
        await self._clients.add_resource(resource, actor=actor)
        return _shown_resource(resource)


def shown(client: Client) -> dict[str, Any]:
    """A client as JSON, with the names of RFC 7591; what it leaves at the default is left out."""
    given: dict[str, Any] = msgspec.to_builtins(client)
    kept = {name: value for name, value in given.items() if name in _FIELDS}
    kept["scope"] = oauth.scope_text(client.scope)
    return {
        "client_id": client.client_id,
        "status": client.refusal() or client.status,
        "created": reading.seconds(client.created),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        **kept,
    }


def _shown_resource(resource: Resource) -> dict[str, Any]:
    return {
        "identifier": resource.identifier,
        "name": resource.name,
        "scope": oauth.scope_text(resource.scopes),
        "token_format": resource.token_format,
        "client_id": resource.client_id,
    }


def _given(asked: Create | Change) -> dict[str, Any]:
    values = {name: getattr(asked, name) for name in Metadata.__struct_fields__}
    given = {name: value for name, value in values.items() if value is not UNSET}
    if "scope" in given:
        given["scope"] = oauth.scope_list(given["scope"])
    # Who proves itself in another way from now on trusts no workload any more.
    if given.get("token_endpoint_auth_method", "private_key_jwt") != "private_key_jwt":
        given.setdefault("workloads", ())
    return given


def _usual(asked: Create) -> dict[str, Any]:
    """What a client gets that says nothing: the flows its redirect URIs allow, and signatures that cost little."""
    person = bool(asked.redirect_uris)
    proof = {"token_endpoint_auth_method": "private_key_jwt"} if asked.workloads else {}
    return {
        **proof,
        "grant_types": ("authorization_code", "refresh_token")
        if person
        else ("client_credentials",),
        "response_types": ("code",) if person else (),
        "scope": ("openid", "profile", "email", "offline_access") if person else (),
        "id_token_signed_response_alg": "ES256",
    }


def _client(client_id: str, given: Mapping[str, Any], chosen: str) -> Client:
    client = Client(client_id=client_id, **given)
    if not chosen:
        return client
    if not client.token_endpoint_auth_method.startswith("client_secret"):
        raise InvalidRequest("A client with this token_endpoint_auth_method has no secret.")
    if len(chosen) < SHORTEST_SECRET:
        raise InvalidRequest(f"A chosen client_secret has at least {SHORTEST_SECRET} characters.")
    return client
