"""What is done to signing keys is told by events, written with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sojourn.cli.offline import OfflineDesk
from sojourn.driver import drive
from sojourn.errors import InvalidRequest
from sojourn.model.event import Event
from sojourn.store import records


def told(desk: OfflineDesk) -> list[tuple[str, str, str]]:
    """Type, actor and key of every event that waits."""
    page = drive(desk._store.find("event", "pending", "1", partition=0))
    events = [records.value_of(record, Event) for record in page.records]
    return [(event.type, event.actor, event.path.rsplit("/", 1)[1]) for event in events]


def test_each_change_of_a_signing_key_is_an_event_with_its_actor(tmp_path: Path) -> None:
    desk = OfflineDesk.open(tmp_path, make=True)
    try:
        before = {key["kid"] for key in desk.get("keys", {})["items"]}
        keys = desk.act("keys", {"action": "publish", "alg": "EdDSA"})["items"]
        [kid] = {key["kid"] for key in keys} - before
        desk.act("keys", {"action": "activate", "kid": kid})
        [next_one] = {
            key["kid"] for key in desk.act("keys", {"action": "publish", "alg": "EdDSA"})["items"]
        } - {kid, *before}
        desk.act("keys", {"action": "activate", "kid": next_one})
        desk.act("keys", {"action": "retire", "kid": kid})
        with pytest.raises(InvalidRequest):
            desk.act("keys", {"action": "retire", "kid": next_one})
        assert sorted(told(desk)) == sorted(
            [
                ("signingkey.published", "offline", kid),
                ("signingkey.activated", "offline", kid),
                ("signingkey.published", "offline", next_one),
                ("signingkey.activated", "offline", next_one),
                ("signingkey.retired", "offline", kid),
            ]
        )
    finally:
        desk.close()
