"""Sizes (design.md 7): a file 300 lines, a function 40, imports 15, positional parameters 3.

A file of tests may be twice as long, since it is read case by case, and its functions take as many fixtures as they
need. Any other exception is one line here and carries its reason.
"""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.architecture.source import Source, sources

MOST_LINES = 300
MOST_FUNCTION_LINES = 40
MOST_IMPORTS = 15
MOST_POSITIONAL = 3
FOR_TESTS = 2
"""A test file may have this many times the lines and imports."""

ALLOWED: dict[str, str] = {
    "accounts/adapter.py::render_mail": "allauth's signature",
    "accounts/api/schema.py::finish": "drf-spectacular's signature",
    "integrations/providers/base.py::translate": "the protocol: session, kind, slug and ids have no defaults",
    "integrations/providers/anilist/provider.py::translate": "the protocol",
    "integrations/providers/kitsu/provider.py::translate": "the protocol",
    "integrations/providers/myanimelist/provider.py::translate": "the protocol",
    "integrations/providers/trakt/provider.py::translate": "the protocol",
    # Field, value and the side it is looked at through: one thing to say, and said at every comparison of the core.
    "integrations/capability.py::project_value": "a field seen on a side",
    "integrations/capability.py::shown_value": "a field seen on a side",
    "syncing/core/compare.py::agrees": "two values of a field seen on a side",
    "syncing/core/compare.py::is_finer": "two values of a field seen on a side",
    "syncing/core/compare.py::restates": "two values of a field seen on a side",
    "syncing/core/compare.py::shows": "two values of a field seen on a side",
    "syncing/core/compare.py::_scores_overlap": "two values of a field seen on a side",
    "syncing/core/merge.py::_removed_here": "the entry, here and there, and what is remembered, as in `merge`",
    "syncing/core/merge.py::_resurrect": "the entry, here and there, and what is remembered, as in `merge`",
}
"""`path` or `path::function` → why it may be larger."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_files_are_short() -> None:
    long = {source.path: len(source.text.splitlines()) for source in sources()}
    _expect_none({path: lines for path, lines in long.items() if lines > MOST_LINES * _ease(path)})


def test_functions_are_short() -> None:
    long = {f"{source.path}::{function.name}": _length(function) for source, function in _functions()}
    _expect_none({name: lines for name, lines in long.items() if lines > MOST_FUNCTION_LINES})


def test_imports_are_few() -> None:
    counts = {source.path: _imports(source) for source in sources()}
    _expect_none({path: count for path, count in counts.items() if count > MOST_IMPORTS * _ease(path)})


def test_positional_parameters_are_few() -> None:
    ours = [(source, function) for source, function in _functions() if not _is_test(source.path)]
    counts = {f"{source.path}::{function.name}": _positional(function) for source, function in ours}
    _expect_none({name: count for name, count in counts.items() if count > MOST_POSITIONAL})


def test_exceptions_are_needed() -> None:
    """A line in ALLOWED whose file shrank or went away is removed."""
    names = {source.path for source in sources()} | {f"{s.path}::{f.name}" for s, f in _functions()}
    assert set(ALLOWED) - names == set()


def _is_test(path: str) -> bool:
    return path.startswith("tests/")


def _ease(path: str) -> int:
    return FOR_TESTS if _is_test(path) else 1


def _expect_none(found: dict[str, int]) -> None:
    """Fails with every finding: pytest would cut the difference of two dictionaries short."""
    unexcused = [f"{size:5} {name}" for name, size in sorted(found.items()) if name not in ALLOWED]
    if unexcused:
        pytest.fail("over the budget:\n" + "\n".join(unexcused), pytrace=False)


@cache
def _functions() -> tuple[tuple[Source, Function], ...]:
    return tuple(
        (source, node)
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _length(function: Function) -> int:
    """Lines of the body, the docstring aside: it is prose."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or 0) - first.lineno + 2


def _imports(source: Source) -> int:
    """Import statements of ours and of others at the top; `from __future__` and the standard typing names are free."""
    free = {"__future__", "typing", "collections.abc"}
    top = [node for node in source.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return sum(1 for node in top if not (isinstance(node, ast.ImportFrom) and node.module in free))


def _positional(function: Function) -> int:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return sum(1 for argument in arguments if argument.arg not in ("self", "cls"))
