"""The picture of a tree: well-formed, honest about what is live, and safe with any name."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from sojourn.server.pages.messages import LOCALES, load
from sojourn.server.pages.picture import ACROSS, DOWN, Node, Shape, draw, of_sessions
from sojourn.server.pages.view import ClientRow, SessionsView, SignInCard
from tests.features.pages import samples

SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup: str) -> list[ET.Element]:
    """The drawings in it. They stand in HTML, where the name space goes without saying."""
    named = str(markup).replace(
        '<svg class="tree', '<svg xmlns="http://www.w3.org/2000/svg" class="tree'
    )
    return list(ET.fromstring(f"<all>{named}</all>"))  # noqa: S314 - our own output


def boxes(svg: ET.Element) -> dict[str, set[str]]:
    """Title of each box to its classes."""
    found = {}
    for group in svg.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        assert title is not None
        found[str(title.text)] = set(group.attrib["class"].split())
    return found


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("page", ["sessions", "hostile_sessions", "sessions_empty"])
def test_both_shapes_are_well_formed_and_described(locale: str, page: str) -> None:
    view = (samples.PAGES | samples.HOSTILE_PAGES)[page]
    assert isinstance(view, SessionsView)
    for svg in parsed(of_sessions(view, load(locale))):
        labelled = svg.attrib["aria-labelledby"].split()
        texts = {element.attrib.get("id"): element.text for element in svg.iter()}
        assert all(texts[name] for name in labelled)
        assert svg.attrib["role"] == "img"


def test_the_picture_shows_every_node_with_its_state() -> None:
    for svg in parsed(of_sessions(samples.SESSIONS, load("en"))):
        found = boxes(svg)
        assert {"user", "live"} <= found["Ada Lovelace, ada"]
        assert {"sign-in", "live", "current"} <= found["Firefox on Linux, This device"]
        assert {"sign-in", "ended"} <= found["Edge on Windows, Ended"]
        assert {"client", "ended"} <= found["Payroll, Ended"]
        assert {"grant", "live"} <= found["openid photos.write, Live"]
        assert {"client", "live"} <= found["Backup Robot, 1 authorization"]


def ended_sign_in(*, offline: bool) -> SessionsView:
    grant = samples.grant("g", "openid", offline=offline)
    card = SignInCard(
        id="e",
        user_agent="",
        address="::1",
        signed_in_at=samples.NOW,
        ended_at=samples.NOW,
        clients=(ClientRow(id="c", name="App", grants=(grant,)),),
    )
    return SessionsView(action="/", csrf="t", now=samples.NOW, user=samples.ADA, sign_ins=(card,))


def test_what_hangs_on_an_ended_sign_in_is_drawn_as_ended_unless_offline() -> None:
    bound, _ = parsed(of_sessions(ended_sign_in(offline=False), load("en")))
    free, _ = parsed(of_sessions(ended_sign_in(offline=True), load("en")))
    assert "ended" in boxes(bound)["openid, Ended"]
    assert "live" in boxes(free)["openid, works while you are away"]


@pytest.mark.parametrize("shape", [ACROSS, DOWN], ids=lambda shape: shape.name)
def test_no_box_lies_on_another_and_all_lie_inside(shape: Shape) -> None:
    leaf = Node(kind="grant", label="x" * 300)
    wide = Node(kind="client", label="c", children=(leaf,) * 3)
    root = Node(kind="user", label="u", children=(wide, leaf, wide))
    (svg,) = parsed(draw(root, shape, title="t", description="d"))
    left, top, width, height = (int(number) for number in svg.attrib["viewBox"].split())
    places = [
        tuple(int(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        for rect in svg.iter(f"{SVG}rect")
    ]
    assert len(places) == 10
    for x, y, w, h in places:
        assert left <= x <= left + width - w
        assert top <= y <= top + height - h
    for i, (x, y, w, h) in enumerate(places):
        for ox, oy, ow, oh in places[i + 1 :]:
            assert x + w <= ox or ox + ow <= x or y + h <= oy or oy + oh <= y


def test_authorizations_that_look_the_same_share_a_box_that_counts_them() -> None:
    grants = (
        samples.grant("g1", "openid"),
        samples.grant("g2", "openid"),
        samples.grant("g3", "openid", "email"),
    )
    card = SignInCard(
        id="s",
        user_agent="",
        address="::1",
        signed_in_at=samples.NOW,
        clients=(ClientRow(id="c", name="App", grants=grants),),
    )
    view = SessionsView(action="/", csrf="t", now=samples.NOW, user=samples.ADA, sign_ins=(card,))
    for svg in parsed(of_sessions(view, load("en"))):
        found = boxes(svg)
        assert "App, 3 authorizations" in found
        assert "openid, Live · 2 authorizations" in found
        assert "openid email, Live" in found
