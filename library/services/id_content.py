"""All that one table says, read to its end before anything is believed."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from library.mappings.checks import judged
from library.mappings.packing import unpacked
from library.mappings.said import FLAGGED, UNMAPPED, Pair, Range, Unreadable
from library.mappings.sources import RULES, Source
from library.mappings.streaming import drain

MOST_UNFIT = 0.02
FEW_UNFIT = 20
"""So many statements that make no sense are never too many."""


@dataclass(slots=True)
class Content:
    """rows: how many the table has. refused: {word: statements that made no sense}."""

    rows: int = 0
    pairs: set[Pair] = field(default_factory=set)
    ranges: list[Range] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, Any]:
        states = Counter(one.state for one in self.ranges)
        return {
            "rules": RULES,
            "rows": self.rows,
            "pairs": len(self.pairs),
            "ranges": len(self.ranges),
            "refused": sum(self.refused.values()),
            "flagged": states[FLAGGED],
            "unmapped": states[UNMAPPED],
        }


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of the content, unpacked, in hexadecimal. Raises Unreadable."""
    digest = hashlib.sha256()
    with _packing():
        drain(unpacked(stream), digest.update)
    return digest.hexdigest()


def read_content(source: Source, stream: BinaryIO) -> Content:
    """Raises Unreadable for half a file, another shape, and too many statements that make no sense."""
    content = Content()
    with _packing():
        for row in source.read(unpacked(stream)):
            content.rows += 1
            content.pairs.update(row.pairs)
            content.ranges += row.ranges
            content.refused.update(row.refused)
    content.ranges = judged(content.ranges)
    unfit = sum(content.refused.values())
    if unfit > max(FEW_UNFIT, MOST_UNFIT * content.rows):
        words = ", ".join(f"{word} {count}" for word, count in content.refused.most_common(3))
        raise Unreadable(f"{unfit} statements make no sense ({words}): the table has another schema now.")
    return content


@contextmanager
def _packing() -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, OSError) as error:
        raise Unreadable("The packed file is broken, or ends in the middle.") from error
