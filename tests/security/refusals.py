"""The paths of the server, and what a refusal looks like at each."""

from __future__ import annotations

from tests.security.wire import Answer

JSON_POSTS = ("/token", "/introspect", "/revoke")
APIS = (
    "/account/sessions",
    "/account/explain",
    "/admin/users",
    "/admin/clients",
    "/admin/resources",
    "/admin/keys",
    "/admin/sessions",
    "/admin/explain",
)
PAGES = (
    "/authorize",
    "/continue",
    "/end-session",
    "/",
    "/sign-in",
    "/choose-account",
    "/consent",
    "/sessions",
    "/password",
    "/sign-out",
    "/set-up",
)
FORM_PAGES = tuple(path for path in PAGES if path not in ("/continue", "/"))


EVERYWHERE = (
    *JSON_POSTS,
    "/userinfo",
    "/jwks",
    *APIS,
    *PAGES,
    "/.well-known/openid-configuration",
    "/nowhere",
)


def require_refusal(answer: Answer, status: int = 400) -> None:
    """An error of the shape that its reader expects, which sends nobody anywhere."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert not answer.location
    assert b"Traceback" not in answer.body
    kind = answer.header("content-type")
    if kind == "application/json":
        assert answer.error in (
            "invalid_request",
            "invalid_client",
            "invalid_token",
            "invalid_grant",
        )
        assert answer.json["error_description"].isascii()
        assert "no-store" in answer.header("cache-control")
    else:
        assert kind == "text/html; charset=utf-8"
        assert "frame-ancestors 'none'" in answer.header("content-security-policy")
