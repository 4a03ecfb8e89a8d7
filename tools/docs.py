"""Writes the generated pages of docs/ and checks that every relative link leads somewhere.

`python tools/docs.py` writes; with `--check` a page that is out of date is an error instead.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from sojourn.cli import reference
from sojourn.server.services.config import options_markdown

ROOT = Path(__file__).resolve().parent.parent

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


def generated() -> dict[Path, str]:
    """Each generated page and what it should say."""
    return {
        ROOT / "docs" / "options.md": options_markdown(),
        ROOT / "docs" / "cli.md": reference.markdown(),
    }


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get, as common renderers make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(text))
    return {re.sub(r"\s", "-", heading.strip()) for heading in plain}


def broken_links(page: Path) -> Iterator[str]:
    """Relative links of a page that lead nowhere."""
    text = CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))
    for target in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        aim = (page.parent / path).resolve() if path else page
        missing = not aim.exists()
        if missing or (anchor and aim.suffix == ".md" and anchor not in anchors(aim)):
            yield f"{page.relative_to(ROOT)}: {target}"


def main(*, check: bool) -> int:
    faults = []
    for page, text in generated().items():
        current = page.read_text(encoding="utf-8") if page.exists() else ""
        if check and current != text:
            faults.append(f"{page.relative_to(ROOT)} is out of date: run make docs")
        elif current != text:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
            print(f"[docs] wrote {page.relative_to(ROOT)}")
    faults += [f"broken link: {link}" for page in pages() for link in broken_links(page)]
    for fault in faults:
        print(f"[docs] {fault}", file=sys.stderr)
    print(f"[docs] {len(pages())} pages, {len(faults)} faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
