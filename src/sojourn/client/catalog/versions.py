"""Versions of an API as OpenStack writes them (`v3`, `3.14`, `latest`): read, compared with what a
caller wants, and sent as a microversion. Discovery and sessions stand above it; pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from sojourn.client.catalog.aliases import official
from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.transport.contract import Fields
from sojourn.errors import VersionNotAvailable
from sojourn.wire.api_version import LATEST, Version, parse, with_minor, written

Given = str | float | tuple[int | float | str, ...]
"""A version as a caller writes it: `"v3"`, `"3.14"`, `3`, `(3, 14)`, `"latest"`."""

_OWN_HEADERS: Final = {
    "compute": "X-OpenStack-Nova-API-Version",
    "baremetal": "X-OpenStack-Ironic-API-Version",
    "baremetal-introspection": "X-OpenStack-Ironic-Inspector-API-Version",
    "shared-file-system": "X-OpenStack-Manila-API-Version",
}


class Wanted(NamedTuple):
    """The versions a caller can work with, both ends included; None is no limit."""

    low: Version | None = None
    high: Version | None = None

    def accepts(self, version: Version) -> bool:
        """Tell whether `version` lies within."""
        if self.low is not None and self.low != (LATEST,) and version < self.low:
            return False
        return self.high is None or version <= self.high


def version_of(given: Given) -> Version:
    """Return `given` as major and minor, or `(inf,)` for the latest; what is no version raises
    ValueError."""
    return with_minor(_numbers(given))


def wanted(
    version: Given | None = None,
    min_version: Given | None = None,
    max_version: Given | None = None,
) -> Wanted | None:
    """Return the range that the three mean, None where none is given.

    `version` is that one or a later one of the same major version; a `max_version` without a minor
    number is the latest of its major version.
    """
    if version is not None:
        if min_version is not None or max_version is not None:
            raise ValueError("version= cannot stand beside min_version= or max_version=.")
        exact = version_of(version)
        return Wanted(exact, (exact[0], LATEST))
    if min_version is None and max_version is None:
        return None
    low = None if min_version is None else version_of(min_version)
    high = None if max_version is None else _numbers(max_version)
    if high is not None and len(high) == 1:
        high = (high[0], LATEST)
    if low is not None and low != (LATEST,) and high is not None and low > high:
        raise ValueError("min_version= is above max_version=.")
    return Wanted(low, high)


def microversion_fields(version: Given, service_type: str) -> Fields:
    """Return the headers that ask `service_type` for the microversion `version`."""
    number = written(_microversion(version))
    service = official(service_type)
    named = "volume" if service == "block-storage" else service
    fields = [("OpenStack-API-Version", f"{named} {number}")]
    if own := _OWN_HEADERS.get(service):
        fields.append((own, number))
    return tuple(fields)


def check_microversion(version: Given, endpoint: EndpointData) -> None:
    """Raise VersionNotAvailable where `endpoint` tells its microversions and `version` is none."""
    number = _microversion(version)
    low, high = endpoint.min_microversion, endpoint.max_microversion
    if number == (LATEST,) or low is None or high is None or low <= number <= high:
        return
    raise VersionNotAvailable(
        f"{endpoint.service_type} has microversions {written(low)} to {written(high)}, "
        f"and {written(number)} is not among them."
    )


def _microversion(given: Given) -> Version:
    number = version_of(given)
    if number != (LATEST,) and LATEST in number:
        raise ValueError("A microversion is a number such as 2.53, or latest.")
    return number


def _numbers(given: Given) -> Version:
    if isinstance(given, tuple):
        return parse(".".join("latest" if part == LATEST else str(part) for part in given))
    return parse(given if isinstance(given, str) else str(given))
