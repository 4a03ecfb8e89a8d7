"""DynECT: its session as users of `dyn` know it, and its plugin for any session. Below them are renewal,
calls and jobs, and `wire.dynect`.
"""

from sojourn.client.dialects.dynect.errors import (
    AmbiguousAccount,
    DynectAuthError,
    DynectCreateError,
    DynectDeleteError,
    DynectError,
    DynectGetError,
    DynectQueryTimeout,
    DynectRateLimited,
    DynectUpdateError,
    NoSuchAccount,
)
from sojourn.client.dialects.dynect.plugin import DynectAuth
from sojourn.client.dialects.dynect.session import DynectSession

DynectMultiSession = DynectSession
"""Its name in the releases of `dyn` that kept many accounts in a class of their own."""

__all__ = [
    "AmbiguousAccount",
    "DynectAuth",
    "DynectAuthError",
    "DynectCreateError",
    "DynectDeleteError",
    "DynectError",
    "DynectGetError",
    "DynectMultiSession",
    "DynectQueryTimeout",
    "DynectRateLimited",
    "DynectSession",
    "DynectUpdateError",
    "NoSuchAccount",
]
