"""The parameters that tell where a program keeps its tokens."""

from __future__ import annotations

import pytest

from sojourn.errors import Malformed
from sojourn.wire.kept_in import KeptIn, is_name

ID = "abcdefghijklmnop"


@pytest.mark.parametrize("name", ["ada-laptop", "Büro 7", "x", "y" * 64, "日本"])
def test_an_id_and_a_name_come_back_as_they_were(name):
    told = KeptIn(ID, name)
    assert KeptIn.parse({**told.params(), "scope": "openid"}) == told


def test_nothing_is_none():
    assert KeptIn.parse({}) is None
    assert KeptIn.parse({"store_id": "", "store_name": ""}) is None


@pytest.mark.parametrize(
    ("store_id", "name"),
    [
        ("short", "ada"),
        ("x" * 65, "ada"),
        ("abcdefghijklmno/", "ada"),
        ("", "ada"),
        (ID, ""),
        (ID, "y" * 65),
        (ID, " ada"),
        (ID, "ada\n"),
        (ID, "a\x00b"),
        (ID, "a\u202eb"),
        (ID, "a\u200bb"),
        (ID, "\ud800"),
        (ID, "a\u2028b"),
        (7, "ada"),
        (ID, ["ada"]),
    ],
)
def test_what_could_mislead_a_person_or_a_program_is_refused(store_id, name):
    with pytest.raises(Malformed):
        KeptIn.parse({"store_id": store_id, "store_name": name})


def test_a_name_is_visible():
    assert is_name("ada's machine")
    assert not is_name("\t")
