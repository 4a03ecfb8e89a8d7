"""Fixtures of the conformance modules."""

from __future__ import annotations

import pytest

from tests.conformance.fixtures import browser, provider, served
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider

__all__ = ["browser", "provider", "rp", "served"]


@pytest.fixture
def rp(provider: Provider) -> RelyingParty:
    """The plans' client: confidential, client_secret_basic, a nonce and no PKCE."""
    return provider.relying_party(pkce=False)
