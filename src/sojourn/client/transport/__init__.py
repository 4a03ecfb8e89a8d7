"""How one request reaches a server and its answer comes back: the contract, and its default over
httpx2. The engine and the environments stand above it; no type of the HTTP library is seen outside,
and it is imported at the first request."""
