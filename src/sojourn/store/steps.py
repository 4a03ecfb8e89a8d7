"""What every backend asks of its arguments before it touches anything. Backends stand above it,
`contract` below.
"""

from __future__ import annotations

from sojourn.store.contract import Put, Step


def partition_bounds(key: str, partition: int) -> tuple[str, str, str]:
    """Return, in the realm of `key`: what is below and above all keys of `partition`, and above the
    whole realm.
    """
    realm = key.split("/", 1)[0]
    return (
        f"{realm}/{partition:03x}/",
        f"{realm}/{partition:03x}0",
        f"{realm}0",
    )  # "0" follows "/" in ASCII


def require_key(key: str) -> None:
    """Raise ValueError unless `key` reads `realm/partition/kind/id` in ASCII."""
    if key.count("/") < 3 or not key.isascii():
        message = f"{key!r} is not a key: realm/partition/kind/id in ASCII"
        raise ValueError(message)


def require_partition(partition: int, steps: tuple[Step, ...]) -> None:
    """Raise ValueError unless every step's key lies in `partition`."""
    middle = f"/{partition:03x}/"
    for step in steps:
        key = step.record.key if isinstance(step, Put) else step.key
        require_key(key)
        if not key.startswith(middle, key.index("/")):
            message = f"{key!r} does not lie in partition {partition:03x} of its batch"
            raise ValueError(message)


def require_limit(limit: int) -> None:
    """Raise ValueError unless `limit` asks for something."""
    if limit < 1:
        message = f"a limit must be 1 or more, not {limit}"
        raise ValueError(message)


def require_same_path(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Raise ValueError when a later version would move a record under other ancestors."""
    if before != after:
        message = "the path of a record never changes"
        raise ValueError(message)
