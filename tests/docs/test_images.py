"""The pictures of the pages are there, and those that we draw are readable in light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import PAGES, ROOT

_SHOWN = re.compile(r'!\[([^\]]*)\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"')
SHOWN = [
    (page, found[2] or found[3])
    for page in PAGES
    for found in _SHOWN.finditer(page.read_text(encoding="utf-8"))
]
DRAWN = sorted((ROOT / "docs" / "images").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("page", "image"), SHOWN, ids=[image for _, image in SHOWN])
def test_a_picture_that_a_page_shows_is_there(page: Path, image: str) -> None:
    assert (page.parent / image).is_file()


@pytest.mark.parametrize("image", DRAWN, ids=lambda image: image.name)
def test_a_drawing_has_a_title_a_description_and_both_schemes(image: Path) -> None:
    root = ET.parse(image).getroot()  # noqa: S314 - our own drawing
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert "prefers-color-scheme: dark" in str(root.findtext(f"{SVG}style"))
