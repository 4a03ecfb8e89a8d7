"""CubicWeb: sign-in with a cookie or by HTTP Basic, and signed requests, for any session and for accounts.
Below them are renewal, the cookie jar and `wire.cubicweb`."""

from sojourn.client.dialects.cubicweb.basic import BasicAuth
from sojourn.client.dialects.cubicweb.cookie import CookieAuth
from sojourn.client.dialects.cubicweb.signed import SignedRequestAuth

__all__ = ["BasicAuth", "CookieAuth", "SignedRequestAuth"]
