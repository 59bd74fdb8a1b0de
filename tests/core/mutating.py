"""What a mutant is, and how one is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class StaleMutant(AssertionError):
    """The code that a mutant changes is not there, or not there once: bring the mutant up to date."""


@dataclass(frozen=True, slots=True)
class Change:
    """`old` stands exactly once in `file`, a path from the root of the tree."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """name: for the command line. wrong: what this core believes. changes: applied together."""

    name: str
    wrong: str
    first: Change
    second: Change | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)


def change(file: str, old: str, new: str) -> Change:
    return Change(file, old, new)


def apply(mutant: Mutant, root: Path) -> None:
    """Write the mutant into the tree at `root`. Raises StaleMutant."""
    for one in mutant.changes:
        path = root / one.file
        text = path.read_text(encoding="utf-8")
        if text.count(one.old) != 1:
            raise StaleMutant(f"{mutant.name}: found {text.count(one.old)} times in {one.file}: {one.old!r}")
        path.write_text(text.replace(one.old, one.new), encoding="utf-8")
