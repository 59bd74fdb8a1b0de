"""Which fields a table of rows has: a renamed one must not look like a table that knows nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from library.mappings.said import Unreadable

ENOUGH = 1000
"""Rows after which a field that we live by must have been there."""


def watched(rows: Iterable[Any], *, known: frozenset[str], needed: Collection[str]) -> Iterator[dict[str, Any]]:
    """The rows, unchanged. Raises Unreadable for one that is no object, for a field that is not `known` (the id of one
    more site aside, which harms nobody), and at the end for a `needed` one that no row had."""
    missing = set(needed)
    count = 0
    for count, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise Unreadable(f"Row {count} is no object.")
        strange = sorted(name for name in row.keys() - known if not name.endswith("_id"))
        if strange:
            raise Unreadable(f"Row {count} has a field that is not known here: {strange[0][:40]}.")
        missing.difference_update(row)
        yield row
    if missing and count >= ENOUGH:
        raise Unreadable(f"No row has the field {min(missing)}: the table has another schema now.")
