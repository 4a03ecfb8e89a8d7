"""Who a Keystone token is and what it is for, under the names that keystoneauth's users know. The
plugins make it; below it is the token's body as `wire.keystone` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from sojourn.client.auth import AccessInfo
from sojourn.client.catalog.selection import Catalog
from sojourn.client.credential import Credential


class KeystoneAccess(AccessInfo):
    """`claims` is the token's body as the server wrote it."""

    auth_token: str

    @classmethod
    def of(cls, credential: Credential, auth_url: str) -> Self:
        """Return what `credential` says."""
        body = credential.claims
        user = body.get("user", {})
        made = cls(user.get("id"), auth_url, None, credential.expires_at, body)
        made.auth_token = credential.access_token
        return made

    def __repr__(self) -> str:
        return f"<KeystoneAccess {self.username} {self.project_name or ''}>".replace(" >", ">")

    def _part(self, *path: str) -> Any:  # noqa: ANN401 - whatever is there
        found: Any = self.claims
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    @property
    def service_catalog(self) -> Catalog:
        """The endpoints that the token's scope has."""
        return Catalog.of(self.claims)

    def has_service_catalog(self) -> bool:
        """Tell whether the token came with a catalog."""
        return "catalog" in self.claims

    def will_expire_soon(self, stale_duration: int = 30) -> bool:
        """Tell whether the token ends within `stale_duration` seconds."""
        expires = self.expires
        if expires is None:
            return False
        return (expires - datetime.now(UTC)).total_seconds() < stale_duration

    @property
    def expires(self) -> datetime | None:
        """The end of the token."""
        return _time(self._part("expires_at"))

    @property
    def issued(self) -> datetime | None:
        """When the token was made."""
        return _time(self._part("issued_at"))

    @property
    def username(self) -> str | None:
        return self._text("user", "name")

    @property
    def user_domain_id(self) -> str | None:
        return self._text("user", "domain", "id")

    @property
    def user_domain_name(self) -> str | None:
        return self._text("user", "domain", "name")

    @property
    def project_id(self) -> str | None:
        return self._text("project", "id")

    @property
    def project_name(self) -> str | None:
        return self._text("project", "name")

    @property
    def project_domain_id(self) -> str | None:
        return self._text("project", "domain", "id")

    @property
    def project_domain_name(self) -> str | None:
        return self._text("project", "domain", "name")

    tenant_id = project_id
    tenant_name = project_name

    @property
    def domain_id(self) -> str | None:
        return self._text("domain", "id")

    @property
    def domain_name(self) -> str | None:
        return self._text("domain", "name")

    @property
    def system(self) -> Mapping[str, Any] | None:
        """The system that the token is for, `{"all": True}`, or None."""
        found: Mapping[str, Any] | None = self._part("system")
        return found

    @property
    def scoped(self) -> bool:
        """Whether the token is for a project, a domain or the system."""
        return bool(self.project_id or self.domain_id or self.system)

    @property
    def project_scoped(self) -> bool:
        return self.project_id is not None

    @property
    def domain_scoped(self) -> bool:
        return self.domain_id is not None

    @property
    def system_scoped(self) -> bool:
        return bool(self.system)

    @property
    def trust_scoped(self) -> bool:
        return self.trust_id is not None

    @property
    def trust_id(self) -> str | None:
        return self._text("OS-TRUST:trust", "id")

    @property
    def trustor_user_id(self) -> str | None:
        return self._text("OS-TRUST:trust", "trustor_user", "id")

    @property
    def trustee_user_id(self) -> str | None:
        return self._text("OS-TRUST:trust", "trustee_user", "id")

    @property
    def role_ids(self) -> list[str]:
        return [role["id"] for role in self.claims.get("roles") or () if "id" in role]

    @property
    def role_names(self) -> list[str]:
        return [role["name"] for role in self.claims.get("roles") or ()]

    @property
    def is_federated(self) -> bool:
        return self._part("user", "OS-FEDERATION") is not None

    @property
    def is_admin_project(self) -> bool:
        """Whether the project is the cloud's admin project; true where the server says nothing."""
        return bool(self.claims.get("is_admin_project", True))

    @property
    def project_is_domain(self) -> bool | None:
        found: bool | None = self.claims.get("is_domain")
        return found

    @property
    def audit_id(self) -> str | None:
        return next(iter(self.claims.get("audit_ids") or ()), None)

    @property
    def audit_chain_id(self) -> str | None:
        """The audit id of the first token of the chain that this one was got from."""
        found: list[str] = self.claims.get("audit_ids") or []
        return found[1] if len(found) > 1 else self.audit_id

    @property
    def application_credential_id(self) -> str | None:
        return self._text("application_credential", "id")

    def _text(self, *path: str) -> str | None:
        found = self._part(*path)
        return found if isinstance(found, str) else None


def _time(written: object) -> datetime | None:
    return datetime.fromisoformat(written) if isinstance(written, str) else None
