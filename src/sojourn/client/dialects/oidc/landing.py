"""The page a person lands on when a sign-in comes back: one line of good or bad news, without
script, in light and dark. The loopback listener stands above it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

_STYLE: Final = """
:root{color-scheme:light dark;--paper:#f6f5f1;--ink:#1d2433;--soft:#5b6475;--card:#fff;--good:#1a7f5a;--bad:#b3372f}
@media (prefers-color-scheme:dark){:root{--paper:#12151c;--ink:#eceef3;--soft:#a3abba;--card:#1b202b;
--good:#4fc49a;--bad:#f0847c}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);
color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}
main{max-width:30rem;padding:2.5rem;border-radius:1rem;background:var(--card);
box-shadow:0 1px 2px #0002,0 12px 32px #0000001a}
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25}
p{margin:0;color:var(--soft)}
.mark{display:block;width:2.75rem;height:2.75rem;margin-bottom:1.25rem;border-radius:50%;
color:var(--card);text-align:center;font:700 1.4rem/2.75rem system-ui,sans-serif}
.good{background:var(--good)}
.bad{background:var(--bad)}
"""

_POLICY = b64encode(sha256(_STYLE.encode("utf-8")).digest()).decode("ascii")

HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        (
            f"default-src 'none'; style-src 'sha256-{_POLICY}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        ),
    ),
)


def signed_in(code: str = "") -> bytes:
    """Return the page after a sign-in that succeeded; `code` is what was shown for another device."""
    withdrawn = f" The code {code} is not needed any more and was withdrawn." if code else ""
    text = f"You can close this window and go back to your program.{withdrawn}"
    return _page("good", "✓", "You are signed in", text)


def signed_in_elsewhere() -> bytes:
    """Return the page for who comes back after another way was faster."""
    text = "Another way was faster, so nothing was done here. You can close this window."
    return _page("good", "✓", "You were signed in already", text)


def failed(why: str) -> bytes:
    """Return the page after a sign-in that did not; `why` is public text."""
    return _page(
        "bad", "!", "You are not signed in", f"{why} Go back to your program to try again."
    )


def stray() -> bytes:
    """Return the page for a visit that belongs to no sign-in under way here."""
    return _page(
        "bad", "!", "Nothing to do here", "This address only finishes a sign-in that is under way."
    )


def _page(tone: str, mark: str, title: str, text: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Sojourn</title><style>{_STYLE}</style></head><body><main>"
        f'<span class="mark {tone}" aria-hidden="true">{mark}</span><h1>{escape(title)}</h1>'
        f"<p>{escape(text)}</p></main></body></html>"
    ).encode()
