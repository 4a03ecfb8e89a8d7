"""Each fault that users of the page's first implementation suffered from, and that ours is free of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.driver import drive
from sojourn.errors import BadSessionId, ConfigurationError, NotLive
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.policy import TOKEN_CLASSES
from sojourn.server import AsyncSessionManager, SessionManager, session_key
from sojourn.server.services.sessions.grants import split_session_key
from sojourn.server.services.sessions.minting import Minted
from sojourn.testing.clock import Clock
from tests.features.sessions.counting import counted

REQUEST = {"client_id": "shop", "scope": "openid"}
STORED = TOKEN_CLASSES[:3]
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def begin(manager: Any, clock: Clock, user: str = "diana", client: str = "shop") -> Any:
    return manager.create_grant(create_authn_event(user, now=clock.now()), REQUEST, user, client)


@pytest.mark.parametrize("kind", ["memory:", "sqlite"])
def test_the_synchronous_face_works_where_a_loop_runs(tmp_path: Path, clock: Clock, kind: str):
    url = kind if kind == "memory:" else f"sqlite:///{tmp_path / 'sessions.db'}"

    async def cell() -> tuple[bool, bool]:
        manager = SessionManager.open(url, now=clock.now)
        grant = begin(manager, clock)
        token = grant.mint_token("access_token")
        before = manager.explain(token.value).live
        manager.revoke_grant(grant.session_id)
        after = manager.explain(token.value).live
        manager.close()
        return before, after

    assert asyncio.run(cell()) == (True, False)


def test_session_info_is_always_complete_and_needs_no_flags(manager: Any, clock: Clock):
    info = manager.get_session_info(begin(manager, clock).session_id)
    assert set(info) == {
        "session_id",
        "user_id",
        "client_id",
        "grant_id",
        "user_session_info",
        "client_session_info",
        "grant",
        "authentication_event",
        "authorization_request",
    }
    assert all(info.values())


def test_ending_a_client_session_leaves_no_grant_behind(manager: Any, clock: Clock):
    tokens = [begin(manager, clock).mint_token(kind) for kind in STORED for _ in range(3)]
    manager.revoke_client_session(manager.grants("diana", "shop")[0].session_id)
    assert not any(manager.explain(token.value).live for token in tokens)


def test_an_added_grant_is_listed_once_and_a_revoked_one_leaves_no_ghost(
    manager: Any, clock: Clock
):
    first = begin(manager, clock)
    added = manager.add_grant("diana", "shop")
    assert sorted(g.id for g in manager.grants("diana", "shop")) == sorted([first.id, added.id])
    manager.revoke_grant(added.session_id)
    manager.revoke_grant(added.session_id)
    assert manager.explain(first.mint_token("access_token").value).live


def test_unknown_clients_do_not_break_an_ending(manager: Any, clock: Clock):
    begin(manager, clock)
    with pytest.raises(KeyError):
        manager.revoke_client_session(session_key("diana", "never-seen", "x"))


@pytest.mark.parametrize("jwt", [False, True])
def test_an_ended_client_session_is_seen_by_every_token(manager: Any, clock: Clock, jwt: bool):
    grant = begin(manager, clock)
    tokens = [grant.mint_token(k, jwt=jwt and k == "access_token") for k in STORED]
    assert all(manager.explain(token.value).live for token in tokens)
    manager.revoke_client_session(grant.session_id)
    for token in tokens:
        dead = [step.node for step in manager.explain(token.value).steps if step.why]
        assert dead == ["client session"]
    with pytest.raises(NotLive):
        grant.mint_token("access_token")


# identity


def test_a_separator_in_an_id_breaks_no_path(manager: Any, clock: Clock):
    for user in ("a;;b", ";;", "a/b", "a:b", "%3B%3B", "ä ö", "../x"):
        grant = begin(manager, clock, user=user, client=f"{user}!")
        key = session_key(user, f"{user}!", grant.id)
        assert manager.get_session_info(key)["user_id"] == user
        assert [g.id for g in manager.grants(user, f"{user}!")] == [grant.id]
        assert manager.get([user]).id == user


@given(ids, ids, ids)
def test_a_session_key_is_reversible(user: str, client: str, grant: str):
    assert split_session_key(session_key(user, client, grant)) == (user, client, grant)


@given(st.lists(ids, min_size=3, max_size=3), st.lists(ids, min_size=3, max_size=3))
def test_different_paths_have_different_session_keys(one: list[str], other: list[str]):
    assert (session_key(*one) == session_key(*other)) is (one == other)


@given(st.text(max_size=40))
def test_only_what_session_key_made_is_split(text: str):
    try:
        parts = split_session_key(text)
    except BadSessionId:
        return
    assert session_key(*parts) == text


def test_ids_that_read_alike_when_joined_stay_apart(manager: Any, clock: Clock):
    pairs = [("ab", "c"), ("a", "bc"), ("a b", "c"), ("a", "b c"), ("a:b", "c"), ("a", "b:c")]
    grants = {pair: begin(manager, clock, *pair) for pair in pairs}
    for pair, grant in grants.items():
        assert [g.id for g in manager.grants(*pair)] == [grant.id]
    event = create_authn_event("x", now=clock.now())
    subjects = [
        manager.create_grant(event, REQUEST, user, "c", "pairwise", sector).sub
        for user, sector in (*pairs, ("abc", "abc"))
    ]
    assert len(set(subjects)) == len(subjects)


def test_public_subjects_are_one_a_user_pairwise_one_a_sector_ephemeral_one_a_grant(
    manager: Any, clock: Clock
):
    event = create_authn_event("d", now=clock.now())

    def sub(client: str, kind: str, sector: str = "") -> str:
        found: str = manager.create_grant(event, REQUEST, "d", client, kind, sector).sub
        return found

    assert sub("a", "public") == sub("b", "public")
    assert sub("a", "pairwise", "s") == sub("b", "pairwise", "s") != sub("a", "pairwise", "t")
    assert sub("a", "ephemeral") != sub("a", "ephemeral")
    assert sub("a", "public") != sub("a", "pairwise", "s")


# keys


def test_a_restart_keeps_ids_tokens_and_subjects(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/kept.db"
    clock = Clock()

    def opened() -> SessionManager:
        return SessionManager.open(url, now=clock.now)

    with opened() as manager:
        grant = begin(manager, clock)
        texts = [grant.mint_token(kind).value for kind in STORED]
        texts.append(grant.mint_token("access_token", jwt=True).value)
    with opened() as manager:
        assert manager.get_session_info(grant.session_id)["grant_id"] == grant.id
        assert all(manager.explain(text).live for text in texts)
        assert begin(manager, clock).sub == grant.sub
        manager.revoke_grant(grant.session_id)
    with opened() as manager:
        assert not any(manager.explain(text).live for text in texts)


def test_another_process_gives_equal_subjects(tmp_path: Path):
    program = (
        "import sys\n"
        "from sojourn.server import SessionManager, create_authn_event\n"
        "with SessionManager.open(sys.argv[1]) as manager:\n"
        "    grant = manager.create_grant(create_authn_event('d'), {'client_id': 'c'}, 'd')\n"
        "    print(grant.sub)\n"
    )
    url = f"sqlite:///{tmp_path}/shared.db"
    run = [sys.executable, "-c", program, url]
    subs = [subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in "12"]
    assert subs[0] == subs[1]
    assert len(subs[0].strip()) == 43


def test_managers_on_one_store_know_each_others_sessions(clock: Clock):
    first = drive(AsyncSessionManager.open("memory:", now=clock.now))
    second = AsyncSessionManager(first.context)
    grant = drive(begin(first, clock))
    token = drive(grant.mint_token("access_token"))
    assert drive(begin(second, clock)).sub == grant.sub
    drive(second.revoke_grant(grant.session_id))
    assert not drive(first.explain(token.value)).live


def test_no_key_and_no_token_is_ever_in_the_stored_data(tmp_path: Path):
    file = tmp_path / "dumped.db"
    with SessionManager.open(f"sqlite:///{file}") as manager:
        clock = Clock()
        grant = begin(manager, clock)
        secrets = [grant.mint_token(kind).value.encode() for kind in STORED]
        purposes = manager._manager.context.purposes
        secrets += [getattr(purposes, name) for name in purposes.__struct_fields__]
    root = file.with_name("dumped.db.root-key").read_bytes().strip()
    dump = b"".join(
        path.read_bytes() for path in tmp_path.glob("dumped.db*") if "key" not in path.name
    )
    assert grant.id.encode() in dump
    assert not [secret for secret in (*secrets, root) if secret in dump]


def test_a_store_does_not_open_with_another_root_key(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/locked.db"
    SessionManager.open(url, root_key=b"1" * 32).close()
    with pytest.raises(ConfigurationError, match="root key"):
        SessionManager.open(url, root_key=b"2" * 32)


# cost and safety


def calls_of(manager: AsyncSessionManager, clock: Clock) -> list[dict[str, int]]:
    """What each of the manager's operations asks of the store."""
    grant = drive(begin(manager, clock, user="measured"))
    counting, store = counted(manager)
    event = create_authn_event("measured", now=clock.now())
    refresh = drive(grant.mint_token("refresh_token"))
    steps: list[Callable[[], Any]] = [
        lambda: counting.create_session(event, REQUEST, "measured", "shop"),
        lambda: counting.mint(grant.value, "access_token"),
        lambda: counting.mint(grant.value, "access_token", based_on=refresh.value),
        lambda: counting.find_token(grant.session_id, refresh.value),
        lambda: counting.get_session_info_by_token(refresh.value),
        lambda: counting.explain(refresh.value),
        lambda: counting.revoke_token(grant.session_id, refresh.value, True),
        lambda: counting.revoke_grant(grant.session_id),
        lambda: counting.revoke_client_session(grant.session_id),
    ]
    spent = []
    for step in steps:
        drive(step())
        spent.append(dict(store.spent()))
    return spent


