"""The tree of a person's sessions as a picture: user, sign-ins, applications and grants, live or
ended, drawn as inline SVG.

`render` offers it to the sessions page; it reads only the view and the messages. Pure text out:
it measures by counting characters, carries no style of its own (classes only, the stylesheet
colours them), and says with shape and words, not with colour alone, what is live. The cards on
the page are the same tree as a list.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from sojourn.server.pages.messages import NAME_LIMIT, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sojourn.server.pages.messages import Messages
    from sojourn.server.pages.view import ClientRow, GrantRow, SessionsView, SignInCard

__all__ = ["ACROSS", "DOWN", "Node", "Shape", "draw", "of_sessions"]

HEIGHT: Final = 44
ROW: Final = 56
MOST_JOBS: Final = 5


class Node(Struct, frozen=True, kw_only=True):
    """One box: `kind` (user, sign-in, client, grant, job), two lines of words, live or ended, this
    device or not.
    """

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
    width: int
    children: tuple[Placed, ...]


def of_sessions(view: SessionsView, messages: Messages) -> Markup:
    """The picture of the sessions page, in both shapes; the stylesheet shows the one that fits."""
    sign_ins = tuple(_sign_in(card, view.now, messages) for card in view.sign_ins)
    apart = tuple(_client(client, messages) for client in view.offline)
    if apart:
        label, note = messages.text("picture.offline"), messages.text("picture.offline.note")
        sign_ins += (Node(kind="sign-in", label=label, note=note, children=apart),)
    root = Node(
        kind="user",
        label=view.user.name or view.user.login,
        note=view.user.login,
        children=sign_ins,
    )
    values = {"name": view.user.name or view.user.login}
    clients = sum(len(child.children) for child in sign_ins)
    parts = (
        messages.count("count.sign_ins", len(view.sign_ins)),
        messages.count("count.clients", clients),
    )
    title = messages.text("picture.title", values)
    description = messages.text("picture.description", values | {"summary": messages.listed(parts)})
    return Markup("").join(
        draw(root, shape, title=title, description=description) for shape in (ACROSS, DOWN)
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
    grants = [_grant(grant, messages, parent_live=live) for grant in client.grants]
    note = messages.count("count.grants", len(grants)) if live else messages.text("state.ended")
    children = _gathered(grants, messages)
    return Node(kind="client", label=client.name, note=note, live=live, children=children)


def _gathered(grants: list[Node], messages: Messages) -> tuple[Node, ...]:
    """Grants that would look the same, as one box that says how many: each new sign-in at an application makes one."""
    times = Counter(grants)
    return tuple(
        grant
        if count == 1
        else replace(grant, note=f"{grant.note} · {messages.count('count.grants', count)}")
        for grant, count in times.items()
    )


def _grant(grant: GrantRow, messages: Messages, *, parent_live: bool) -> Node:
    # An offline grant outlives its sign-in, so only its own end ends it there.
    live = grant.ended_at is None and (parent_live or grant.offline)
    state = "state.offline" if live and grant.offline else "state.live" if live else "state.ended"
    names = " ".join(scope.name for scope in grant.scopes)
    return Node(
        kind="grant",
        label=names or messages.text("picture.no_scope"),
        note=messages.text(state),
        live=live,
        children=_jobs(grant, messages) if live else (),
    )


def _jobs(grant: GrantRow, messages: Messages) -> tuple[Node, ...]:
    """Who acts for the person below an authorization: some by name, the others as one box that says how many."""
    nodes = [
        Node(
            kind="job",
            label=one.job or one.actor,
            note=messages.text("picture.job" if one.job else "picture.acting"),
        )
        for one in grant.delegations[:MOST_JOBS]
    ]
    more = len(grant.delegations) - len(nodes)
    if more:
        nodes.append(Node(kind="job", label=messages.count("sessions.more_jobs", more)))
    return tuple(nodes)


class Shape(Struct, frozen=True, kw_only=True):
    """How a tree lies: the step to the next depth, the width of a box (`right_edge`: up to a
    common right edge), its class.
    """

    name: str
    step: int
    width: int
    right_edge: bool
    label_limit: int


# Across: root to the left, a row for every leaf, each parent beside the middle of its children.
# Down: a row for every node,
# indented, for a phone held upright.
ACROSS: Final = Shape(name="across", step=228, width=196, right_edge=False, label_limit=17)
DOWN: Final = Shape(name="down", step=20, width=330, right_edge=True, label_limit=30)


def draw(root: Node, shape: Shape, *, title: str, description: str) -> Markup:
    """SVG of a tree. `title` and `description` are its words for a screen reader."""
    placed, rows = (_place_across if shape is ACROSS else _place_down)(root, shape, depth=0, row=0)
    width = shape.width if shape.right_edge else (_depth(root) - 1) * shape.step + shape.width
    height = rows * ROW - (ROW - HEIGHT)
    everything = tuple(_walk(placed))
    edge = _edge_across if shape is ACROSS else _edge_down
    edges = Markup("").join(
        edge(parent, child) for parent in everything for child in parent.children
    )
    boxes = Markup("").join(_box(item, shape) for item in everything)
    return Markup(
        '<svg class="tree {name}" viewBox="-1 -1 {vw} {vh}" width="{vw}" height="{vh}" role="img" '
        'aria-labelledby="tree-{name}-title tree-{name}-description">'
        '<title id="tree-{name}-title">{title}</title>'
        '<desc id="tree-{name}-description">{description}</desc>{edges}{boxes}</svg>'
    ).format(
        name=shape.name,
        vw=width + 2,
        vh=height + 2,
        title=title,
        description=description,
        edges=edges,
        boxes=boxes,
    )


def _place_across(node: Node, shape: Shape, *, depth: int, row: int) -> tuple[Placed, int]:
    """Place a node beside the middle of its children; answers the first row below it too."""
    children, below = [], row
    for child in node.children:
        placed, below = _place_across(child, shape, depth=depth + 1, row=below)
        children.append(placed)
    below = max(below, row + 1)
    y = (children[0].y + children[-1].y) // 2 if children else row * ROW
    return Placed(
        node=node, x=depth * shape.step, y=y, width=shape.width, children=tuple(children)
    ), below


def _place_down(node: Node, shape: Shape, *, depth: int, row: int) -> tuple[Placed, int]:
    children, below = [], row + 1
    for child in node.children:
        placed, below = _place_down(child, shape, depth=depth + 1, row=below)
        children.append(placed)
    x = depth * shape.step
    return Placed(
        node=node, x=x, y=row * ROW, width=shape.width - x, children=tuple(children)
    ), below


def _depth(node: Node) -> int:
    return 1 + max((_depth(child) for child in node.children), default=0)


def _walk(placed: Placed) -> Iterator[Placed]:
    yield placed
    for child in placed.children:
        yield from _walk(child)


def _edge_across(parent: Placed, child: Placed) -> Markup:
    x1, y1 = parent.x + parent.width, parent.y + HEIGHT // 2
    x2, y2 = child.x, child.y + HEIGHT // 2
    middle = (x1 + x2) // 2
    return _path(child.node, f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}")


def _edge_down(parent: Placed, child: Placed) -> Markup:
    x, y1, y2 = parent.x + 10, parent.y + HEIGHT, child.y + HEIGHT // 2
    return _path(child.node, f"M{x} {y1}V{y2 - 8}Q{x} {y2} {child.x} {y2}")


def _path(node: Node, course: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format("live" if node.live else "ended", course)


def _box(placed: Placed, shape: Shape) -> Markup:
    node, x, y = placed.node, placed.x, placed.y
    classes = (
        f"node {node.kind} {'live' if node.live else 'ended'}{' current' if node.current else ''}"
    )
    whole = ", ".join(
        part for part in (shown(node.label, NAME_LIMIT), shown(node.note, NAME_LIMIT)) if part
    )
    return Markup(
        '<g class="{classes}"><title>{whole}</title>'
        '<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}"/>'
        '<circle class="mark" cx="{cx}" cy="{cy}" r="4"/>'
        # A box of its own cuts off what is wider than the count of its characters made believe.
        '<svg x="{tx}" y="{y}" width="{tw}" height="{h}"><text class="label" y="19">{label}</text>'
        '<text class="note" y="34">{note}</text></svg></g>'
    ).format(
        classes=classes,
        whole=whole,
        x=x,
        y=y,
        w=placed.width,
        h=HEIGHT,
        r=HEIGHT // 2 if node.kind == "user" else 10,
        cx=x + 16,
        cy=y + HEIGHT // 2,
        tx=x + 30,
        tw=placed.width - 36,
        label=shown(node.label, shape.label_limit),
        note=shown(node.note, shape.label_limit + 7),
    )
