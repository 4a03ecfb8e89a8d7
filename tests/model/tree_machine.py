"""The whole tree driven at random beside the naive oracle; after every step both must say the same of every token."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from sojourn.errors import InvalidToken, NoSuchGrant, NotLive, SessionError
from sojourn.model.admission import ACCEPT, INTROSPECT
from sojourn.model.client import Client
from sojourn.model.user import User
from tests.model import oracle
from tests.model.growing import choose, pick
from tests.model.redeeming import Redeeming


class TreeMachine(Redeeming):
    """What people, programs and administrators do."""

    # ending

    @precondition(lambda self: self.oracle.tokens)
    @rule(which=pick, recursive=st.booleans(), by_session=st.booleans(), old=st.booleans())
    def revoke_a_token(self, which: int, recursive: bool, by_session: bool, old: bool) -> None:
        token = choose(self.oracle.tokens, which, self.now)
        text = token.texts[0 if old else -1]
        try:
            if by_session:
                user = token.grant.session.user.id
                where = self.manager.grants_.session_id(user, token.grant.id)
                self.run(self.manager.revoke_token(where, text, recursive))
            else:
                self.run(self.manager.revoke(text, recursive=recursive))
        except SessionError:
            assert not token.live(self.now)
            if not token.ended_with_children:
                assert not any(
                    self._stands_on(t, token) for t in self.oracle.tokens if t.live(self.now)
                )
            return
        token.end(with_children=recursive)

    @staticmethod
    def _stands_on(token: oracle.Token, root: oracle.Token) -> bool:
        above = token.parent
        while above is not None:
            if above is root:
                return True
            above = above.parent
        return False

    @rule(
        which=pick,
        ending=st.sampled_from(
            [
                "grant",
                "client session",
                "sign-in",
                "all",
                "others",
                "user",
                "client",
                "stale others",
            ]
        ),
    )
    def end_a_node(self, which: int, ending: str) -> None:
        if ending == "grant":
            self._revoke_a_grant(choose(self.oracle.grants, which, self.now))
        elif ending == "client session":
            self._end_a_client_session(choose(self.oracle.grants, which, self.now).session)
        elif ending == "sign-in":
            self._sign_out(choose(self.oracle.signins, which, self.now))
        elif ending == "all":
            self._end_all(self.oracle.users[which % 2])
        elif ending == "others":
            self._end_all_others(choose(self.oracle.signins, which, self.now))
        elif ending == "stale others":
            self._end_all_others(self.oracle.signins[which % len(self.oracle.signins)])
        elif ending == "user":
            self._set_user(self.oracle.users[which % 2], off=True)
        else:
            self._set_client(self.oracle.clients[which % 2], off=True)

    @rule()
    def enable_everybody(self) -> None:
        for user in self.oracle.users:
            self._set_user(user, off=False)
        for client in self.oracle.clients:
            self._set_client(client, off=False)

    def _revoke_a_grant(self, grant: oracle.Grant) -> None:
        where = self.manager.grants_.session_id(grant.session.user.id, grant.id)
        try:
            self.run(self.manager.revoke_grant(where))
        except SessionError:
            assert not grant.live(self.now)
        grant.ended = True

    def _end_a_client_session(self, session: oracle.Session) -> None:
        ends = self.manager.grants_.end_session
        self.run(ends(session.user.id, session.client.id, "withdrawn"))
        for one in self.oracle.sessions:
            if one.user is session.user and one.client is session.client:
                one.ended = True

    def _sign_out(self, signin: oracle.SignIn) -> None:
        self.run(self.manager.signins.end(signin.user.id, signin.id, "signed_out"))
        signin.ended = True

    def _end_all(self, user: oracle.User) -> None:
        self.run(self.manager.signins.end_all(user.id, "password_changed"))
        self.oracle.end_all(user, None)

    def _end_all_others(self, signin: oracle.SignIn) -> None:
        try:
            self.run(self.manager.signins.end_all(signin.user.id, "asked", but=signin.id))
        except NotLive:
            assert not signin.live(self.now)
            return
        assert signin.live(self.now)
        self.oracle.end_all(signin.user, signin)

    def _set_user(self, user: oracle.User, *, off: bool) -> None:
        key, status = self.context.keys.user(user.id), "disabled" if off else "active"
        self.run(
            self.manager.tree.change(
                key, User, lambda value: msgspec.structs.replace(value, status=status)
            )
        )
        user.disabled = off

    def _set_client(self, client: oracle.Client, *, off: bool) -> None:
        key, status = self.context.keys.client(client.id), "disabled" if off else "active"
        self.run(
            self.manager.tree.change(
                key, Client, lambda value: msgspec.structs.replace(value, status=status)
            )
        )
        client.disabled = off

    # time

    @rule(
        ms=st.sampled_from(
            [1, 700, 700, 59_999, 60_000, 299_500, 19 * oracle.MINUTE, 360 * oracle.MINUTE]
        )
    )
    def advance(self, ms: int) -> None:
        self.clock.advance(ms)

    @rule(limit=st.sampled_from([1, 1000]))
    def sweep(self, limit: int) -> None:
        self.run(self.context.store.sweep(self.now, limit))

    # what must hold

    @invariant()
    def every_token_is_as_live_as_the_oracle_says(self) -> None:
        for token in self.oracle.tokens:
            for text in token.texts[-3:]:
                expected = token.text_live(text, self.now)
                story = self.run(self.manager.explain(text))
                assert story.live is expected, (token, story)
                assert expected or not story.steps or any(step.why for step in story.steps)
                accepted = self._accepts(text)
                assert accepted is (expected and token.type != "authorization_code"), (token, story)

    def _accepts(self, text: str) -> bool:
        answers = []
        for operation in (ACCEPT, INTROSPECT):
            try:
                answers.append(self.run(self.manager.acceptance.accept(text, operation)).type)
            except InvalidToken:
                answers.append("")
        if answers[1] == "access_token":
            assert answers[0] == "access_token"
        else:
            assert not answers[0]
        return bool(answers[1])

    @invariant()
    def every_sign_in_is_as_live_as_the_oracle_says(self) -> None:
        for signin in self.oracle.signins:
            found = self.run(self.manager.signins.find(signin.text))
            assert (found is not None) is signin.live(self.now)

    @invariant()
    def what_would_end_with_a_grant_is_what_is_live_below_it(self) -> None:
        for grant in self.oracle.grants:
            where = self.manager.grants_.session_id(grant.session.user.id, grant.id)
            below = [
                token
                for token in self.oracle.tokens
                if token.grant is grant and not token.jwt and token.live(self.now)
            ]
            try:
                steps = self.run(self.manager.what_if_revoked(where))
            except NoSuchGrant:  # swept
                steps = ()
            assert len(steps) == len(below)
