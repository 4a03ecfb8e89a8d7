"""Beside keystoneauth1: our Session for its libraries, our plugin in its Session, its plugin in ours,
errors that both sides catch."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import Any

from keystoneauth1 import adapter as ksa_adapter
from keystoneauth1 import exceptions as ksa
from keystoneauth1 import session as ksa_session
from keystoneauth1.identity import v3 as ksa_v3
from keystoneclient.v3 import client

import sojourn
from sojourn import errors
from sojourn.client.calls import Calls
from sojourn.client.dialects.keystone import exceptions, session, v3
from sojourn.client.options import RequestOptions
from tests.seeds.keystone_scenes.world import (
    ADMIN,
    DOMAINS,
    IDENTITY,
    THREADS,
    URL,
    admin,
    at_once,
    revoked,
)


class CountedKsa(ksa_v3.Password):  # type: ignore[misc]
    sign_ins = 0

    def get_auth_ref(self, session: Any, **more: Any) -> Any:
        self.sign_ins += 1
        return super().get_auth_ref(session, **more)


def theirs() -> CountedKsa:
    return CountedKsa(f"{URL}/v3", **ADMIN, **DOMAINS)


def caught(kind: type[BaseException], call: Any, *words: Any, **options: Any) -> Any:
    try:
        call(*words, **options)
    except kind as error:
        return error
    raise AssertionError(f"nothing of {kind} was raised")


def scene_no_public_attribute_of_the_session_is_keystoneauths() -> None:
    assert issubclass(session.Session, ksa_session.Session)
    assert session.Session is session.Session
    public = {name for name in dir(ksa_session.Session) if not name.startswith("_")}
    for name in public - {"user_agent"}:  # which is set on each of ours
        owner = next(one for one in session.Session.__mro__ if name in vars(one))
        assert owner.__module__.startswith("sojourn."), name
    made = session.Session(auth=admin())
    assert vars(made)["user_agent"] is None
    assert isinstance(made, sojourn.Session)
    made.anything = 1  # type: ignore[attr-defined]
    assert "transport=" in str(caught(TypeError, made.mount, "https://", None))
    assert made.adapters == {}


def scene_every_option_of_its_session_is_one_of_ours() -> None:
    # But for those that speak of `requests` and its TLS, and of limits that a semaphore sets.
    named = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    for theirs_, ours in (
        (ksa_session.Session.request, {*RequestOptions.__annotations__, "self", "url", "method"}),
        (
            ksa_session.Session.__init__,
            {
                *inspect.signature(Calls.__init__).parameters,
                *("session", "tls_min_version", "tls_ciphers"),
            },
        ),
        (
            ksa_adapter.Adapter.__init__,
            {
                *inspect.signature(sojourn.Adapter.__init__).parameters,
                *("allow_version_hack", "rate_limit", "concurrency"),
            },
        ),
    ):
        parameters = inspect.signature(theirs_).parameters.values()
        assert {one.name for one in parameters if one.kind in named} <= ours


def scene_its_adapter_takes_our_session_without_a_warning() -> None:
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("keystoneauth").addHandler(handler)
    made = session.Session(auth=admin())
    adapter = ksa_adapter.Adapter(
        made, version="3", client_name="x", client_version="1", **IDENTITY
    )
    answer = adapter.get("/users", microversion=None)
    assert answer.status_code == 200
    assert dict(answer.request.headers)["User-Agent"].startswith("x/1 sojourn/")
    assert adapter.get_endpoint() == f"{URL}/v3"
    assert adapter.get_api_major_version() == (3, 14)
    assert adapter.get_endpoint_data().api_version == (3, 14)
    assert adapter.get_all_version_data()[IDENTITY["region_name"]]
    assert told == []


def scene_our_plugin_works_in_its_session() -> None:
    auth = admin()
    plain = ksa_session.Session(auth=auth)
    assert "admin" in {user.name for user in client.Client(session=plain).users.list()}
    assert plain.get("/v3/users", endpoint_filter=IDENTITY).status_code == 200
    access: Any = auth.get_access(plain)
    assert plain.get_project_id() == access.project_id
    assert plain.get_user_id() == access.user_id
    assert plain.get_token() == auth.get_token(plain)
    assert plain.get_api_major_version(**IDENTITY) == (3, 14)
    assert plain.get_endpoint_data(**IDENTITY).url == URL
    assert auth.sign_ins == 1


def scene_twelve_threads_of_its_session_on_our_revoked_token_make_one_login() -> None:
    auth = admin()
    plain = ksa_session.Session(auth=auth)
    plain.get(f"{URL}/v3/users")
    revoked(plain)
    answers = at_once(lambda: plain.get(f"{URL}/v3/users").status_code)
    assert answers == [200] * THREADS
    assert auth.sign_ins == 2


def scene_our_plugin_signs_in_with_what_its_session_was_given() -> None:
    auth = v3.Password("https://127.0.0.1:1/v3", username="admin", password="x")
    plain = ksa_session.Session(auth=auth, timeout=1)
    error = caught(errors.ConnectFailure, plain.get_token)
    assert "127.0.0.1:1/v3/auth/tokens" in str(error)
    assert isinstance(error, ksa.ConnectFailure)
    wrong = ksa_session.Session(auth=v3.Password(URL, username="admin", password="wrong"))
    assert isinstance(caught(ksa.Unauthorized, wrong.get_token), errors.AuthenticationError)


def scene_its_plugin_works_in_ours() -> None:
    for kind in (session.Session, sojourn.Session):
        auth = theirs()
        made = kind(auth)
        assert made.get("/v3/users", endpoint_filter=IDENTITY).ok
        assert made.auth is auth
        assert made.get_token() == auth.get_token(made)
        assert made.get_user_id() == auth.get_access(made).user_id
        assert made.get_project_id() == auth.get_access(made).project_id
        assert made.get_endpoint(version="3", **IDENTITY) == f"{URL}/v3/"
        assert made.get_api_major_version(**IDENTITY) == (3, 14)
        assert made.access().user_id == auth.get_user_id(made)  # type: ignore[union-attr]
        assert made.get_all_version_data(service_type="identity")
        assert made.get_auth_connection_params() == {}
        assert auth.sign_ins == 1
        assert made.invalidate()
        made.get(f"{URL}/v3/users")
        assert auth.sign_ins == 2
    users = client.Client(session=session.Session(auth=theirs())).users.list()
    assert "admin" in {user.name for user in users}


def scene_twelve_threads_of_ours_on_its_revoked_token_make_one_login() -> None:
    auth = theirs()
    made = session.Session(auth=auth)
    made.get(f"{URL}/v3/users")
    revoked(made)
    answers = at_once(lambda: made.get(f"{URL}/v3/users").status_code)
    assert answers == [200] * THREADS
    assert auth.sign_ins == 2


def scene_twelve_threads_of_ours_on_our_revoked_token_make_one_login() -> None:
    auth = admin()
    made = session.Session(auth=auth)
    made.get(f"{URL}/v3/users")
    revoked(made)
    answers = at_once(lambda: made.get(f"{URL}/v3/users").status_code)
    assert answers == [200] * THREADS
    assert auth.sign_ins == 2


def scene_an_asynchronous_session_says_that_its_plugins_do_not_fit() -> None:
    async def main() -> None:
        async with sojourn.AsyncSession(theirs()) as made:
            await made.get(f"{URL}/v3/users")

    assert "auth=" in str(caught(TypeError, lambda: asyncio.run(main())))


def scene_errors_are_caught_by_either_name() -> None:
    made = session.Session(auth=admin())
    missing: Any = caught(ksa.NotFound, made.get, f"{URL}/v3/users/nobody")
    assert isinstance(missing, errors.NotFound)
    assert exceptions.NotFound is errors.NotFound
    assert (missing.http_status, type(missing).__name__) == (404, "NotFound")
    assert "nobody" in missing.message
    assert str(missing.request_id).startswith("req-")
    wrong = caught(ksa.MethodNotAllowed, made.patch, f"{URL}/v3/users")
    assert isinstance(wrong, exceptions.MethodNotAllowed)
    again = caught(ksa.NotFound, made.get, f"{URL}/v3/users/nobody")
    assert type(again) is type(missing)
    for kind, call in (
        (ksa.EndpointNotFound, lambda: made.get("/x", endpoint_filter={"service_type": "x"})),
        (ksa.ConnectFailure, lambda: made.get("http://127.0.0.1:1/")),
        (ksa.MissingAuthPlugin, session.Session().get_token),
    ):
        assert isinstance(caught(kind, call), errors.SojournError)
    refused = sojourn.Session(v3.Password(URL, username="admin", password="wrong"))
    error: Any = caught(ksa.Unauthorized, refused.get_token)
    assert isinstance(error, errors.AuthenticationError)
    assert getattr(error, "http_status", None) == 401


def scene_a_plugin_of_its_that_wants_more_than_certificates_is_refused() -> None:
    class Wants(CountedKsa):
        def get_connection_params(self, session: Any, **more: Any) -> dict[str, Any]:
            return {"verify": True, "proxies": {}}

    made = session.Session(auth=Wants(f"{URL}/v3", **ADMIN, **DOMAINS))
    assert "proxies" in str(caught(errors.ConfigurationError, made.get, f"{URL}/v3/users"))
