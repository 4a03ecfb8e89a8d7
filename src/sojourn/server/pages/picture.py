"""The tree of a person's sessions as a picture: user, sign-ins, applications and grants, live or ended, drawn as inline SVG.

`render` offers it to the sessions page; it reads only the view and the messages. Pure text out: it measures by counting
characters, carries no style of its own (classes only, the stylesheet colours them), and says with shape and words, not with
colour alone, what is live. The cards on the page are the same tree as a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup
from msgspec import Struct

from sojourn.server.pages.messages import NAME_LIMIT, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sojourn.server.pages.messages import Messages
    from sojourn.server.pages.view import ClientRow, GrantRow, SessionsView, SignInCard

__all__ = ["Node", "draw", "of_sessions"]

COLUMN: Final = 232
WIDTH: Final = 184
HEIGHT: Final = 44
ROW: Final = 56
MARGIN: Final = 8
LABEL_LIMIT: Final = 21
NOTE_LIMIT: Final = 26


class Node(Struct, frozen=True, kw_only=True):
    """One box: `kind` (user, sign-in, client, grant), two lines of words, live or ended, this device or not."""

    kind: str
    label: str
    note: str = ""
    live: bool = True
    current: bool = False
    children: tuple[Node, ...] = ()


class Placed(Struct, frozen=True, kw_only=True):
    """A node with the place of its left upper corner, in SVG units, and its children placed."""

    node: Node
    x: int
    y: int
    children: tuple[Placed, ...]


def of_sessions(view: SessionsView, messages: Messages) -> Markup:
    """The picture of the sessions page."""
    sign_ins = tuple(_sign_in(card, view.now, messages) for card in view.sign_ins)
    apart = tuple(_client(client, messages) for client in view.offline)
    if apart:
        label, note = messages.text("picture.offline"), messages.text("picture.offline.note")
        sign_ins += (Node(kind="sign-in", label=label, note=note, children=apart),)
    root = Node(
        kind="user", label=view.user.name or view.user.login, note=view.user.login, children=sign_ins
    )
    values = {"name": view.user.name or view.user.login}
    clients = sum(len(child.children) for child in sign_ins)
    parts = (messages.count("count.sign_ins", len(view.sign_ins)), messages.count("count.clients", clients))
    return draw(
        root,
        title=messages.text("picture.title", values),
        description=messages.text("picture.description", values | {"summary": messages.listed(parts)}),
    )


def _sign_in(card: SignInCard, now: int, messages: Messages) -> Node:
    live = card.ended_at is None
    if not live:
        note = messages.text("state.ended")
    elif card.current:
        note = messages.text("sessions.this_device")
    else:
        note = messages.ago(card.last_used_at or card.signed_in_at, now)
    return Node(
        kind="sign-in",
        label=messages.device(card.device),
        note=note,
        live=live,
        current=card.current and live,
        children=tuple(_client(client, messages, parent_live=live) for client in card.clients),
    )


def _client(client: ClientRow, messages: Messages, *, parent_live: bool = True) -> Node:
    live = parent_live and client.ended_at is None
    grants = tuple(_grant(grant, messages, parent_live=live) for grant in client.grants)
    note = messages.count("count.grants", len(grants)) if live else messages.text("state.ended")
    return Node(kind="client", label=client.name, note=note, live=live, children=grants)


def _grant(grant: GrantRow, messages: Messages, *, parent_live: bool) -> Node:
    # An offline grant outlives its sign-in, so only its own end ends it there.
    live = grant.ended_at is None and (parent_live or grant.offline)
    state = "state.offline" if live and grant.offline else "state.live" if live else "state.ended"
    names = " ".join(scope.name for scope in grant.scopes)
    return Node(kind="grant", label=names or messages.text("picture.no_scope"), note=messages.text(state), live=live)


def draw(root: Node, *, title: str, description: str) -> Markup:
    """SVG of a tree, root to the left, a row for every leaf. `title` and `description` are its words for a screen reader."""
    placed, rows = _place(root, depth=0, row=0)
    width = 2 * MARGIN + _depth(root) * COLUMN - (COLUMN - WIDTH)
    height = 2 * MARGIN + rows * ROW - (ROW - HEIGHT)
    everything = tuple(_walk(placed))
    edges = Markup("").join(_edge(parent, child) for parent in everything for child in parent.children)
    boxes = Markup("").join(_box(item) for item in everything)
    return Markup(
        '<svg class="tree" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-labelledby="tree-title tree-description">'
        '<title id="tree-title">{title}</title><desc id="tree-description">{description}</desc>'
        '<g class="tree-edges">{edges}</g>{boxes}</svg>'
    ).format(w=width, h=height, title=title, description=description, edges=edges, boxes=boxes)


def _place(node: Node, *, depth: int, row: int) -> tuple[Placed, int]:
    """Place a node beside the middle of its children; answers the first row below it too."""
    children, below = [], row
    for child in node.children:
        placed, below = _place(child, depth=depth + 1, row=below)
        children.append(placed)
    below = max(below, row + 1)
    y = (children[0].y + children[-1].y) // 2 if children else MARGIN + row * ROW
    return Placed(node=node, x=MARGIN + depth * COLUMN, y=y, children=tuple(children)), below


def _depth(node: Node) -> int:
    return 1 + max((_depth(child) for child in node.children), default=0)


def _walk(placed: Placed) -> Iterator[Placed]:
    yield placed
    for child in placed.children:
        yield from _walk(child)


def _edge(parent: Placed, child: Placed) -> Markup:
    x1, y1 = parent.x + WIDTH, parent.y + HEIGHT // 2
    x2, y2 = child.x, child.y + HEIGHT // 2
    middle = (x1 + x2) // 2
    return Markup('<path class="{}" d="M{} {}C{} {} {} {} {} {}"/>').format(
        "live" if child.node.live else "ended", x1, y1, middle, y1, middle, y2, x2, y2
    )


def _box(placed: Placed) -> Markup:
    node, x, y = placed.node, placed.x, placed.y
    classes = f"node {node.kind} {'live' if node.live else 'ended'}{' current' if node.current else ''}"
    whole = ", ".join(part for part in (shown(node.label, NAME_LIMIT), shown(node.note, NAME_LIMIT)) if part)
    mark = Markup('<circle class="mark" cx="{}" cy="{}" r="4"/>').format(x + 16, y + HEIGHT // 2)
    return Markup(
        '<g class="{classes}"><title>{whole}</title><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}"/>{mark}'
        # A box of its own cuts off what is wider than the count of its characters made believe.
        '<svg x="{tx}" y="{y}" width="{tw}" height="{h}"><text class="label" y="19">{label}</text>'
        '<text class="note" y="34">{note}</text></svg></g>'
    ).format(
        classes=classes, whole=whole, x=x, y=y, w=WIDTH, h=HEIGHT, r=HEIGHT // 2 if node.kind == "user" else 10,
        mark=mark, tx=x + 30, tw=WIDTH - 38,
        label=shown(node.label, LABEL_LIMIT), note=shown(node.note, NOTE_LIMIT),
    )  # fmt: skip
