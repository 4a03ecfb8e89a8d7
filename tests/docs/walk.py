"""Types a page: its `sh` and `py` blocks one after the other, as one person would, in one shell folder and one Python.
Run with the page, and as JSON what to put in the place of what; writes a line of JSON for each block."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```(sh|py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_HERE = ("python3 -m venv", "pip install", "sojourn demo")
"""What the test has done already."""


def main(page: str, here: dict[str, str]) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for language, written in BLOCK.findall(Path(page).read_text(encoding="utf-8")):
        text = written
        for there, address in here.items():
            text = text.replace(there, address)
        if language == "py":
            os.environ["PERSON_LOGIN"] = "bob" if 'name="bob"' in text else "alice"
            os.environ["PERSON_PASSWORD"] = json.loads(os.environ["PEOPLE"])[
                os.environ["PERSON_LOGIN"]
            ]
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                exec(compile(text, page, "exec", dont_inherit=True), names)  # noqa: S102 - our page
            tell(written, said.getvalue())
            continue
        for line in text.splitlines():
            if not line.startswith(NOT_HERE):
                done = subprocess.run(
                    ["bash", "-o", "pipefail", "-c", line],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                tell(line, done.stdout + done.stderr, done.returncode)


def tell(typed: str, said: str, code: int = 0) -> None:
    sys.__stdout__.write(json.dumps({"typed": typed, "said": said, "code": code}) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
