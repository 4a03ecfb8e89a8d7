"""Servers for the tests of what is published for others' tests."""

from tests.client.conftest import face, serve

__all__ = ["face", "serve"]
