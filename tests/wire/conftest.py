"""Fuzzing without deadlines: on a busy machine a slow first example is no fault of a parser."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("wire", deadline=None)
settings.load_profile("wire")