def test_cost_grows_neither_with_users_nor_with_tokens_nor_with_grants(clock: Clock):
    manager = drive(AsyncSessionManager.open("memory:", now=clock.now))
    drive(begin(manager, clock))
    alone = calls_of(manager, clock)
    for number in range(300):
        drive(begin(manager, clock, user=f"user-{number}"))
        crowded = drive(begin(manager, clock, user="measured"))
        drive(crowded.mint_token("access_token"))
    assert calls_of(manager, clock) == alone
    assert all(sum(calls.values()) <= 5 for calls in alone)
    assert all("find" not in calls for calls in alone)


def test_every_ending_is_one_write(clock: Clock):
    manager = drive(AsyncSessionManager.open("memory:", now=clock.now))
    drive(begin(manager, clock))
    endings = calls_of(manager, clock)[-3:]
    assert [calls["batch"] for calls in endings] == [1, 1, 1]


def test_what_expired_is_swept_and_what_may_have_descendants_stays(clock: Clock):
    manager = drive(AsyncSessionManager.open("memory:", now=clock.now))
    drive(begin(manager, clock))
    grant = drive(manager.add_grant("diana", "shop", expires_in=7_200_000))
    code = drive(grant.mint_token("authorization_code"))
    access = drive(grant.mint_token("access_token", based_on=code))
    clock.advance(seconds=120)
    assert drive(manager.context.store.sweep(clock.now(), 100)) == 0
    assert drive(manager.explain(access.value)).live
    clock.advance(seconds=3600)
    assert drive(manager.context.store.sweep(clock.now(), 100)) == 1
    assert not drive(manager.explain(access.value)).known
    assert drive(manager.explain(code.value)).known
    clock.advance(seconds=3600)
    assert drive(manager.context.store.sweep(clock.now(), 100)) == 2
    assert not drive(manager.explain(code.value)).known


