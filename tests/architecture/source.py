"""Our own Python files, read and parsed once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("accounts", "library", "integrations", "syncing", "notices", "project")


@dataclass(frozen=True, slots=True)
class Source:
    """path: relative to the project, with slashes."""

    path: str
    text: str
    tree: ast.Module


@cache
def sources() -> tuple[Source, ...]:
    """Everything we wrote in the rooms and the tests, migrations aside."""
    files = [ROOT / "manage.py", *(file for room in (*ROOMS, "tests") for file in sorted((ROOT / room).rglob("*.py")))]
    return tuple(_read(file) for file in files if "migrations" not in file.parts)


def _read(file: Path) -> Source:
    text = file.read_text()
    return Source(file.relative_to(ROOT).as_posix(), text, ast.parse(text, str(file)))
