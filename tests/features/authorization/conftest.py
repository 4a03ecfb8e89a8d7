"""A server over HTTP for this folder."""

from __future__ import annotations

from tests.conformance.fixtures import browser, provider, rp, served

__all__ = ["browser", "provider", "rp", "served"]
