"""ShotGrid (Flow Production Tracking): plugins for any session, and a `shotgun_api3` connection that renews itself.
Below them are renewal and `wire.shotgrid`.
"""

from sojourn.client.dialects.shotgrid.connecting import create_sg_connection
from sojourn.client.dialects.shotgrid.errors import PasswordsNotTaken, SessionEnded, ShotgridFault
from sojourn.client.dialects.shotgrid.plugins import AppSession, Password, Script, SessionToken

__all__ = [
    "AppSession",
    "Password",
    "PasswordsNotTaken",
    "Script",
    "SessionEnded",
    "SessionToken",
    "ShotgridFault",
    "create_sg_connection",
]
