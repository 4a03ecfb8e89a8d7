"""Versions of an API: read, wanted, and the names that services go by."""

from __future__ import annotations

from math import inf

import pytest

from sojourn.client.catalog.aliases import implied_version, names, official
from sojourn.client.catalog.versions import version_of, wanted
from sojourn.wire.api_version import written


@pytest.mark.parametrize(
    ("given", "number", "text"),
    [
        ("v3", (3, 0), "3.0"),
        ("V3.14", (3, 14), "3.14"),
        (3, (3, 0), "3.0"),
        (2.1, (2, 1), "2.1"),
        ((2, 53), (2, 53), "2.53"),
        (("2", "latest"), (2, inf), "2.latest"),
        ("latest", (inf,), "latest"),
        ((inf,), (inf,), "latest"),
    ],
)
def test_a_version_is_read_however_it_is_written(given, number, text):
    assert version_of(given) == number
    assert written(version_of(given)) == text


@pytest.mark.parametrize("given", ["", "v", "3.", "3.1.4", "three", "-1", "v3;", (), (1, 2, 3)])
def test_what_is_no_version_is_refused(given):
    with pytest.raises(ValueError, match="not a version"):
        version_of(given)


@pytest.mark.parametrize(
    ("asked", "yes", "no"),
    [
        ({"version": 3}, [(3, 0), (3, 14)], [(2, 0), (4, 0)]),
        ({"version": "3.5"}, [(3, 5), (3, 14)], [(3, 4)]),
        ({"version": "latest"}, [(1, 0), (9, 9)], []),
        ({"min_version": "2.1"}, [(2, 1), (7, 0)], [(2, 0)]),
        ({"max_version": "3"}, [(2, 0), (3, 14)], [(4, 0)]),
        ({"max_version": "3.4"}, [(3, 4)], [(3, 5)]),
        ({"min_version": 2, "max_version": "latest"}, [(2, 0), (9, 0)], [(1, 9)]),
    ],
)
def test_a_range_accepts_what_lies_within(asked, yes, no):
    found = wanted(**asked)
    assert found is not None
    assert [version for version in [*yes, *no] if found.accepts(version)] == yes


def test_ranges_that_contradict_themselves_are_refused():
    assert wanted() is None
    with pytest.raises(ValueError, match="beside"):
        wanted("3", min_version="2")
    with pytest.raises(ValueError, match="above"):
        wanted(min_version="3", max_version="2")


def test_a_service_is_known_by_its_official_name_and_its_older_ones():
    assert official("volumev2") == official("Block-Storage") == "block-storage"
    assert official("share") == "shared-file-system"
    assert official("own-thing") == "own-thing"
    assert names("volumev2")[:2] == ("volumev2", "block-storage")
    assert set(names("block-storage")) == set(names("volume"))
    assert names("identity") == ("identity",)
    assert [implied_version(name) for name in ("volumev2", "volume", "x")] == [2, None, None]
