"""What others seal to a farm's public key, which everybody may have: it is taken for no other user than it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sojourn import errors
from sojourn.wire import job, jwe
from tests.features.jobs.conftest import Farm
from tests.features.jobs.test_jobs import Sit, arrived, off


def forged(text: str, farm: Farm, alter: Callable[[dict[str, Any]], object]) -> str:
    """What somebody seals who has the farm's public key alone: the header of a good text over other contents."""
    content = json.loads(jwe.open(text, job.opener(farm.private).key))
    changed = alter(content)
    to, told = job.recipient(farm.public), job.JobText.parse(text)
    plain = changed if isinstance(changed, bytes) else json.dumps(changed or content).encode()
    return told.sealed(plain, to, nonce=b"n" * 12)


def another_issuer(content: dict[str, Any]) -> None:
    content["record"]["state"]["issuer"] = "https://evil.example"


def another_host(content: dict[str, Any]) -> None:
    content["who"]["host"] = "https://evil.example"


def another_grant(content: dict[str, Any]) -> None:
    content["record"]["state"]["grant"] = "client_credentials"


def another_dialect(content: dict[str, Any]) -> None:
    content["who"]["kind"] = content["record"]["kind"] = "keystone"


def a_dialect_that_is_none(content: dict[str, Any]) -> None:
    content["who"]["kind"] = content["record"]["kind"] = "../os"


def no_record(content: dict[str, Any]) -> None:
    del content["record"]


def a_key_that_is_none(content: dict[str, Any]) -> None:
    content["record"]["secrets"] = []


FORGED: list[Callable[[dict[str, Any]], object]] = [
    another_issuer,
    another_host,
    another_grant,
    another_dialect,
    a_dialect_that_is_none,
    no_record,
    a_key_that_is_none,
    lambda _: {"who": 1, "record": 2},
    lambda _: b"[" * 100_000,
    lambda _: b"\x80\x04pickle",
    lambda _: b'{"who": {}, "who": {}}',
]


@pytest.mark.parametrize("alter", FORGED, ids=range(len(FORGED)))
def test_what_others_seal_to_the_farm_is_no_other_user(
    sit: Sit, farm: Farm, alter: Callable[[dict[str, Any]], object]
):
    text = forged(off(sit(), farm), farm, alter)
    with pytest.raises(errors.BadSerializedUser):
        arrived(text, farm)
