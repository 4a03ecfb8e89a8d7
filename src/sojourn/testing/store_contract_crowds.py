# ruff: noqa: S101 - a case asserts
"""The contract of stores, part four: readers, sweepers and closers among writers. `store_contract`
stands above it.
"""

from __future__ import annotations

from collections.abc import Callable

from sojourn.errors import Conflict, OutcomeUnknown, StoreUnavailable
from sojourn.store.contract import Put
from sojourn.testing.store_contract_desk import (
    PARTITION,
    RACERS,
    Desk,
    Racer,
    failures,
    present,
    record_of,
    results,
)


class CrowdCases:
    """Many callers at once."""

    def test_a_path_never_shows_half_a_batch(self, desk: Desk) -> None:
        parent = record_of("g", kind="grant", body=b"0")
        leaf = record_of("t", body=b"0", path=(parent.key,))
        desk.batch(Put(parent), Put(leaf))

        async def story(racer: Racer) -> list[tuple[bytes, ...]]:
            await racer.meet()
            seen = []
            for turn in range(2, 22):
                if racer.number == 0:
                    body = b"%d" % turn
                    new = record_of("t", turn, body=body, path=(parent.key,))
                    both = (Put(record_of("g", turn, kind="grant", body=body)), Put(new))
                    await racer.store.batch(PARTITION, both)
                seen.append(
                    tuple(record.body for record in await racer.store.path(leaf.key) if record)
                )
            return seen

        outcomes = results(desk.race(story, 8))
        assert all(one == other for seen in outcomes for one, other in seen)
        assert outcomes[0][-1] == (b"21", b"21")

    def test_a_reader_never_goes_back_in_time(self, desk: Desk) -> None:
        desk.put(record_of("t"))

        async def story(racer: Racer) -> list[int]:
            await racer.meet()
            seen = []
            for turn in range(2, 22):
                if racer.number == 0:
                    await racer.store.put(record_of("t", turn))
                seen.append((await present(racer, "t")).version)
            return seen

        outcomes = results(desk.race(story, 8))
        assert all(seen == sorted(seen) for seen in outcomes)
        assert outcomes[0] == list(range(2, 22))

    def test_everyone_sees_their_own_write_at_once(self, desk: Desk) -> None:
        async def story(racer: Racer) -> bool:
            mine = record_of(f"t{racer.number}", users=(f"user-{racer.number}",))
            await racer.meet()
            await racer.store.put(mine)
            page = await racer.store.find(
                "token", "user", f"user-{racer.number}", partition=PARTITION
            )
            return await racer.store.get(mine.key) == mine and page.records == (mine,)

        assert results(desk.race(story)) == [True] * RACERS

    def test_the_op_id_tells_each_racer_whether_it_won(self, desk: Desk) -> None:
        async def story(racer: Racer) -> tuple[bool, bool]:
            mine = record_of("t", by=f"racer-{racer.number}")
            await racer.meet()
            try:
                await racer.store.put(mine)
                told = True
            except Conflict:
                told = False
            return told, (await present(racer, "t")).op_id == mine.op_id

        outcomes = results(desk.race(story))
        assert sorted(outcomes) == [(False, False)] * (RACERS - 1) + [(True, True)]

    def test_the_index_agrees_with_the_record_after_a_race(self, desk: Desk) -> None:
        desk.put(record_of("t", users=("user-start",)))

        async def story(racer: Racer) -> None:
            await racer.meet()
            for _ in range(RACERS + 1):
                before = await present(racer, "t")
                try:
                    await racer.store.put(
                        record_of("t", before.version + 1, users=(f"user-{racer.number}",))
                    )
                except Conflict:
                    continue
                return
            raise Conflict

        assert failures(desk.race(story, 16)) == []
        kept = desk.get(record_of("t").key)
        assert kept is not None
        assert kept.version == 17
        values = ["user-start", *(f"user-{number}" for number in range(16))]
        assert [(("user", value),) for value in values if desk.found(value)] == [kept.index]

    def test_what_is_found_carries_the_value_it_was_found_by(self, desk: Desk) -> None:
        desk.put(record_of("t", users=("ann",)))

        async def story(racer: Racer) -> bool:
            await racer.meet()
            fair = True
            for turn in range(2, 22):
                user = "ann" if turn % 2 else "bo"
                if racer.number == 0:
                    await racer.store.put(record_of("t", turn, users=(user,)))
                page = await racer.store.find("token", "user", user)
                fair = fair and all(("user", user) in record.index for record in page.records)
            return fair

        assert all(results(desk.race(story, 8)))

    def test_readers_of_a_closing_store_are_answered_or_refused(self, desk: Desk) -> None:
        kept = record_of("t", users=("ann",))
        desk.put(kept)

        async def story(racer: Racer) -> bool:
            await racer.meet()
            for turn in range(20):
                if racer.number == 0 and turn == 3:
                    await racer.store.close()
                    return True
                try:
                    seen = await racer.store.get(kept.key)
                    path = await racer.store.path(kept.key)
                    page = await racer.store.find("token", "user", "ann")
                except StoreUnavailable:
                    return True
                if (seen, path, page.records) != (kept, (kept,), (kept,)):
                    return False
            return True

        assert all(results(desk.race(story, 16)))

    def test_writers_and_removers_leave_no_stray_index(self, desk: Desk) -> None:
        async def story(racer: Racer) -> None:
            await racer.meet()
            for _ in range(4):
                try:
                    await racer.store.put(record_of("t", users=("ann",)))
                except Conflict:
                    await racer.store.drop(record_of("t").key)

        assert failures(desk.race(story, 16)) == []
        kept = desk.get(record_of("t").key)
        assert desk.found("ann") == ([] if kept is None else [kept.key])
        assert len(desk.find("ann").records) == len(desk.found("ann"))

    def test_pages_give_every_standing_record_once_in_a_crowd(self, desk: Desk) -> None:
        standing = [f"s{number:02}" for number in range(20)]
        desk.batch(*(Put(record_of(name, users=("ann",))) for name in standing))

        async def story(racer: Racer) -> list[str]:
            await racer.meet()
            if racer.number % 4:
                for name in standing:
                    passing = record_of(f"{name}-{racer.number}", users=("ann",))
                    await racer.store.put(passing)
                    await racer.store.drop(passing.key)
                return []
            return [key.rpartition("/")[2] for key in await paged(racer, "ann") if "-" not in key]

        seen = [names for names in results(desk.race(story, 8)) if names]
        assert seen == [standing, standing]

    def test_sweepers_remove_each_record_once(self, desk: Desk) -> None:
        desk.batch(*(Put(record_of(f"t{number}", expires=5)) for number in range(200)))

        async def story(racer: Racer) -> int:
            await racer.meet()
            return await racer.store.sweep(5, 30)

        assert sum(results(desk.race(story, 16))) == 200
        assert desk.sweep(5) == 0

    def test_a_sweep_and_an_extension_do_not_both_succeed(self, desk: Desk) -> None:
        names = [f"t{number}" for number in range(32)]
        desk.batch(*(Put(record_of(name, expires=5)) for name in names))

        async def story(racer: Racer) -> bool:
            await racer.meet()
            if racer.number >= 32:
                await racer.store.sweep(5, 2)
                return False
            await racer.store.put(record_of(f"t{racer.number}", 2, expires=10))
            return True

        outcomes = desk.race(story)
        desk.sweep(5)
        for number, name in enumerate(names):
            kept = desk.get(record_of(name).key)
            assert (kept is not None) == (outcomes[number] is True)
            assert outcomes[number] is True or isinstance(outcomes[number], Conflict)

    def test_closing_in_a_crowd_loses_nothing_acknowledged(
        self, desk: Desk, reopen: Callable[[], Desk]
    ) -> None:
        async def story(racer: Racer) -> int:
            await racer.meet()
            for count in range(20):
                if racer.number == 0 and count == 3:
                    await racer.store.close()
                    return count
                try:
                    await racer.store.put(record_of(f"t{racer.number}-{count}"))
                except (StoreUnavailable, OutcomeUnknown):
                    return count
            return 20

        acknowledged = results(desk.race(story, 16))
        again = reopen()
        for number, count in enumerate(acknowledged):
            for write in range(count):
                assert again.get(record_of(f"t{number}-{write}").key) is not None


async def paged(racer: Racer, value: str) -> list[str]:
    keys: list[str] = []
    after = None
    while True:
        page = await racer.store.find("token", "user", value, after=after, limit=3)
        keys += [record.key for record in page.records]
        after = page.after
        if after is None:
            return keys
        await racer.store.put(record_of(f"turn-{racer.number}-{len(keys)}"))
