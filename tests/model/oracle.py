"""What should be live, worked out the naive way: nodes with parent pointers, endings chased down to every node."""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND = 1000
MINUTE = 60 * SECOND
JWT_LIFE = 300 * SECOND
RETRY = 60 * SECOND


@dataclass(eq=False)
class Client:
    id: str
    disabled: bool = False


@dataclass(eq=False)
class User:
    id: str
    disabled: bool = False


@dataclass(eq=False)
class SignIn:
    id: str
    text: str
    user: User
    end: int
    ended: bool = False

    def live(self, now: int) -> bool:
        return not self.ended and now < self.end and not self.user.disabled


@dataclass(eq=False)
class Session:
    """One life of a client session; begun anew, it is another object."""

    user: User
    client: Client
    ended: bool = False


@dataclass(eq=False)
class Grant:
    id: str
    session: Session
    signin: SignIn | None
    offline: bool
    end: int
    ended: bool = False

    def live(self, now: int) -> bool:
        return (
            not self.ended
            and not (self.end and now >= self.end)
            and not self.session.ended
            and not self.session.user.disabled
            and not self.session.client.disabled
            and (self.signin is None or self.offline or self.signin.live(now))
        )


@dataclass(eq=False)
class Token:
    type: str
    texts: list[str]
    grant: Grant
    parent: Token | None
    expires_at: int
    jwt: bool = False
    mints: tuple[str, ...] = ()
    used: bool = False
    ended: bool = False
    ended_with_children: bool = False
    rotated: int = 0
    retry: str = ""
    verifier: str = ""
    sent: bool = False

    def lineage_live(self, now: int) -> bool:
        above, ended = self.parent, False
        while above is not None:
            ended = ended or above.ended_with_children
            above = above.parent
        return not ended and self.grant.live(now)

    def live(self, now: int) -> bool:
        return (
            not self.ended
            and not (self.expires_at and now >= self.expires_at)
            and not self.used
            and self.lineage_live(now)
        )

    def text_live(self, text: str, now: int) -> bool:
        """Whether one spelling of it is good: of a refresh family the newest, and for a while the one before."""
        if not self.live(now):
            return False
        age = len(self.texts) - 1 - self.texts.index(text)
        return age == 0 or (age == 1 and not self.retry and now < self.rotated + RETRY)

    def end(self, *, with_children: bool) -> None:
        self.ended = True
        self.ended_with_children = self.ended_with_children or with_children


def earliest(*ends: int) -> int:
    """The first of some ends; 0 is never."""
    return min((end for end in ends if end), default=0)


@dataclass
class Oracle:
    """Every node that ever was."""

    users: list[User] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    signins: list[SignIn] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)

    def session(self, user: User, client: Client) -> Session:
        """The running life of a client session, begun (anew) if there is none."""
        for session in self.sessions:
            if session.user is user and session.client is client and not session.ended:
                return session
        self.sessions.append(Session(user, client))
        return self.sessions[-1]

    def end_all(self, user: User, but: SignIn | None) -> None:
        for signin in self.signins:
            if signin.user is user and signin is not but:
                signin.ended = True
        for grant in self.grants:
            if grant.session.user is user and (but is None or grant.signin is not but):
                grant.ended = True

    def life(self, grant: Grant, parent: Token | None, rule: int, now: int) -> int:
        """When a token minted now ends: never after anything it stands on, codes excepted."""
        ends = [now + rule if rule else 0, grant.end]
        if grant.signin is not None and not grant.offline:
            ends.append(grant.signin.end)
        above = parent
        while above is not None:
            if above.type != "authorization_code":
                ends.append(above.expires_at)
            above = above.parent
        return earliest(*ends)
