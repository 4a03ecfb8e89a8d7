"""A server over HTTP for this folder, and clients that hold keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.fixtures import browser, provider, served
from tests.conformance.holder import KeyHolder
from tests.conformance.setting import Provider

__all__ = ["browser", "provider", "served"]

Register = Callable[..., KeyHolder]


@pytest.fixture
def register(provider: Provider) -> Register:
    """Register a client, by its metadata, and give it a key."""

    def made(**metadata: Any) -> KeyHolder:
        return KeyHolder(provider.relying_party(**metadata), now=provider.clock.now)

    return made


@pytest.fixture
def public(register: Register) -> KeyHolder:
    """An application without a secret."""
    return register(token_endpoint_auth_method="none")
