"""A small protected service, to see the middleware at work: a page that explains itself, a greeting for any token,
notes for those with the scope `notes`, a diary for whoever signed in a moment ago. `sojourn demo` runs it on a loopback
host of its own; below it is `ProtectAsgi`.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from string import Template
from typing import Final

import msgspec

from sojourn.resource_server.access_token import AccessToken
from sojourn.resource_server.answers import Answer, answer
from sojourn.resource_server.asgi import Asgi, ProtectAsgi, Receive, Scope, Send, respond
from sojourn.resource_server.verifier import Verifier
from sojourn.wire import oauth

NOTES_SCOPE: Final = "notes"
RECENT: Final = 300
"""Seconds for which a sign-in opens the diary (RFC 9470)."""

_NOTES: Final = (
    "A sojourn is a stay that ends.",
    "End the session on its page, then ask for these notes again.",
    "This service never saw a password.",
)
_DIARY: Final = "Nobody reads this who did not sign in a moment ago."
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #596275; --line: #d9dee8; --paper: #fbfbfd; --card: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf2; --soft: #a3adc0; --line: #333c4d; --paper: #12161f; --card: #1a202c } }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 40rem);
  place-content: center; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { margin: 1.5rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; box-sizing: border-box; min-width: 0 }
h1 { margin: 0 0 .25rem; font-size: 1.6rem; letter-spacing: -.01em }
p { margin: .5rem 0; color: var(--soft) }
dl { margin: 1.25rem 0; display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.25rem }
dt { font-weight: 600 } dd { margin: 0; color: var(--soft) }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; overflow-wrap: anywhere }
pre { margin: 1rem 0 0; padding: .9rem 1rem; white-space: pre-wrap; border: 1px solid var(--line); border-radius: 10px }
a { color: inherit }
@media (max-width: 30rem) { main { padding: 1.25rem }
  dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .6rem } }
"""
_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sample service</title>
<style>$style</style>
</head>
<body>
<main>
<h1>Sample service</h1>
<p>It keeps no users and sees no passwords. It serves whoever brings an access token that
<a href="$issuer">$issuer</a> issued for <code>$audience</code>.</p>
<dl>
<dt><a href="/hello">/hello</a></dt><dd>greets you: needs any token</dd>
<dt><a href="/notes">/notes</a></dt><dd>shows notes: needs the scope <code>notes</code></dd>
<dt><a href="/diary">/diary</a></dt><dd>opens a diary: needs a sign-in at most $recent seconds old (RFC 9470)</dd>
$metadata
</dl>
<p>Without a token all answer 401 and say where to get one. With one in <code>TOKEN</code>:</p>
<pre>curl -H "Authorization: Bearer $$TOKEN" $base/hello</pre>
</main>
</body>
</html>
""")
_METADATA: Final = Template(
    '<dt><a href="$path">metadata</a></dt><dd>what this service says about itself (RFC 9728)</dd>'
)
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_NO_STORE = ("Cache-Control", "no-store")
_JSON = ("Content-Type", "application/json")


def sample_app(verifier: Verifier) -> Asgi:
    """Return the service as an ASGI application; `verifier.audience` is its public URL."""
    pages: dict[str, Asgi] = {
        "/": _fixed(_page(verifier)),
        "/hello": ProtectAsgi(_hello, verifier),
        "/notes": ProtectAsgi(_notes, verifier, scopes=(NOTES_SCOPE,)),
        "/diary": ProtectAsgi(_diary, verifier, max_age=RECENT),
    }
    if verifier.metadata is not None:
        pages[verifier.metadata.path] = _fixed(verifier.metadata.answer)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(verifier, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"] not in pages:
            await respond(_NOT_FOUND, scope, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await respond(_NOT_ALLOWED, scope, send)
        else:
            await pages[scope["path"]](scope, receive, send)

    return app


async def _hello(scope: Scope, _: Receive, send: Send) -> None:
    token: AccessToken = scope["sojourn.token"]
    greeting = {
        "greeting": f"Hello, {token.subject}.",
        "sub": token.subject,
        "client_id": token.client_id,
        "scope": oauth.scope_text(token.scope),
    }
    await respond(_json(200, greeting), scope, send)


async def _notes(scope: Scope, _: Receive, send: Send) -> None:
    token: AccessToken = scope["sojourn.token"]
    await respond(_json(200, {"sub": token.subject, "notes": _NOTES}), scope, send)


async def _diary(scope: Scope, _: Receive, send: Send) -> None:
    token: AccessToken = scope["sojourn.token"]
    members = {"sub": token.subject, "auth_time": token.auth_time, "diary": _DIARY}
    await respond(_json(200, members), scope, send)


async def _live(verifier: Verifier, receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await verifier.aclose()
    await send({"type": f"{message['type']}.complete"})


def _fixed(ready: Answer) -> Asgi:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await respond(ready, scope, send)

    return app


def _page(verifier: Verifier) -> Answer:
    metadata = verifier.metadata
    text = _PAGE.substitute(
        style=_STYLE,
        issuer=escape(verifier.issuer),
        audience=escape(verifier.audience),
        base=escape(metadata.url.removesuffix(metadata.path) if metadata else ""),
        recent=RECENT,
        metadata=_METADATA.substitute(path=escape(metadata.path)) if metadata else "",
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", _POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        _NO_STORE,
    )
    return answer(200, text.encode(), headers=headers)


def _json(status: int, members: object, *, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return answer(status, msgspec.json.encode(members), headers=(_JSON, _NO_STORE, *headers))


_NOT_FOUND: Final = _json(
    404,
    {
        "error": "not_found",
        "error_description": "There is nothing here. Try /, /hello, /notes or /diary.",
    },
)
_NOT_ALLOWED: Final = _json(
    405,
    {"error": "method_not_allowed", "error_description": "This service answers GET and HEAD only."},
    headers=(("Allow", "GET, HEAD"),),
)
