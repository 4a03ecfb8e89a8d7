"""Keystone's wire: the request for a token, its answer, the catalogs of API v2 and v3, and the
documents in which OpenStack services list their versions. The keystone dialect stands above it; below
it are strict JSON and the standard library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire.api_version import Version, parse, with_minor
from sojourn.wire.json_text import optional_text, parse_object, text, texts

MAX_SIZE: Final = 4 * 1024 * 1024
"""A catalog of a large cloud has some hundred kilobytes."""

_V2_INTERFACES: Final = {"publicURL": "public", "internalURL": "internal", "adminURL": "admin"}


class Named(Struct, frozen=True):
    """A user, project or domain: by id, or by name within a domain."""

    id: str | None = None
    name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None

    def __bool__(self) -> bool:
        return bool(self.id or self.name)

    def body(self) -> dict[str, Any]:
        """Return it as the API writes it; an id goes before a name."""
        if self.id:
            return {"id": self.id}
        domain = _domain(self.domain_id, self.domain_name)
        return {"name": self.name, **({"domain": domain} if domain else {})}


class Scope(Struct, frozen=True):
    """What a token is for: at most one of project, domain, system, trust; `unscoped` asks for
    nothing even where the user has a default project."""

    project: Named = Named()
    domain: Named = Named()
    system: str | None = None
    trust_id: str | None = None
    unscoped: bool = False

    def body(self) -> dict[str, Any] | str | None:
        """Return it as the API writes it, None where nothing is said."""
        found: list[dict[str, Any] | str] = []
        if self.project:
            found.append({"project": self.project.body()})
        if self.domain:
            found.append({"domain": self.domain.body()})
        if self.system:
            found.append({"system": {self.system: True}})
        if self.trust_id:
            found.append({"OS-TRUST:trust": {"id": self.trust_id}})
        if self.unscoped:
            found.append("unscoped")
        if len(found) > 1:
            raise ValueError(
                "A token is for one of project, domain, system, trust, or unscoped; not for several."
            )
        return found[0] if found else None


class Method(Struct, frozen=True):
    """One way to prove who asks; its name, and what goes under it."""

    name: str
    body: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Method {self.name}>"


def password(user: Named, secret: str) -> Method:
    """Return the method `password`."""
    return Method("password", {"user": {**user.body(), "password": secret}})


def totp(user: Named, passcode: str) -> Method:
    """Return the method `totp`."""
    return Method("totp", {"user": {**user.body(), "passcode": passcode}})


def token(secret: str) -> Method:
    """Return the method `token`: another scope for a token that is held."""
    return Method("token", {"id": secret})


def application_credential(credential: Named, user: Named, secret: str) -> Method:
    """Return the method `application_credential`; by name it needs the user too."""
    body: dict[str, Any] = {"id": credential.id} if credential.id else {"name": credential.name}
    if not credential.id:
        body["user"] = user.body()
    return Method("application_credential", {**body, "secret": secret})


def auth_body(methods: Iterable[Method], scope: Scope) -> dict[str, Any]:
    """Return the JSON body of `POST /v3/auth/tokens`."""
    identity: dict[str, Any] = {"methods": []}
    for method in methods:
        identity["methods"].append(method.name)
        identity[method.name] = dict(method.body)
    wanted = scope.body()
    return {"auth": {"identity": identity, **({"scope": wanted} if wanted is not None else {})}}


class Token(Struct, frozen=True):
    """A token and what the server says of it; times are UTC milliseconds. `body` is the `token`
    object."""

    secret: str
    issued_at: int
    expires_at: int
    body: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Token until {self.expires_at}>"

    @classmethod
    def parse(cls, secret: str | None, content: bytes) -> Token:
        """Read the answer of `POST /v3/auth/tokens`: X-Subject-Token and the body."""
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise Malformed("The answer has no X-Subject-Token that can be sent.")
        body = _object(parse_object(content, limit=MAX_SIZE), "token")
        texts(body, "methods")
        text(_object(body, "user"), "id")
        for scope in ("project", "domain"):
            if scope in body:
                text(_object(body, scope), "id")
        for role in _objects(body, "roles"):
            text(role, "name")
        endpoints_v3(body.get("catalog") or [])
        return cls(secret, _moment(body, "issued_at"), _moment(body, "expires_at"), body)


class Receipt(Struct, frozen=True):
    """The answer that asks for another factor: which were given, and which sets of them would do."""

    methods: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]

    @classmethod
    def parse(cls, content: bytes) -> Receipt:
        """Read the body of a 401 that came with Openstack-Auth-Receipt."""
        whole = parse_object(content)
        rules = whole.get("required_auth_methods")
        if not isinstance(rules, list):
            raise Malformed("The member required_auth_methods is not an array.")
        required = tuple(texts({"rule": rule}, "rule") for rule in rules)
        return cls(texts(_object(whole, "receipt"), "methods"), required)


class Endpoint(Struct, frozen=True):
    """One endpoint of a catalog. `interface` is public, internal or admin, or the server's word."""

    url: str
    interface: str
    service_type: str
    service_name: str | None = None
    service_id: str | None = None
    id: str | None = None
    region: str | None = None


