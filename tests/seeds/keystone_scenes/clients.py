"""Client libraries of OpenStack over our Session, and every way to sign in at a real Keystone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

from keystoneclient.v3 import client

from sojourn import Adapter, AsyncSession, Session, errors
from sojourn.client.clouds import cloud
from sojourn.client.dialects.keystone import session, v3
from tests.seeds.keystone_scenes.beside import caught
from tests.seeds.keystone_scenes.world import IDENTITY, KEYSTONE, URL, admin

MINE: dict[str, Any] = {"username": "myuser", "password": "mypassword"}


def mine(**scope: Any) -> v3.Password:
    return v3.Password(URL, **MINE, **scope)


def scene_openstacksdk_works_over_our_session() -> None:
    import openstack

    made = session.Session(auth=admin())
    cloud_of_it = openstack.connection.Connection(session=made, region_name=KEYSTONE["region"])
    assert "myuser" in {user.name for user in cloud_of_it.identity.users()}
    assert cloud_of_it.current_project_id == KEYSTONE["project"]
    assert [box.name for box in cloud_of_it.object_store.containers()] == ["box"]
    missing = caught(
        openstack.exceptions.NotFoundException, cloud_of_it.identity.get_user, "nobody"
    )
    assert "nobody" in str(missing)


def scene_swiftclient_works_over_our_session() -> None:
    from swiftclient.client import Connection

    made = session.Session(auth=admin())
    connection = Connection(session=made, os_options={"region_name": KEYSTONE["region"]})
    headers, boxes = connection.get_account()
    assert [box["name"] for box in boxes] == ["box"]
    assert headers["x-account-container-count"] == "1"


def scene_keystoneclient_writes_and_reads_over_our_session() -> None:
    auth = admin()
    made = client.Client(session=session.Session(auth=auth))
    user = made.users.create("somebody", password="first", domain="default")
    assert made.users.get(user.id).name == "somebody"
    made.users.update(user, email="x@example.org")
    assert made.users.list(name="somebody")[0].email == "x@example.org"
    made.users.delete(user)
    assert auth.sign_ins == 1


def scene_every_scope_is_had_and_told() -> None:
    with Session(mine(project_id="proj")) as one:
        assert one.access().project_scoped  # type: ignore[union-attr]
        assert one.get_project_id() == "proj"
    with Session(admin()) as whole:
        assert whole.access().role_names  # type: ignore[union-attr]
    system = v3.Password(URL, username="admin", password="adminpass", system_scope="all")
    with Session(system) as one:
        assert one.access().system_scoped  # type: ignore[union-attr]
    with Session(mine(unscoped=True)) as one:
        assert not one.access().scoped  # type: ignore[union-attr]
        caught(errors.EmptyCatalog, one.get, "/v3/users", endpoint_filter=IDENTITY)
    with Session(mine(domain_id="default")) as one:
        assert "401" in str(caught(errors.AuthenticationError, one.get_token))
    with Session(mine(project_id="proj", include_catalog=False)) as one:
        assert not one.access().has_service_catalog()  # type: ignore[union-attr]


def scene_a_token_from_a_token_does_not_live_longer() -> None:
    with Session(mine(unscoped=True)) as first:
        access: Any = first.access()
        with Session(v3.Token(URL, access.auth_token, project_id="proj")) as second:
            scoped: Any = second.access()
    assert scoped.expires == access.expires
    assert scoped.audit_chain_id == access.audit_id
    assert set(scoped.claims["methods"]) == {"token", "password"}


def scene_an_application_credential_signs_in_by_id_and_by_name() -> None:
    with session.Session(auth=mine(project_id="proj")) as owner:
        keystone = client.Client(session=owner)
        made = keystone.application_credentials.create("job", user=owner.get_user_id())
    by_id = v3.ApplicationCredential(
        URL, application_credential_id=made.id, application_credential_secret=made.secret
    )
    by_name = v3.ApplicationCredential(
        URL,
        application_credential_name="job",
        application_credential_secret=made.secret,
        username="myuser",
    )
    for auth in (by_id, by_name):
        with Session(auth) as one:
            assert one.get_project_id() == "proj"
            assert one.access().application_credential_id == made.id  # type: ignore[union-attr]
    wrong = v3.ApplicationCredential(
        URL, application_credential_id=made.id, application_credential_secret="wrong"
    )
    caught(errors.AuthenticationError, Session(wrong).get_token)


def passcode(secret: bytes) -> str:
    digest = hmac.new(secret, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def scene_a_passcode_signs_in() -> None:
    secret = b"12345678901234567890"
    with session.Session(auth=admin()) as one:
        keystone = client.Client(session=one)
        (user,) = keystone.users.list(name="myuser")
        blob = base64.b32encode(secret).decode()
        keystone.credentials.create(user, "totp", blob)
    auth = v3.TOTP(URL, username="myuser", passcode=passcode(secret), project_id="proj")
    with Session(auth) as one:
        assert one.get_user_id() == user.id


def scene_the_version_that_is_asked_for_is_discovered() -> None:
    with Session(admin()) as one:
        adapter = Adapter(one, version=3, **IDENTITY)
        assert adapter.get("/users").url == f"{URL}/v3/users"
        caught(errors.EndpointNotFound, Adapter(one, version=2, **IDENTITY).get, "/users")
        data: Any = one.get_endpoint_data(**IDENTITY)
        assert (data.api_version, data.status) == ((3, 14), "STABLE")


def scene_the_same_awaited() -> None:
    import asyncio

    async def main() -> None:
        auth = admin()
        async with AsyncSession(auth) as one:
            adapter = Adapter(one, version=3, **IDENTITY)
            asked = (adapter.get("/users") for _ in range(12))
            answers = await asyncio.gather(*asked)
            assert all(answer.ok for answer in answers)
            assert await one.get_project_id() == KEYSTONE["project"]
            assert auth.sign_ins == 1

    asyncio.run(main())


def scene_the_environment_signs_in() -> None:
    environ = {
        "OS_AUTH_URL": f"{URL}/v3",
        "OS_USERNAME": "admin",
        "OS_PASSWORD": "adminpass",
        "OS_PROJECT_NAME": "admin",
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_REGION_NAME": KEYSTONE["region"],
        "OS_INTERFACE": "public",
    }
    found = cloud(environ=environ)
    with Session(found.auth, **found.session) as one:
        assert Adapter(one, service_type="identity", version=3, **found.adapter).get("/users").ok
