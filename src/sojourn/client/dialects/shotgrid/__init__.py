"""ShotGrid (Flow Production Tracking): plugins for any session, a `shotgun_api3` connection that renews itself, and
the Toolkit's names for `import sojourn.client.dialects.shotgrid as sgtk`. Below them are renewal, the general user and
`wire.shotgrid`.
"""

from sojourn.client.current_user import get_authenticated_user, set_authenticated_user
from sojourn.client.dialects.shotgrid import authentication
from sojourn.client.dialects.shotgrid.connecting import create_sg_connection
from sojourn.client.dialects.shotgrid.errors import (
    PasswordsNotTaken,
    SessionEnded,
    ShotgridFault,
)
from sojourn.client.dialects.shotgrid.plugins import AppSession, Password, Script, SessionToken

__all__ = [
    "AppSession",
    "Password",
    "PasswordsNotTaken",
    "Script",
    "SessionEnded",
    "SessionToken",
    "ShotgridFault",
    "authentication",
    "create_sg_connection",
    "get_authenticated_user",
    "set_authenticated_user",
]
