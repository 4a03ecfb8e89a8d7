"""The Keystone page: every example as printed, but for the imports that client.md names, with the real
keystoneclient against a real Keystone."""

from __future__ import annotations

import warnings
from typing import Any

from sojourn.testing.route import route
from tests.seeds.keystone_scenes.world import KEYSTONE
from tests.seeds.pages import examples, without_prompts

IMPORTS = {
    "from keystoneclient.auth.identity import v3": "from sojourn.client.dialects.keystone import v3",
    "from keystoneclient import session": "from sojourn.client.dialects.keystone import session",
}


def code(number: int) -> str:
    text = without_prompts(examples("keystone-session.rst")[number])
    for printed, ours in IMPORTS.items():
        text = text.replace(printed, ours)
    return text


def run(names: dict[str, Any], number: int) -> None:
    exec(compile(code(number), f"example {number + 1} of the page", "exec"), names)  # noqa: S102 - our page


def scene_the_page_has_five_examples() -> None:
    assert len(examples("keystone-session.rst")) == 5
    assert "keystoneclient" not in code(0).replace("from keystoneclient.v3 import client", "")


def scene_every_example_runs_and_no_library_complains() -> None:
    with (
        route({"https://my.keystone.com:5000": KEYSTONE["https"]}, ca=KEYSTONE["ca"]),
        warnings.catch_warnings(record=True) as told,
    ):
        warnings.simplefilter("always")
        names: dict[str, Any] = {}
        run(names, 0)
        assert {user.name for user in names["users"]} >= {"admin", "myuser"}
        run(names, 1)
        sess, again = names["sess"], names["new_sess"]
        assert again.auth is sess.auth
        assert again.get_token() == sess.get_token()

        from sojourn.client.dialects.keystone import token_endpoint

        names["my_auth_plugin"] = token_endpoint.Token(None, sess.get_token())
        before = len(sess.history)
        run(names, 2)
        run(names, 3)
        assert names["resp"].json()["version"]["id"].startswith("v3")
        assert [entry.status for entry in sess.history[before:]] == [200, 200]
        run({**names, "session": sess}, 4)
    complaints = [str(one.message) for one in told if "keystoneauth" in str(one.filename)]
    assert complaints == []


def scene_the_name_without_a_domain_is_one_of_the_default_domain() -> None:
    from sojourn.client.dialects.keystone import v3

    auth = v3.Password(
        "https://my.keystone.com:5000/v2.0",
        username="myuser",
        password="mypassword",
        project_id="proj",
    )
    assert "assumed: user_domain_id=default" in auth.explain()


def scene_the_last_example_finds_the_users() -> None:
    from sojourn.client.dialects.keystone import session, v3

    auth = v3.Password(
        KEYSTONE["http"], username="myuser", password="mypassword", project_id="proj"
    )
    names: dict[str, Any] = {"session": session.Session(auth=auth)}
    exec(code(4), names)  # noqa: S102 - our page
    assert "myuser" in {user["name"] for user in names["resp"].json()["users"]}
