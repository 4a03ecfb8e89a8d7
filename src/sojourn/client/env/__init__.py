"""The client's surroundings: what logic that waits may ask for, once for threads and once for an
event loop. The engine, the authentication plugins and the dialects stand above it; below it are the
transports."""
