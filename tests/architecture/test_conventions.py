"""Habits that are easier to hold than to find again."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.architecture.source import ROOT, Source, sources

BANNED_MODULES = {"pickle", "shelve", "marshal", "dill", "cloudpickle"}
BANNED_NAMES = re.compile(r"(^|[/_])(utils?|helpers?|managers?|misc|common)\.py$")
SQL_CALLS = {"execute", "executemany", "raw", "extra", "RawSQL"}
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|npmjs\.org|yarnpkg\.com|index-url\s*[=\s]\s*http|extra-index-url",
    re.IGNORECASE,
)
TEXT = (".py", ".toml", ".txt", ".in", ".md", ".yml", ".yaml", ".json", ".sh", ".cfg", ".html", ".css", ".js", "")


def test_no_pickle() -> None:
    found = {
        source.path for source in sources() for name in _imported(source) if name.partition(".")[0] in BANNED_MODULES
    }
    # The tests of secrets try to pickle one, to see it refused.
    assert {path for path in found if not path.startswith("tests/")} == set()


def test_no_yaml_load() -> None:
    assert [
        source.path for source in sources() for call in _calls(source) if ast.unparse(call.func) == "yaml.load"
    ] == []


def test_no_formatted_sql() -> None:
    """Values go in as parameters. SQL that is put together from text is a hole. Tests may name a table so."""
    found = []
    for source in (source for source in sources() if not source.path.startswith("tests/")):
        for call in _calls(source):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in SQL_CALLS and call.args and _is_built(call.args[0]):
                found.append(f"{source.path}:{call.lineno}")
    assert found == []


def test_names_say_something() -> None:
    assert [source.path for source in sources() if BANNED_NAMES.search(source.path)] == []


def test_futures_everywhere() -> None:
    """`from __future__ import annotations` wherever a function is written: one way to read annotations."""
    bare = []
    for source in sources():
        has_functions = any(isinstance(node, ast.FunctionDef) for node in ast.walk(source.tree))
        if has_functions and "from __future__ import annotations" not in source.text:
            bare.append(source.path)
    assert bare == []


def test_nothing_swallows_all_errors() -> None:
    found = []
    for source in sources():
        for node in ast.walk(source.tree):
            if (
                isinstance(node, ast.ExceptHandler)
                and _catches_all(node)
                and all(isinstance(s, ast.Pass) for s in node.body)
            ):
                found.append(f"{source.path}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "XX" + "X:"])
def test_nothing_is_left_for_later(word: str) -> None:
    assert [source.path for source in sources() if re.search(rf"\b{word}", source.text)] == []


def test_no_registry_and_no_machine_is_named() -> None:
    """Where packages come from is the machine's business, and where this folder lies is nobody's."""
    found = []
    for name in _tracked():
        path = ROOT / name
        if path.suffix not in TEXT or not path.is_file() or name == "tests/architecture/test_conventions.py":
            continue
        text = path.read_text(errors="replace")
        if REGISTRIES.search(text) or re.search(r"(?<![\w.])/(root|work)/", text):
            found.append(name)
    assert found == []


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:  # an unpacked archive without git
        return [source.path for source in sources()]
    return listed.stdout.splitlines()


def _imported(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def _is_built(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add) and isinstance(node.left, ast.Constant | ast.JoinedStr)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def _catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")
