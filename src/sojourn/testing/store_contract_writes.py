# ruff: noqa: S101 - a case asserts
"""The contract of stores, part one: what is written, alone or in a batch. `store_contract` stands
above it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from sojourn.errors import Conflict, StoreUnavailable
from sojourn.store.contract import Check, Drop, Put
from sojourn.testing.store_contract_desk import Desk, record_of


class WriteCases:
    """One caller at a time."""

    def test_a_record_comes_back_as_it_was_put(self, desk: Desk) -> None:
        grant = record_of("g", kind="grant")
        token = record_of("t", path=(grant.key,), users=("ann", "bo"), expires=7)
        desk.put(token)
        assert desk.get(token.key) == token

    def test_an_absent_record_is_none_and_has_no_path(self, desk: Desk) -> None:
        assert desk.get("default/02a/token/none") is None
        assert desk.path("default/02a/token/none") == ()

    def test_a_first_version_replaces_nothing(self, desk: Desk) -> None:
        desk.put(record_of("t", by="first"))
        with pytest.raises(Conflict):
            desk.put(record_of("t", by="second", users=("ann",)))
        assert desk.get(record_of("t").key) == record_of("t", by="first")
        assert desk.found("ann") == []

    def test_a_later_version_replaces_exactly_the_one_before(self, desk: Desk) -> None:
        desk.put(record_of("t"))
        desk.put(record_of("t", 2))
        for version in (-1, 0, 1, 2, 4):
            with pytest.raises(Conflict):
                desk.put(record_of("t", version, by="late"))
        assert desk.get(record_of("t").key) == record_of("t", 2)

    def test_a_later_version_of_an_absent_record_is_a_conflict(self, desk: Desk) -> None:
        for version in (0, 2, 3):
            with pytest.raises(Conflict):
                desk.put(record_of("t", version))
        assert desk.get(record_of("t").key) is None

    def test_every_part_but_the_path_may_change_with_a_version(self, desk: Desk) -> None:
        parent = record_of("g", kind="grant").key
        first = record_of("t", path=(parent,), users=("ann",), expires=5)
        desk.put(first)
        second = replace(
            first, version=2, op_id="another-writer-1", body=b"{}", index=(), expires=9
        )
        desk.put(second)
        assert desk.get(first.key) == second
        with pytest.raises(ValueError, match="path"):
            desk.put(replace(second, version=3, path=()))
        assert desk.get(first.key) == second

    def test_a_body_is_kept_byte_for_byte(self, desk: Desk) -> None:
        body = b'{"v":1,\n  "unknown": [1.0, 1e400, "\\u00e9"], "unknown": null , "z":{}, "a":{}}'
        desk.put(record_of("t", body=body))
        desk.put(record_of("t", 2, body=body + b" "))
        kept = desk.get(record_of("t").key)
        assert kept is not None
        assert kept.body == body + b" "

    def test_a_big_body_is_kept(self, desk: Desk) -> None:
        big = record_of("t", body=b'{"v":1,"x":"' + b"0123456789abcdef" * 131_072 + b'"}')
        desk.put(big)
        assert desk.get(big.key) == big

    def test_text_of_every_script_is_kept_and_found(self, desk: Desk) -> None:
        names = (
            "Zoë",
            "zoe\u0308",
            "Ωmega",
            "用户",
            "🦊",
            "a\nb",
            "it's",
            '"',
            "%",
            "_",
            "",
            "a\0b",
            "\uffff",
        )
        for number, name in enumerate(names):
            text = f'{{"v":1,"name":"{number} {name}"}}'.encode()
            desk.put(record_of(f"t{number}", body=text, users=(name,)))
        for number, name in enumerate(names):
            assert desk.found(name) == [record_of(f"t{number}").key], name

    def test_what_is_no_text_is_refused_and_leaves_nothing(self, desk: Desk) -> None:
        with pytest.raises(ValueError, match="surrogate"):
            desk.put(record_of("t", users=("ann", "\ud800")))
        with pytest.raises(ValueError, match="surrogate"):
            desk.batch(Put(record_of("s")), Put(record_of("t", users=("\ud800",))))
        assert desk.get(record_of("s").key) is None
        assert desk.get(record_of("t").key) is None
        assert desk.found("ann") == []

    def test_a_key_out_of_grammar_is_refused(self, desk: Desk) -> None:
        for key in ("", "t", "default/02a/token", "default/02a/token/é"):
            bad = replace(record_of("t"), key=key)
            with pytest.raises(ValueError, match="key"):
                desk.put(bad)
            with pytest.raises(ValueError, match="key"):
                desk.batch(Put(bad))

    def test_a_path_is_the_leaf_and_then_its_ancestors_nearest_first(self, desk: Desk) -> None:
        user = record_of("u", kind="user")
        session = record_of("s", kind="zession", path=(user.key,))
        grant = record_of("g", kind="grant", path=(session.key, user.key))
        token = record_of("t", path=(grant.key, session.key, user.key))
        for record in (token, user, grant, session):
            desk.put(record)
        assert desk.path(token.key) == (token, grant, session, user)
        assert desk.path(user.key) == (user,)

    def test_a_missing_ancestor_is_none_in_its_place(self, desk: Desk) -> None:
        user = record_of("u", kind="user")
        token = record_of("t", path=(record_of("g", kind="grant").key, user.key, user.key))
        desk.batch(Put(user), Put(token))
        assert desk.path(token.key) == (token, None, user, user)
        desk.drop(user.key)
        assert desk.path(token.key) == (token, None, None, None)

    def test_a_path_may_lead_to_other_partitions(self, desk: Desk) -> None:
        user = record_of("u", kind="user", partition=5)
        token = record_of("t", path=(user.key,))
        desk.put(user)
        desk.put(token)
        assert desk.path(token.key) == (token, user)

    def test_a_path_may_be_long(self, desk: Desk) -> None:
        ancestors = tuple(record_of(f"g{number}", kind="grant") for number in range(200))
        leaf = record_of("t", path=tuple(ancestor.key for ancestor in reversed(ancestors)))
        desk.batch(*map(Put, ancestors), Put(leaf))
        assert desk.path(leaf.key) == (leaf, *reversed(ancestors))

    def test_a_batch_does_all_its_steps(self, desk: Desk) -> None:
        desk.batch(Put(record_of("a")), Put(record_of("b")), Put(record_of("c", users=("ann",))))
        desk.batch(
            Check(record_of("a").key, 1),
            Put(record_of("b", 2)),
            Drop(record_of("c").key, 1),
            Check(record_of("d").key, 0),
            Put(record_of("e")),
        )
        names = ("a", "b", "c", "d", "e")
        found = [desk.get(record_of(name).key) for name in names]
        assert found == [record_of("a"), record_of("b", 2), None, None, record_of("e")]
        assert desk.found("ann") == []

    @pytest.mark.parametrize(
        "refused",
        [
            Put(record_of("old")),
            Put(record_of("old", 3)),
            Put(record_of("none", 2)),
            Check(record_of("old").key, 0),
            Check(record_of("old").key, 2),
            Check(record_of("none").key, 1),
            Drop(record_of("old").key, 2),
            Drop(record_of("old").key, 0),
            Drop(record_of("none").key, 1),
            Drop(record_of("none").key, 0),
        ],
        ids=lambda step: f"{type(step).__name__}-{getattr(step, 'record', step)}"[:60],
    )
    def test_a_batch_with_a_refused_step_leaves_nothing(
        self, desk: Desk, refused: Put | Check | Drop
    ) -> None:
        gone = record_of("gone", users=("ann",))
        desk.put(record_of("old"))
        desk.put(gone)
        before = (
            Put(record_of("new", users=("bo",))),
            Put(record_of("gone", 2)),
            Drop(gone.key, 2),
        )
        with pytest.raises(Conflict):
            desk.batch(*before, refused, Put(record_of("never")))
        with pytest.raises(Conflict):
            desk.batch(*before, refused)
        assert desk.get(record_of("old").key) == record_of("old")
        assert desk.get(gone.key) == gone
        assert desk.get(record_of("new").key) is None
        assert (desk.found("ann"), desk.found("bo")) == ([gone.key], [])

    def test_the_steps_of_a_batch_see_those_before_them(self, desk: Desk) -> None:
        key = record_of("t").key
        desk.batch(Put(record_of("t")), Check(key, 1), Put(record_of("t", 2, users=("ann",))))
        again = record_of("t", by="again", users=("bo",), path=(record_of("g", kind="grant").key,))
        desk.batch(Drop(key, 2), Check(key, 0), Put(again))
        assert desk.get(key) == again
        assert (desk.found("ann"), desk.found("bo")) == ([], [key])
        desk.batch(Put(replace(again, version=2)), Drop(key, 2))
        assert desk.get(key) is None
        assert desk.found("bo") == []

    def test_a_batch_across_partitions_is_refused_and_leaves_nothing(self, desk: Desk) -> None:
        with pytest.raises(ValueError, match="partition"):
            desk.batch(Put(record_of("a")), Put(record_of("b", partition=7)))
        with pytest.raises(ValueError, match="partition"):
            desk.batch(Put(record_of("a")), Check(record_of("b", partition=7).key, 0))
        assert desk.get(record_of("a").key) is None

    def test_a_batch_of_nothing_does_nothing(self, desk: Desk) -> None:
        desk.batch()
        assert desk.sweep(1) == 0

    def test_a_drop_takes_any_version_and_may_be_repeated(self, desk: Desk) -> None:
        key = record_of("t").key
        desk.put(record_of("t"))
        desk.put(record_of("t", 2, users=("ann",)))
        desk.drop(key)
        desk.drop(key)
        assert desk.get(key) is None
        assert desk.found("ann") == []

    def test_a_dropped_record_begins_again_at_version_1(self, desk: Desk) -> None:
        desk.put(record_of("t"))
        desk.drop(record_of("t").key)
        with pytest.raises(Conflict):
            desk.put(record_of("t", 2))
        desk.put(record_of("t", by="again", path=(record_of("g", kind="grant").key,)))
        kept = desk.get(record_of("t").key)
        assert kept is not None
        assert kept.version == 1

    def test_a_caller_that_lost_its_answer_finds_out_by_the_op_id(self, desk: Desk) -> None:
        mine, theirs = record_of("t", by="mine"), record_of("t", by="theirs")
        desk.put(mine)
        with pytest.raises(Conflict):  # the same write, repeated for want of an answer
            desk.put(mine)
        kept = desk.get(mine.key)
        assert kept is not None
        assert kept.op_id == mine.op_id != theirs.op_id

    def test_a_closed_store_refuses_every_verb(self, desk: Desk) -> None:
        record = record_of("t", users=("ann",))
        desk.put(record)
        desk.close()
        refused: list[Callable[[], object]] = [
            lambda: desk.get(record.key),
            lambda: desk.path(record.key),
            lambda: desk.put(record_of("s")),
            lambda: desk.batch(Put(record_of("s"))),
            lambda: desk.find("ann"),
            lambda: desk.drop(record.key),
            lambda: desk.sweep(1),
        ]
        for verb in refused:
            with pytest.raises(StoreUnavailable):
                verb()
        desk.close()

    def test_reopening_keeps_everything(self, desk: Desk, reopen: Callable[[], Desk]) -> None:
        grant = record_of("g", kind="grant")
        token = record_of("t", path=(grant.key,), users=("ann",), expires=9)
        desk.batch(Put(grant), Put(token), Put(record_of("gone")))
        desk.put(record_of("other", partition=1))
        desk.drop(record_of("gone").key)
        again = reopen()
        assert again.path(token.key) == (token, grant)
        assert again.get(record_of("gone").key) is None
        assert again.get(record_of("other", partition=1).key) is not None
        assert again.found("ann") == [token.key]
        assert (again.sweep(8), again.sweep(9)) == (0, 1)
