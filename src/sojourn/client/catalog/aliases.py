"""The names that one service goes by: OpenStack's service-types authority lists the official one and
the older ones that catalogs still hold. The catalog stands above it; a table and two questions."""

from __future__ import annotations

from typing import Final

_OLDER: Final = {
    "admin-logic": ("registration",),
    "alarm": ("alarming",),
    "application-container": ("container",),
    "application-deployment": ("application_deployment",),
    "baremetal": ("bare-metal",),
    "block-storage": ("volumev3", "volumev2", "volume", "block-store"),
    "clustering": ("resource-cluster", "cluster"),
    "container-infrastructure-management": ("container-infrastructure", "container-infra"),
    "event": ("events",),
    "instance-ha": ("ha",),
    "message": ("messaging",),
    "meter": ("metering", "telemetry"),
    "monitoring-logging": ("monitoring-log-api",),
    "multi-region-network-automation": ("tricircle",),
    "operator-policy": ("policy",),
    "resource-optimization": ("infra-optim",),
    "root-cause-analysis": ("rca",),
    "shared-file-system": ("sharev2", "share"),
    "workflow": ("workflowv2",),
}
_OFFICIAL: Final = {older: name for name, names in _OLDER.items() for older in names}


def official(service_type: str) -> str:
    """Return the official name of `service_type`; a name of nobody's is its own."""
    plain = service_type.strip().lower().replace("_", "-")
    return _OFFICIAL.get(service_type, _OFFICIAL.get(plain, plain))


def names(service_type: str) -> tuple[str, ...]:
    """Return every name that a catalog may have for `service_type`, best first: as it was given,
    official, older ones in order of age."""
    asked = service_type.strip().lower()
    known = official(asked)
    return tuple(dict.fromkeys((asked, known, *_OLDER.get(known, ()))))


def implied_version(service_type: str) -> int | None:
    """Return the major version that a name such as `volumev2` stands for, or None."""
    return (
        int(service_type[-1]) if service_type[-2:-1] == "v" and service_type[-1].isdigit() else None
    )
