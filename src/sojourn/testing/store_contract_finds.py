# ruff: noqa: S101 - a case asserts
"""The contract of stores, part two: what is found again, page by page, and what is swept.
`store_contract` stands above it.
"""

from __future__ import annotations

import pytest

from sojourn.errors import Malformed
from sojourn.store.contract import Drop, Put, Record
from sojourn.testing.store_contract_desk import Desk, record_of


class FindCases:
    """One caller at a time."""

    def test_find_asks_for_kind_index_and_value_exactly(self, desk: Desk) -> None:
        token, grant = record_of("t", users=("ann",)), record_of("g", kind="grant", users=("ann",))
        for record in (
            token,
            grant,
            record_of("a", users=("an",)),
            record_of("b", users=("annn",)),
        ):
            desk.put(record)
        assert desk.find("ann").records == (token,)
        assert desk.find("ann", kind="grant").records == (grant,)
        assert desk.find("ann", index="client").records == ()
        assert desk.find("Ann").records == ()
        assert desk.find("ann", kind="tok").records == ()

    def test_find_within_a_partition_sees_no_other(self, desk: Desk) -> None:
        for partition in (0, 0x2A, 0x2B, 0x3FF):
            desk.put(record_of("t", partition=partition, users=("ann",)))
        for partition in (0, 0x2A, 0x2B, 0x3FF):
            key = record_of("t", partition=partition).key
            assert desk.found("ann", partition=partition) == [key]
        assert desk.found("ann", partition=0x2C) == []

    def test_find_answers_in_key_order_across_partitions_and_realms(self, desk: Desk) -> None:
        keys = []
        for realm in ("default", "a-b", "a", "a.b"):
            for partition in (0x3FF, 0, 0x2A):
                for name in ("z", "b", "B"):
                    record = record_of(name, realm=realm, partition=partition, users=("ann",))
                    desk.put(record)
                    keys.append(record.key)
        assert desk.found("ann") == sorted(keys)
        inside = [key for key in sorted(keys) if "/02a/" in key]
        assert desk.found("ann", partition=0x2A) == inside
        assert paged(desk, "ann", limit=4, partition=0x2A) == inside

    def test_the_index_follows_the_record(self, desk: Desk) -> None:
        key = record_of("t").key
        desk.put(record_of("t", users=("ann", "bo")))
        desk.put(record_of("t", 2, users=("bo", "cy")))
        assert [desk.found(name) for name in ("ann", "bo", "cy")] == [[], [key], [key]]
        desk.put(record_of("t", 3))
        assert [desk.found(name) for name in ("ann", "bo", "cy")] == [[], [], []]
        desk.put(record_of("t", 4, users=("ann", "ann")))
        assert desk.found("ann") == [key]

    def test_the_index_forgets_what_is_removed(self, desk: Desk) -> None:
        for name in "abcd":
            desk.put(record_of(name, users=("ann",), expires=3 if name == "c" else 0))
        desk.drop(record_of("a").key)
        desk.batch(Drop(record_of("b").key, 1))
        desk.sweep(3)
        assert desk.found("ann") == [record_of("d").key]
        desk.drop(record_of("d").key)
        assert desk.found("ann") == []

    @pytest.mark.parametrize("partition", [None, 0x2A])
    @pytest.mark.parametrize("limit", [1, 3, 10, 11, 100])
    def test_pages_give_every_record_once(
        self, desk: Desk, limit: int, partition: int | None
    ) -> None:
        desk.batch(
            *(Put(record_of(f"{n:02}", users=("ann",))) for n in (9, 3, 5, 0, 1, 2, 8, 7, 4, 6))
        )
        expected = [record_of(f"{n:02}").key for n in range(10)]
        assert paged(desk, "ann", limit=limit, partition=partition) == expected

    def test_a_full_last_page_has_no_cursor(self, desk: Desk) -> None:
        desk.batch(*(Put(record_of(name, users=("ann",))) for name in "abc"))
        assert desk.find("ann", limit=3).after is None
        assert desk.find("ann", limit=2).after is not None

    def test_pages_stay_stable_while_records_come_and_go(self, desk: Desk) -> None:
        desk.batch(*(Put(record_of(f"{n:02}", users=("ann",))) for n in range(0, 20, 2)))
        first = desk.find("ann", limit=4)
        desk.drop(record_of("00").key)  # seen and gone
        desk.drop(record_of("06").key)  # the very record the cursor stands on
        desk.drop(record_of("12").key)  # gone before it is seen
        desk.put(record_of("01", users=("ann",)))  # behind the cursor
        desk.put(record_of("09", users=("ann",)))  # ahead of it
        rest = desk.find("ann", after=first.after)
        assert names(first.records) == ["00", "02", "04", "06"]
        assert names(rest.records) == ["08", "09", "10", "14", "16", "18"]

    def test_a_cursor_it_did_not_make_is_malformed(self, desk: Desk) -> None:
        desk.batch(*(Put(record_of(name, users=("ann", "bo"))) for name in "abc"))
        cursor = desk.find("ann", limit=1).after
        assert cursor is not None
        garbage = [
            "",
            "x",
            "AAAA",
            "é",
            "\0",
            "default/02a/token/a",
            cursor[:-4],
            cursor + "AAAA",
            "A" * 9999,
        ]
        garbage += [other + cursor[1:] for other in "ABx_" if other != cursor[0]]
        for text in garbage:
            with pytest.raises(Malformed):
                desk.find("ann", after=text)
            with pytest.raises(Malformed):
                desk.find("ann", after=text, partition=0x2A)

    def test_a_cursor_serves_only_the_question_it_came_from(self, desk: Desk) -> None:
        desk.batch(*(Put(record_of(name, users=("ann", "bo"))) for name in "abc"))
        cursor = desk.find("ann", limit=1).after
        with pytest.raises(Malformed):
            desk.find("bo", after=cursor)
        with pytest.raises(Malformed):
            desk.find("ann", kind="grant", after=cursor)
        with pytest.raises(Malformed):
            desk.find("ann", partition=0x2A, after=cursor)
        assert len(desk.find("ann", after=cursor, limit=2).records) == 2

    def test_a_limit_below_1_is_refused(self, desk: Desk) -> None:
        for limit in (0, -1):
            with pytest.raises(ValueError, match="limit"):
                desk.find("ann", limit=limit)

    def test_a_record_is_swept_from_its_very_expiry_and_no_sooner(self, desk: Desk) -> None:
        desk.put(record_of("t", expires=60_000))
        assert desk.sweep(59_999) == 0
        assert desk.get(record_of("t").key) is not None
        assert desk.sweep(60_000) == 1
        assert desk.get(record_of("t").key) is None
        assert desk.sweep(60_000) == 0

    def test_a_record_without_expiry_is_never_swept(self, desk: Desk) -> None:
        desk.put(record_of("t"))
        assert desk.sweep(2**53) == 0
        assert desk.get(record_of("t").key) is not None

    def test_a_record_past_its_expiry_is_there_until_it_is_swept(self, desk: Desk) -> None:
        desk.put(record_of("t", expires=1, users=("ann",)))
        assert desk.get(record_of("t").key) is not None
        assert desk.found("ann") == [record_of("t").key]

    def test_a_sweep_removes_no_more_than_its_limit(self, desk: Desk) -> None:
        for part in range(4):
            desk.batch(
                *(
                    Put(record_of(f"{n}", expires=1 + n * 999))
                    for n in range(part * 60, part * 60 + 60)
                )
            )
        assert [desk.sweep(2**53, limit) for limit in (0, 1, 7, 150, 150, 150)] == [
            0,
            1,
            7,
            150,
            82,
            0,
        ]

    def test_a_sweep_judges_by_the_latest_version(self, desk: Desk) -> None:
        for name in ("later", "sooner", "kept", "back"):
            desk.put(record_of(name, expires=100_000))
        desk.put(record_of("later", 2, expires=300_000))
        desk.put(record_of("sooner", 2, expires=50_000))
        desk.put(record_of("kept", 2))
        desk.put(record_of("back", 2, expires=300_000))
        desk.put(record_of("back", 3, expires=100_001))
        assert desk.sweep(99_999) == 1
        assert desk.sweep(100_000) == 0
        assert desk.sweep(100_001) == 1
        assert desk.get(record_of("later").key) is not None
        assert desk.sweep(300_000) == 1
        assert desk.get(record_of("kept").key) is not None

    def test_a_swept_key_may_be_written_anew(self, desk: Desk) -> None:
        desk.put(record_of("t", expires=5))
        desk.sweep(5)
        desk.put(record_of("t", expires=8))
        assert (desk.sweep(7), desk.sweep(8)) == (0, 1)


def names(records: tuple[Record, ...]) -> list[str]:
    return [record.key.rpartition("/")[2] for record in records]


def paged(desk: Desk, value: str, *, limit: int, partition: int | None) -> list[str]:
    """The keys found by going from page to page until there is none."""
    keys: list[str] = []
    after = None
    while True:
        page = desk.find(value, limit=limit, after=after, partition=partition)
        assert len(page.records) <= limit
        keys += [record.key for record in page.records]
        if page.after is None:
            return keys
        after = page.after
