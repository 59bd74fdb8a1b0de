"""Who wins when both sides changed one field differently. Pure: same inputs, same winner, on every run."""

from __future__ import annotations

from typing import Any

from library.entry import COUNT_FIELDS, PartialDate
from library.stamps import Stamp

LIBRARY = "library"
PROVIDER = "provider"
ASK = ""


def choose(field: str, *, policy: str, side: Any, library: Any, side_at: float, stamp: Stamp) -> str:
    """LIBRARY, PROVIDER or ASK. side_at: unix seconds, 0 = unknown, which loses to any known time."""
    if policy == "library":
        return LIBRARY
    if policy == "provider":
        return PROVIDER
    if policy == "ask":
        return ASK
    if policy == "furthest":
        further = _furthest(field, side, library)
        if further:
            return further
    return PROVIDER if side_at > stamp.at else LIBRARY


def _furthest(field: str, side: Any, library: Any) -> str:
    """Progress and repeats rise, the earliest start is kept; "" where further has no meaning."""
    if field in COUNT_FIELDS:
        return PROVIDER if side > library else LIBRARY
    if field == "started_on":
        return PROVIDER if _day(side) < _day(library) else LIBRARY
    return ""


def _day(date: PartialDate) -> tuple[int, int, int]:
    """For comparing: an unknown part comes last, so that a known start beats an unknown one."""
    return (date.year or 9999, date.month or 99, date.day or 99)
