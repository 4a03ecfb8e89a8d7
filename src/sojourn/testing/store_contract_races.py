# ruff: noqa: S101 - a case asserts
"""The contract of stores, part three: many writers at once, threads on the blocking face and tasks
on the other, of whom one wins. The faults that matter only show here. `store_contract` stands above
it.
"""

from __future__ import annotations

from sojourn.errors import Conflict
from sojourn.store.contract import Check, Drop, Put
from sojourn.testing.store_contract_desk import (
    PARTITION,
    RACERS,
    Desk,
    Racer,
    failures,
    only_winner,
    present,
    record_of,
    results,
)


class RaceCases:
    """Many callers at once."""

    def test_one_of_many_first_writers_wins(self, desk: Desk) -> None:
        async def story(racer: Racer) -> str:
            mine = record_of("t", by=f"racer-{racer.number}", users=(f"user-{racer.number}",))
            await racer.meet()
            await racer.store.put(mine)
            return mine.op_id

        winner = only_winner(desk.race(story))
        kept = desk.get(record_of("t").key)
        assert kept is not None
        assert kept.op_id == winner
        found = [number for number in range(RACERS) if desk.found(f"user-{number}")]
        assert [f"user-{number}" for number in found] == [user for _, user in kept.index]

    def test_each_of_many_keys_has_one_winner(self, desk: Desk) -> None:
        names = [f"t{number:02}" for number in range(60)]

        async def story(racer: Racer) -> list[str]:
            won = []
            await racer.meet()
            for name in names:
                try:
                    await racer.store.put(record_of(name, by=f"racer-{racer.number}"))
                    won.append(name)
                except Conflict:
                    continue
            return won

        outcomes = results(desk.race(story, 16))
        assert sorted(name for won in outcomes for name in won) == names
        for number, won in enumerate(outcomes):
            for name in won:
                assert desk.get(record_of(name).key) == record_of(name, by=f"racer-{number}")

    def test_one_of_many_successors_wins(self, desk: Desk) -> None:
        desk.put(record_of("t"))

        async def story(racer: Racer) -> str:
            mine = record_of("t", 2, by=f"racer-{racer.number}")
            await racer.meet()
            await racer.store.put(mine)
            return mine.op_id

        winner = only_winner(desk.race(story))
        kept = desk.get(record_of("t").key)
        assert kept is not None
        assert (kept.version, kept.op_id) == (2, winner)

    def test_no_update_is_lost(self, desk: Desk) -> None:
        desk.put(record_of("t", body=b"0"))

        async def story(racer: Racer) -> None:
            before, mine = await present(racer, "t"), 0
            await racer.meet()
            while mine < 10:
                body = b"%d" % (int(before.body) + 1)
                try:
                    await racer.store.put(record_of("t", before.version + 1, body=body))
                    mine += 1
                except Conflict:
                    pass
                before = await present(racer, "t")

        outcomes = desk.race(story, 16)
        kept = desk.get(record_of("t").key)
        assert kept is not None
        assert failures(outcomes) == []
        assert (kept.body, kept.version) == (b"160", 161)

    def test_what_may_be_used_once_is_used_once(self, desk: Desk) -> None:
        code, grant = record_of("code"), record_of("g", kind="grant")
        desk.batch(Put(code), Put(grant))

        async def story(racer: Racer) -> str:
            seen = await racer.store.get(code.key)
            assert seen is not None
            await racer.meet()
            token = record_of(f"token-{racer.number}", users=("ann",))
            used = record_of("code", seen.version + 1, by=f"racer-{racer.number}")
            await racer.store.batch(PARTITION, (Check(grant.key, 1), Put(used), Put(token)))
            return token.key

        winner = only_winner(desk.race(story))
        assert desk.found("ann") == [winner]

    def test_one_of_many_removers_wins(self, desk: Desk) -> None:
        desk.put(record_of("t"))

        async def story(racer: Racer) -> int:
            await racer.meet()
            await racer.store.batch(PARTITION, (Drop(record_of("t").key, 1),))
            return racer.number

        only_winner(desk.race(story))
        assert desk.get(record_of("t").key) is None

    def test_one_of_many_claimants_gets_the_name(self, desk: Desk) -> None:
        claim = record_of("name", kind="claim", partition=7)

        async def story(racer: Racer) -> str:
            by = f"racer-{racer.number}"
            await racer.meet()
            await racer.store.put(record_of("name", kind="claim", partition=7, by=by))
            await racer.store.put(record_of(by, kind="user", partition=racer.number))
            await racer.store.put(record_of("name", 2, kind="claim", partition=7, by=by))
            return by

        winner = only_winner(desk.race(story))
        kept = desk.get(claim.key)
        owners = [
            record_of(f"racer-{number}", kind="user", partition=number) for number in range(RACERS)
        ]
        assert kept == record_of("name", 2, kind="claim", partition=7, by=winner)
        assert [owner.op_id for owner in owners if desk.get(owner.key)] == [
            record_of(winner, kind="user").op_id
        ]

    def test_an_ending_and_a_mint_never_both_rest_on_a_live_grant(self, desk: Desk) -> None:
        grant = record_of("g", kind="grant", by="live")
        desk.put(grant)
        ended = record_of("g", 2, kind="grant", by="ended")

        async def story(racer: Racer) -> str:
            await racer.meet()
            if racer.number == RACERS // 2:
                await racer.store.put(ended)
                late = record_of("late", users=("ann",))
                try:
                    await racer.store.batch(PARTITION, (Check(grant.key, 1), Put(late)))
                except Conflict:
                    return ""
                return late.key
            token = record_of(f"token-{racer.number}", users=("ann",))
            await racer.store.batch(PARTITION, (Check(grant.key, 1), Put(token)))
            return token.key

        outcomes = desk.race(story)
        minted = sorted(outcome for outcome in outcomes if isinstance(outcome, str) and outcome)
        assert outcomes[RACERS // 2] == ""
        assert desk.get(grant.key) == ended
        assert desk.found("ann") == minted
        assert all(isinstance(outcome, (str, Conflict)) for outcome in outcomes)

    def test_batches_over_the_same_records_never_mix(self, desk: Desk) -> None:
        async def story(racer: Racer) -> str:
            by = f"racer-{racer.number}"
            names = ("a", "b", "c") if racer.number % 2 else ("c", "b", "a")
            await racer.meet()
            await racer.store.batch(PARTITION, tuple(Put(record_of(name, by=by)) for name in names))
            return by

        winner = only_winner(desk.race(story))
        for name in ("a", "b", "c"):
            assert desk.get(record_of(name).key) == record_of(name, by=winner)

    def test_half_failed_batches_among_good_ones_leave_nothing(self, desk: Desk) -> None:
        desk.put(record_of("there"))

        async def story(racer: Racer) -> str:
            await racer.meet()
            mine = record_of(f"t{racer.number:02}", users=("ann",))
            steps = [Put(mine), Put(record_of(f"u{racer.number:02}", users=("ann",)))]
            if racer.number % 2:
                steps.append(Put(record_of("there")))
            await racer.store.batch(PARTITION, tuple(steps))
            return mine.key

        outcomes = desk.race(story)
        good = [f"{name}{number:02}" for name in "tu" for number in range(0, RACERS, 2)]
        assert desk.found("ann") == [record_of(name).key for name in good]
        assert [type(outcome) for outcome in outcomes] == [str, Conflict] * (RACERS // 2)

    def test_batches_in_different_partitions_do_not_hinder_each_other(self, desk: Desk) -> None:
        async def story(racer: Racer) -> None:
            await racer.meet()
            mine = record_of("t", partition=racer.number, users=("ann",))
            await racer.store.batch(racer.number, (Put(mine), Check(mine.key, 1)))

        assert failures(desk.race(story)) == []
        assert len(desk.found("ann")) == RACERS
