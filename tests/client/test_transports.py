"""Each transport keeps the contract; what pyreqwest cannot do exactly goes over httpx2."""

from __future__ import annotations

import asyncio

from sojourn.client.transport import choice
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.testing.transport_contract import TransportContract


class TestHttpx2(TransportContract):
    library: choice.Library | None = "httpx2"

    def open(self, options):
        trust, proxies = parts(options)
        return choice.blocking(trust, proxies, self.library)

    def open_async(self, options):
        trust, proxies = parts(options)
        loop = asyncio.get_running_loop
        return choice.suspending(trust, proxies, running_loop=loop, library=self.library)


class TestPyreqwest(TestHttpx2):
    library = None


def parts(options):
    proxies = Proxies(options.proxy, trust_env=options.trust_env)
    return Trust(options.verify, options.cert), proxies