def test_an_expired_family_is_swept_even_where_its_grant_never_ends(clock: Clock):
    manager = drive(AsyncSessionManager.open("memory:", now=clock.now))
    grant = drive(begin(manager, clock))
    family = drive(grant.mint_token("refresh_token"))
    drive(grant.mint_token("access_token", based_on=family))
    clock.advance(family.expires_at - clock.now() - 1)
    assert drive(manager.context.store.sweep(clock.now(), 100)) == 1
    assert drive(manager.explain(family.value)).live
    clock.advance(1)
    assert drive(manager.context.store.sweep(clock.now(), 100)) == 1


def test_many_threads_share_one_manager(tmp_path: Path, clock: Clock):
    with SessionManager.open(f"sqlite:///{tmp_path}/threads.db", now=clock.now) as manager:

        def work(number: int) -> str:
            grant = begin(manager, clock, user=f"u{number % 2}")
            token: Minted = grant.mint_token("access_token")
            used = grant.mint_token("refresh_token")
            grant.register_usage(used)
            if number % 3 == 0:
                manager.revoke_grant(grant.session_id)
            return token.value

        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(work, range(48)))
        assert [manager.explain(t).live for t in texts] == [bool(n % 3) for n in range(48)]
        assert sum(len(manager.grants(user, "shop")) for user in ("u0", "u1")) == 48
