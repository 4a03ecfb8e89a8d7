"""What a person may end of their own: a sign-in, an application, one authorization, everything else."""

from __future__ import annotations

from sojourn.model import ids
from sojourn.server.services.sessions.manager import AsyncSessionManager

ACTIONS = ("end_sign_in", "end_client", "end_grant", "end_others")


async def end_by_owner(
    sessions: AsyncSessionManager, user_id: str, action: str, name: str, *, keep: str = ""
) -> bool:
    """Do one of ACTIONS for a user on the node called `name`; `keep` is the sign-in that `end_others` spares.

    False when there is nothing of the user's by that name, or it was not live.
    """
    if action == "end_others":
        await sessions.signins.end_all(user_id, "others_ended", but=keep, by=user_id)
        return True
    if action == "end_sign_in":
        return await sessions.signins.end(user_id, name, "revoked", by=user_id)
    if action == "end_client":
        return await sessions.grants_.end_session(user_id, name, "revoked", by=user_id)
    if action == "end_grant":
        part = ids.partition("user", user_id)
        key = sessions.context.keys.grant(part, ids.escaped(name))
        grant = await sessions.find_grant(key)
        if grant is None or grant.user_id != user_id:
            return False
        return await sessions.grants_.end_grant(key, "revoked", by=user_id, subject=user_id)
    return False
