"""The tree of a user's sessions: asked for, drawn, and searched for what an id means. `sessions` and `revoke`
stand above it, the desk below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol

from sojourn.cli import desk, output
from sojourn.cli.drawing import Twig

SHORT: Final = 8
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_WORDS: Final = {"others_ended": "ended with all others"}

Members = dict[str, Any]


class Target(NamedTuple):
    """What an id means: the action that ends it, its whole id, and words for it."""

    action: str
    id: str
    words: str


class Sessions(Protocol):
    """The sessions of one user, whoever asks for them."""

    def tree(self) -> Members:
        """All that the user has."""

    def end(self, action: str, name: str = "") -> Members:
        """End a node of it."""


class _Own(NamedTuple):
    """One's own, at the account API."""

    desk: Any

    def tree(self) -> Members:
        found: Members = self.desk.call("GET", "/account/sessions")
        return found

    def end(self, action: str, name: str = "") -> Members:
        done: Members = self.desk.call("POST", "/account/sessions", json=_ending(action, name))
        return done


class _Of(NamedTuple):
    """Another user's, at the desk of administration."""

    desk: desk.Desk
    user: str

    def tree(self) -> Members:
        return self.desk.get("sessions", {"user": self.user})

    def end(self, action: str, name: str = "") -> Members:
        return self.desk.act("sessions", {**_ending(action, name), "user": self.user})


def _ending(action: str, name: str) -> Members:
    return {"action": action, **({"id": name} if name else {})}


@contextmanager
def opened(user: str | None, data: str | None, account: str | None) -> Iterator[Sessions]:
    """The sessions of `user`, as an administrator; without it one's own."""
    if user is not None:
        with desk.opened(data, account) as found:
            yield _Of(found, user)
        return
    from sojourn.cli.online import session_of

    with session_of(account) as online:
        yield _Own(online)


def drawing(found: Members, *, every: bool) -> Twig:
    """The picture of a tree; with `every`, what has ended too."""
    user = found["user"]
    sign_ins = [one for one in found["sign_ins"] if every or one["live"]]
    below = [_sign_in(one, every=every) for one in sign_ins]
    apart = [one for one in found["offline"] if every or one["live"]]
    if apart:
        below.append(Twig("without a sign-in", "offline access", True, _grants(apart, every=every)))
    if found["stores"]:
        kept = tuple(Twig(one["name"], _store(one), True) for one in found["stores"])
        below.append(Twig("kept on", "your machines", True, kept))
    return Twig(user["login"] or user["id"], user["name"], True, tuple(below))


def _sign_in(one: Members, *, every: bool) -> Twig:
    notes = [
        "this one" if one["current"] else "",
        f"used {output.ago(one['last_used'] or one['authenticated'])}",
        one["address"],
        " + ".join(one["amr"]),
        f"until {output.day(one['ends'])}" if one["live"] else _why(one["why"]),
        one["id"][:SHORT],
    ]
    label = device(one["agent"])
    note = " · ".join(note for note in notes if note)
    return Twig(label, note, one["live"], _grants(one["grants"], every=every))


def _store(one: Members) -> str:
    used = f"used {output.ago(one['last_used'])}" if one["last_used"] else "not used yet"
    return f"since {output.day(one['since'])} · {used} · {one['id'][:SHORT]}"


def _grants(grants: list[Members], *, every: bool) -> tuple[Twig, ...]:
    shown = [one for one in grants if every or one["live"]]
    by_client: dict[str, list[Members]] = {}
    for one in shown:
        by_client.setdefault(one["client_id"], []).append(one)
    return tuple(_client(client_id, ones, every=every) for client_id, ones in by_client.items())


def _client(client_id: str, grants: list[Members], *, every: bool) -> Twig:
    name = grants[0]["client_name"]
    below = tuple(
        Twig(
            output.shortened(one["scope"]) or "no scope",
            " · ".join(
                note
                for note in (
                    f"since {output.day(one['created'])}",
                    "offline" if one["offline"] else "",
                    "bound to a key" if one.get("jkt") else "",
                    f"on {output.shortened(one['store'])}" if one["store"] else "",
                    _why(one["why"]),
                    one["id"][:SHORT],
                )
                if note
            ),
            one["live"],
            _delegations(one, every=every),
        )
        for one in grants
    )
    live = any(one["live"] for one in grants)
    return Twig(name or client_id, client_id if name else "", live, below)


def _delegations(grant: Members, *, every: bool) -> tuple[Twig, ...]:
    shown = [one for one in grant["delegations"] if every or one["live"]]
    return tuple(
        Twig(
            delegation(one),
            " · ".join(
                note
                for note in (
                    output.shortened(one["scope"]) or "no scope",
                    f"since {output.day(one['created'])}",
                    f"until {output.day(one['ends'])}" if one["live"] else _why(one["why"]),
                    one["id"][:SHORT],
                )
                if note
            ),
            one["live"],
        )
        for one in shown
    )


def delegation(one: Members) -> str:
    """A token that another acts with, in a few words: its job's name, else who acts."""
    actor = one["act"]["sub"]
    name = one["client_name"] if actor == one["client_id"] else ""
    return f"job {one['job']}" if one["job"] else f"acting: {name or actor}"


def _why(why: str) -> str:
    return _WORDS.get(why, why.replace("_", " "))


def device(agent: str) -> str:
    """A User-Agent header in two words; the header's own beginning where they are not known."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent[:40] or "unknown device"


def targets(found: Mapping[str, Any], text: str) -> list[Target]:
    """Everything in a tree whose id is `text` or begins with it; an exact match alone."""
    apart = (one for one in found["offline"] if one["live"])
    grants = [*apart, *(one for signin in found["sign_ins"] for one in signin["grants"])]
    jobs = [one for grant in grants for one in grant["delegations"]]
    known = [
        *(Target("end_sign_in", one["id"], device(one["agent"])) for one in found["sign_ins"]),
        *(Target("end_grant", one["id"], f"{one['client_id']} ({one['scope']})") for one in grants),
        *(Target("end_delegation", one["id"], delegation(one)) for one in jobs),
        *(Target("end_store", one["id"], f"all on {one['name']}") for one in found["stores"]),
        *(Target("end_client", name, name) for name in {one["client_id"] for one in grants}),
    ]
    exact = [one for one in known if one.id == text]
    return exact or [one for one in known if len(text) >= 4 and one.id.startswith(text)]
