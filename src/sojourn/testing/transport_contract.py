"""The contract of transports as tests: whoever writes a transport inherits them, and it is good when
its subclass of `TransportContract` passes. `tests` and other packages stand above it; below are the
four files of cases.

    from sojourn.testing.transport_contract import TransportContract

    class TestMine(TransportContract):
        def open(self, options):
            return MyTransport(verify=options.verify, proxy=options.proxy)

        def open_async(self, options):
            return MyAsyncTransport(verify=options.verify, proxy=options.proxy)

Each case runs on both faces; cancelling is for the asynchronous one alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "sojourn.testing.transport_contract_connections",
    "sojourn.testing.transport_contract_exchanges",
    "sojourn.testing.transport_contract_failures",
    "sojourn.testing.transport_contract_trust",
)

from sojourn.client.transport.contract import (  # noqa: E402 - after the lines above
    AsyncTransport,
    Transport,
)
from sojourn.testing.transport_contract_connections import ConnectionCases  # noqa: E402
from sojourn.testing.transport_contract_desk import (  # noqa: E402
    AsyncFace,
    Authority,
    BlockingFace,
    Face,
    Open,
    TransportOptions,
)
from sojourn.testing.transport_contract_exchanges import ExchangeCases  # noqa: E402
from sojourn.testing.transport_contract_failures import FailureCases  # noqa: E402
from sojourn.testing.transport_contract_server import ContractServer  # noqa: E402
from sojourn.testing.transport_contract_trust import TrustCases  # noqa: E402


class TransportContract(ExchangeCases, FailureCases, ConnectionCases, TrustCases, ABC):
    """Inherit, say how to open both transports, and run pytest."""

    @abstractmethod
    def open(self, options: TransportOptions) -> Transport:
        """Return a new synchronous transport."""

    @abstractmethod
    def open_async(self, options: TransportOptions) -> AsyncTransport:
        """Return a new asynchronous transport."""

    @pytest.fixture(params=["blocking", "async"])
    def opened(self, request: pytest.FixtureRequest) -> Iterator[Open]:
        """Open transports that are closed at the end of the case."""
        with ExitStack() as stack:

            def open_one(options: TransportOptions) -> Face:
                if request.param == "blocking":
                    face = BlockingFace(self.open(options))
                    stack.callback(face.close)
                    return face
                awaited = AsyncFace(self.open_async(options))
                stack.callback(awaited.end)
                return awaited

            yield open_one

    @pytest.fixture
    def face(self, opened: Open) -> Face:
        """A transport as a case that wants nothing particular takes it."""
        return opened(TransportOptions())

    @pytest.fixture
    def awaited(self) -> Iterator[AsyncFace]:
        """The asynchronous transport, for cases that the other face cannot have."""
        face = AsyncFace(self.open_async(TransportOptions()))
        yield face
        face.end()

    @pytest.fixture
    def serve(self) -> Iterator[Callable[..., ContractServer]]:
        """Start servers: `serve(answer)`, with `tls=` a context."""
        with ExitStack() as stack:
            yield lambda answer, **options: stack.enter_context(ContractServer(answer, **options))

    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        """An authority that nobody trusts unless told to."""
        return Authority(tmp_path)

    @pytest.fixture
    def no_proxies(self, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
        """An environment without proxies, to be filled."""
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        return monkeypatch
