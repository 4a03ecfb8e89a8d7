"""From a view to HTML: the template environment, the security headers of every page, and the
static files.

The handlers of `server.pages` call it with a view; below it stand `messages`, `picture` and the
folders `templates` and `static`. Pages hold no inline style or script, so the policy can forbid
both; form_post alone names one script, by its hash.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from markupsafe import Markup, escape

from sojourn.errors import ConfigurationError
from sojourn.server.pages import picture
from sojourn.server.pages.messages import DEFAULT_LOCALE, LOCALES, NAME_LIMIT, iso, load, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sojourn.server.pages.view import View

__all__ = [
    "FORM_POST_SCRIPT",
    "FORM_POST_SCRIPT_HASH",
    "Renderer",
    "security_headers",
    "static_files",
]

FORM_POST_SCRIPT: Final = "document.forms[0].submit()"
FORM_POST_SCRIPT_HASH: Final = (
    "sha256-" + base64.b64encode(hashlib.sha256(FORM_POST_SCRIPT.encode()).digest()).decode()
)

CONTENT_TYPES: Final = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
DIGEST_LENGTH: Final = 16

# A scheme, or an origin; nothing that could begin another directive or widen the list (CSP Level 3
# §2.3.1).
SOURCE: Final = re.compile(r"[a-z][a-z0-9+.-]*:(//[A-Za-z0-9.-]+(:[0-9]{1,5})?)?")
ADDRESS_LITERAL: Final = re.compile(r"(https?:)//\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
SCRIPT_HASH: Final = re.compile(r"sha(256|384|512)-[A-Za-z0-9+/]+={0,2}")

FIXED_HEADERS: Final = (
    # With no-referrer a browser posts `Origin: null` even to ourselves, and the check of the Origin
    # would be blind.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        (
            b"accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), "
            b"gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
        ),
    ),
    (b"cache-control", b"no-store"),
)


def security_headers(
    *, form_action: tuple[str, ...] = (), script_hash: str | None = None
) -> list[tuple[bytes, bytes]]:
    """Headers of one page, content type aside.

    `form_action`: origins (`https://app.example`) or schemes (`com.example.app:`) a form may end
    at besides ourselves, the redirects after it included. `script_hash`: `sha256-...` of the one
    script of the page. Anything else: ValueError.
    """
    directives = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        " ".join(["form-action 'self'", *(_source(origin) for origin in form_action)]),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    if script_hash is not None:
        if not SCRIPT_HASH.fullmatch(script_hash):
            raise ValueError("not the hash of a script")
        directives.append(f"script-src '{script_hash}'")
    return [(b"content-security-policy", "; ".join(directives).encode("ascii")), *FIXED_HEADERS]


def _source(origin: str) -> str:
    literal = ADDRESS_LITERAL.fullmatch(origin)
    if literal:
        # The grammar of a source has no IPv6 address; its scheme is the narrowest that can be said.
        return literal[1]
    if not SOURCE.fullmatch(origin):
        raise ValueError("not an origin that a form may go to")
    return origin


@functools.cache
def static_files() -> dict[str, tuple[bytes, str, str]]:
    """Files for `/static/<name>`: name with its content's digest -> (content, content type,
    etag). Immutable for ever.
    """
    served = {}
    for source in sorted(
        (files("sojourn.server.pages") / "static").iterdir(), key=lambda file: file.name
    ):
        stem, dot, suffix = source.name.rpartition(".")
        if dot + suffix not in CONTENT_TYPES:
            continue
        content = source.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
        served[f"{stem}.{digest}{dot}{suffix}"] = (
            content,
            CONTENT_TYPES[dot + suffix],
            f'"{digest}"',
        )
    return served


class Renderer:
    """Renders views. Compiles every template and reads every locale when made; `page` touches no
    file.

    `issuer` is the public URL of the server: its path prefixes our own links and its host stands
    at the foot of each page.
    """

    def __init__(self, locales: tuple[str, ...] = LOCALES, *, issuer: str = "") -> None:
        unknown = [locale for locale in locales if locale not in LOCALES]
        if unknown or not locales:
            raise ConfigurationError(f"Unknown locale. Known ones: {', '.join(LOCALES)}.")
        parts = urlsplit(issuer)
        self.messages = {
            locale: load(locale) for locale in dict.fromkeys((*locales, DEFAULT_LOCALE))
        }
        self.environment = _environment(base=parts.path.rstrip("/"), host=parts.netloc)
        self.templates = {
            name: self.environment.get_template(name) for name in self.environment.list_templates()
        }

    def page(self, view: View, *, locale: str) -> bytes:
        """The page in UTF-8. A locale this renderer does not have falls back to English."""
        messages = self.messages.get(locale) or self.messages[DEFAULT_LOCALE]
        return self.templates[view.template].render(view=view, messages=messages).encode()


class _Loader(BaseLoader):
    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, None, Callable[[], bool]]:
        if template not in _template_texts():
            raise TemplateNotFound(template)
        return _template_texts()[template], None, lambda: True

    def list_templates(self) -> list[str]:
        return sorted(_template_texts())


@functools.cache
def _template_texts() -> dict[str, str]:
    folder = files("sojourn.server.pages") / "templates"
    return {
        source.name: source.read_text(encoding="utf-8")
        for source in folder.iterdir()
        if source.name.endswith(".html")
    }


def _environment(*, base: str, host: str) -> Environment:
    environment = Environment(
        loader=_Loader(),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_cleaned,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters |= {
        "exact": _exact,
        "short": _short,
        "initial": _initial,
        "web_url": _web_url,
        "iso": iso,
    }
    environment.globals |= {
        "base": base,
        "host": host,
        "asset": functools.partial(_asset, base),
        "draw_sessions": picture.of_sessions,
        "script": Markup(FORM_POST_SCRIPT),  # noqa: S704 - a constant of ours
    }
    return environment


def _cleaned(value: object) -> object:
    """Every text that a template prints passes here; `exact` alone leaves it as it came."""
    return shown(value) if type(value) is str else value


def _exact(value: str) -> Markup:
    """For values that travel back to us or on to a client, where no character may change."""
    return escape(value)


def _short(name: str) -> str:
    return shown(name, NAME_LIMIT)


def _initial(name: str) -> str:
    return next((char for char in shown(name) if char.isalnum()), "·").upper()[:1]


def _web_url(url: str) -> str:
    """The URL if a link to it is safe, else nothing: `javascript:` and `data:` never become a
    link.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""


def _asset(base: str, name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    served = next(
        file
        for file in static_files()
        if file.startswith(f"{stem}.") and file.endswith(f".{suffix}")
    )
    return f"{base}/static/{served}"