def endpoints_v3(catalog: object) -> tuple[Endpoint, ...]:
    """Return the endpoints of a v3 catalog; those without a URL are left out."""
    return tuple(_endpoints_v3(catalog))


def endpoints_v2(catalog: object) -> tuple[Endpoint, ...]:
    """Return the endpoints of a v2 catalog (`access.serviceCatalog`), of the same shape."""
    return tuple(_endpoints_v2(catalog))


def _endpoints_v3(catalog: object) -> Iterator[Endpoint]:
    for service in _listed(catalog, "catalog"):
        kind, name = text(service, "type"), optional_text(service, "name")
        for one in _objects(service, "endpoints"):
            url = optional_text(one, "url")
            region = optional_text(one, "region_id") or optional_text(one, "region")
            if url:
                yield Endpoint(
                    url,
                    text(one, "interface"),
                    kind,
                    name,
                    optional_text(service, "id"),
                    optional_text(one, "id"),
                    region,
                )


def _endpoints_v2(catalog: object) -> Iterator[Endpoint]:
    for service in _listed(catalog, "serviceCatalog"):
        kind, name = text(service, "type"), optional_text(service, "name")
        for one in _objects(service, "endpoints"):
            number, region = optional_text(one, "id"), optional_text(one, "region")
            for member, interface in _V2_INTERFACES.items():
                if url := optional_text(one, member):
                    yield Endpoint(url, interface, kind, name, None, number, region)


class ApiVersion(Struct, frozen=True):
    """One version that a service lists. `url` is its self link, absolute or relative; microversions
    are None where it has none."""

    version: Version
    url: str | None
    status: str
    min_microversion: Version | None = None
    max_microversion: Version | None = None
    next_min_version: Version | None = None
    not_before: str | None = None

    @property
    def usable(self) -> bool:
        """Whether it may be chosen unasked: neither deprecated nor experimental."""
        return self.status in {"CURRENT", "SUPPORTED", "STABLE"}


def api_versions(content: bytes) -> tuple[ApiVersion, ...]:
    """Return the versions in a discovery document, lowest first; every shape of it is read."""
    whole = parse_object(content, limit=MAX_SIZE)
    found = whole.get("versions", whole.get("version"))
    if isinstance(found, dict) and "values" in found:
        found = found["values"]
    entries = _listed([found] if isinstance(found, dict) else found, "versions")
    return tuple(sorted((_api_version(entry) for entry in entries), key=lambda one: one.version))


def _api_version(entry: Mapping[str, Any]) -> ApiVersion:
    highest = optional_text(entry, "max_version") or optional_text(entry, "version")
    lowest = optional_text(entry, "min_version")
    links = [link for link in _objects(entry, "links") if link.get("rel") == "self"]
    return ApiVersion(
        with_minor(parse(text(entry, "id"))),
        text(links[0], "href") if links else None,
        (optional_text(entry, "status") or "CURRENT").upper(),
        _microversion(lowest) if highest else None,
        _microversion(highest) if lowest else None,
        _microversion(optional_text(entry, "next_min_version")),
        optional_text(entry, "not_before"),
    )


def _microversion(written: str | None) -> Version | None:
    return with_minor(parse(written)) if written else None


def _domain(id: str | None, name: str | None) -> dict[str, str] | None:
    if id:
        return {"id": id}
    return {"name": name} if name else None


def _object(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = members.get(name)
    if not isinstance(value, dict):
        raise Malformed(f"The member {name} is missing or not an object.")
    return value


def _objects(members: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return _listed(members.get(name) or [], name)


def _listed(value: object, name: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Malformed(f"The member {name} is not an array of objects.")
    return value


def _moment(members: Mapping[str, Any], name: str) -> int:
    """Return the ISO 8601 time in UTC milliseconds; one without a zone is in UTC."""
    written = text(members, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None:
        raise Malformed(f"The member {name} is not a time.")
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return int(zoned.timestamp() * 1000)
