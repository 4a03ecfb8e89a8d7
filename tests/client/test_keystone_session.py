"""The Session of the Keystone dialect: ours, with the names that its callers know. Beside a real keystoneauth1 it is
in tests/seeds."""

from __future__ import annotations

import pytest

import sojourn
from sojourn import errors
from sojourn.client.dialects.keystone import exceptions, session
from tests.client.servers import ok


@pytest.mark.parametrize("status", sorted(exceptions.BY_STATUS))
def test_every_status_has_an_error_of_its_own(serve, status):
    server = serve(lambda _: ok({"error": {"message": "no", "details": "why"}}, status))
    kind = exceptions.BY_STATUS[status]
    with session.Session(trust_env=False) as made, pytest.raises(kind) as caught:
        made.get(server.url)
    error = caught.value
    assert type(error).__name__ == kind.__name__
    assert isinstance(error, errors.HttpError)
    assert (error.http_status, error.message, error.details) == (status, "no", "why")


def test_every_name_that_is_exported_is_an_error():
    for name in set(exceptions.__all__) - {"BY_STATUS", "refined"}:
        assert issubclass(getattr(exceptions, name), errors.SojournError)


def test_errors_in_the_form_of_the_api_sig_are_read(serve):
    told = {"errors": [{"title": "Too few", "detail": "Three are needed."}]}
    server = serve(lambda _: ok(told, 400, X_Openstack_Request_Id="req-1"))
    with session.Session(trust_env=False) as made, pytest.raises(exceptions.BadRequest) as caught:
        made.get(server.url)
    error = caught.value
    assert (error.message, error.details) == ("Too few", "Three are needed.")
    assert error.request_id == "req-1"


def test_a_secret_that_the_server_repeats_is_not_in_the_error(serve):
    server = serve(lambda _: ok({"error": {"message": "bad password=hush-hush-hush"}}, 400))
    with session.Session(trust_env=False) as made, pytest.raises(exceptions.BadRequest) as caught:
        made.get(server.url)
    assert "hush" not in str(caught.value)
    assert "hush" not in caught.value.message


def test_a_request_that_meets_a_second_factor_tells_it_with_the_receipt(serve):
    asked = {"receipt": {"methods": ["password"]}, "required_auth_methods": [["totp"]]}
    server = serve(lambda _: ok(asked, 401, Openstack_Auth_Receipt="r-1"))
    with session.Session(trust_env=False) as made:
        with pytest.raises(exceptions.MissingAuthMethods) as caught:
            made.post(server.url)
        assert caught.value.receipt == "r-1"
        assert isinstance(caught.value.__cause__, errors.Unauthorized)
        assert made.post(server.url, raise_exc=False).status_code == 401


def test_it_is_one_class_and_one_of_ours():
    assert session.Session is session.Session
    assert issubclass(session.Session, sojourn.Session)
    assert session.Session.__name__ == "Session"
    with pytest.raises(AttributeError, match="Sesion"):
        session.Sesion  # noqa: B018
    made = session.Session()
    assert made.adapters == {}
    with pytest.raises(TypeError, match="transport="):
        made.mount("https://", None)
