"""The rules of the house that no other tool holds.

Size of files and functions, names, exports, purity, portability; and the import contracts hold.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "sojourn"
PURE = ("model", "wire")

LINES_A_FILE = 400
LINES_A_FUNCTION = 60
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc"}
IMPURE_CALLS = {
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "date.today",
    "os.urandom",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid4",
    "urlopen",
    "input",
    "open",
    "print",
}
IMPURE_MODULES = ("time", "random", "secrets", "urllib.request", "socket", "os")
PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "marshal", "shelve", "jsonpickle"}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
MACHINE = re.compile(
    r"/(?:work|opt|home/\w+|root)/[\w.]"
    r"|/tmp/(?!\.)[\w-]+/"
    r"|\b(?:files\.python"
    r"hosted|registry\.np"
    r"mjs)\b"
)
MACHINE_FREE_LOCKS = {"uv.lock", "package-lock.json"}


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


EVERY_FILE = python_files(ROOT / "src", ROOT / "tests", ROOT / "bench", ROOT / "tools")
SOURCE_FILES = python_files(SOURCE)
PURE_FILES = python_files(*(SOURCE / name for name in PURE))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def called_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def tracked_files() -> list[Path]:
    """Every file of the project but this one and the locks, as git sees it; a walk in an sdist."""
    apart = {ROOT / name for name in MACHINE_FREE_LOCKS} | {Path(__file__).resolve()}
    return [path for path in listed_files() if path not in apart]


def listed_files() -> list[Path]:
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listing = subprocess.run(
            [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout
        return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]
    folders = ("src", "tests", "docs", "bench", "tools")
    return [path for name in folders for path in (ROOT / name).rglob("*") if path.is_file()]


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return "" if b"\0" in data[:1024] else data.decode("utf-8", errors="replace")


def test_no_file_is_longer_than_400_lines():
    long = {
        name_of(path): lines
        for path in EVERY_FILE
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LINES_A_FILE
    }
    assert not long


def test_no_function_is_longer_than_60_lines():
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    long = {
        f"{name_of(path)}:{node.lineno} {node.name}": lines
        for path in EVERY_FILE
        for node in ast.walk(tree_of(path))
        if isinstance(node, functions)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LINES_A_FUNCTION
    }
    assert not long


def test_there_are_no_drawers():
    drawers = [
        name_of(path)
        for path in EVERY_FILE
        if DRAWERS & {part.strip("_") for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}
    ]
    assert not drawers


def test_every_module_says_what_it_owns():
    silent = [
        name_of(path)
        for path in EVERY_FILE
        if path.stat().st_size and not ast.get_docstring(tree_of(path))
    ]
    assert not silent


def test_every_package_of_the_source_is_declared():
    folders = {path.parent for path in SOURCE_FILES}
    assert not [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_exports_name_what_the_module_has():
    missing = []
    for path in SOURCE_FILES:
        tree = tree_of(path)
        exported = declared_exports(tree)
        lazy = any(
            isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body
        )
        if exported is None:
            continue
        if len(set(exported)) != len(exported):
            missing.append(f"{name_of(path)}: a name is exported twice")
        if not lazy:
            missing += [f"{name_of(path)}: {name}" for name in set(exported) - bound_names(tree)]
    assert not missing


def declared_exports(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            try:
                return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
            except ValueError:
                return None
    return None


def bound_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_lazy_exports_of_the_packages_resolve():
    for package in ("sojourn", "sojourn.server"):
        check = f"import {package} as p; [getattr(p, n) for n in getattr(p, '__all__', ())]"
        done = subprocess.run(
            [sys.executable, "-c", check], capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, done.stderr


def test_model_and_wire_read_neither_clock_nor_randomness():
    impure = [
        f"{name_of(path)}:{line} {called}"
        for path in PURE_FILES
        for line, called in called_names(tree_of(path))
        if called in IMPURE_CALLS or called.removeprefix("datetime.") in IMPURE_CALLS
    ]
    impure += [
        f"{name_of(path)} imports {name}"
        for path in PURE_FILES
        for name in imported_names(tree_of(path))
        if name in IMPURE_MODULES
        or name.startswith(tuple(f"{module}." for module in IMPURE_MODULES))
    ]
    assert not impure


def test_nothing_is_pickled():
    pickled = [
        f"{name_of(path)} imports {name}"
        for path in SOURCE_FILES
        for name in imported_names(tree_of(path))
        if name.split(".")[0] in PICKLES
    ]
    assert not pickled


def test_nothing_is_left_for_later():
    unfinished = [
        f"{name_of(path)}: {found.group()}"
        for path in tracked_files()
        if (found := UNFINISHED.search(text_of(path)))
    ]
    assert not unfinished


def test_no_file_names_a_machine():
    named = [
        f"{name_of(path)}: {found.group()}"
        for path in tracked_files()
        for found in MACHINE.finditer(text_of(path))
    ]
    assert not named


@pytest.mark.parametrize("name", sorted(MACHINE_FREE_LOCKS))
def test_a_lock_file_names_public_registries_alone(name):
    lock = ROOT / name
    if not lock.exists():
        pytest.fail(f"{name} is missing: every set-up starts from it")
    hosts = set(re.findall(r"https?://([^/\"\s]+)", lock.read_text(encoding="utf-8")))
    public = {"pypi.org", "files.pythonhosted.org", "registry.npmjs.org"}
    funding = {host for host in hosts if re.search(r"github|opencollective|tidelift|patreon", host)}
    assert hosts - public - funding == set()
    assert "file://" not in lock.read_text(encoding="utf-8")


def test_the_arrows_of_the_design_hold():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
