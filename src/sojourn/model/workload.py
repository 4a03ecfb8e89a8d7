"""A workload: a program that its platform (Kubernetes, a CI, a cloud) gives signed tokens to, by which it proves to be
a client of ours (RFC 7523 §2.2). A client's record names those that it trusts.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

MOST = 20
"""Workloads that one client may trust."""


class Workload(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """Whom a client trusts to be it: one subject of one issuer, both as its tokens say them, to the letter.

    audience  what the token must be for, and for nothing else; empty: this server's issuer
    jwks      the issuer's keys; without them they are read where its metadata says
    reusable  the platform hands one token out several times until it ends (Kubernetes, GitLab); else each is good once,
              and needs a `jti`
    """

    issuer: str
    subject: str
    audience: str = ""
    jwks: Mapping[str, object] | UnsetType = UNSET
    reusable: bool = False

    @property
    def name(self) -> tuple[str, str, str]:
        """What tells it from others."""
        return self.issuer, self.subject, self.audience
