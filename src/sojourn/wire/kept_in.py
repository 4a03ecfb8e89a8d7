"""Where a program keeps what a sign-in gives, as two parameters of authorization requests, which a provider that reads
them announces as `store_parameters_supported`: an id that means something to this provider alone, and a name for
people. Both halves stand on it; below it is only the standard library."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Self

from msgspec import Struct

from sojourn.errors import Malformed

ID: Final = "store_id"
NAME: Final = "store_name"
LONGEST: Final = 64

_is_id = re.compile(r"[A-Za-z0-9_-]{16,64}").fullmatch


class KeptIn(Struct, frozen=True):
    """One store of one person on one machine."""

    id: str
    name: str

    @classmethod
    def parse(cls, parameters: Mapping[str, object]) -> Self | None:
        """Return what the parameters say, None where they say nothing; anything else raises Malformed."""
        found, name = parameters.get(ID), parameters.get(NAME)
        if not found and not name:
            return None
        if not isinstance(found, str) or not _is_id(found):
            raise Malformed("The store_id is not 16 to 64 letters of base64url.")
        if not isinstance(name, str) or not is_name(name):
            raise Malformed("The store_name is not 1 to 64 visible characters.")
        return cls(found, name)

    def params(self) -> dict[str, str]:
        """Return the parameters."""
        return {ID: self.id, NAME: self.name}


def is_name(text: str) -> bool:
    """Tell whether people can be shown `text` as the name of a store: no control or formatting characters."""
    return 0 < len(text.strip()) == len(text) <= LONGEST and all(
        unicodedata.category(char)[0] != "C" and char.isprintable() for char in text
    )
