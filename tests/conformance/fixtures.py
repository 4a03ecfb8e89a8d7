"""Fixtures of the tests that run over HTTP, for the conformance modules and the features of the server alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider, running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """One server a file."""
    with running(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def provider(served: Provider) -> Iterator[Provider]:
    yield served
    served.let_go()


@pytest.fixture
def browser(provider: Provider) -> Browser:
    """A browser that was never here before."""
    return provider.browser()


@pytest.fixture
def rp(provider: Provider) -> RelyingParty:
    """A confidential web application that uses PKCE."""
    return provider.relying_party()
