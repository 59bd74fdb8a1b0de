"""When two values say the same, and which of them says more. Pure.

Equality is the wrong question between scales: 87 of 100 and 9 of 10 are one opinion. Rounded scores agree when
the ranges of opinions they stand for overlap; partial dates agree when neither contradicts the other.
"""

from __future__ import annotations

from typing import Any

from integrations.capability import (
    SCALES,
    Capability,
    Totals,
    project_value,
    shown_value,
)
from library.entry import DATE_FIELDS, EMPTY, Status
from library.stamps import Stamp


def is_empty(field: str, value: Any) -> bool:
    """True when nobody has said anything. A status always says something."""
    return field in EMPTY and bool(value == EMPTY[field])


def agrees(field: str, side: Any, library: Any, stamp: Stamp, capability: Capability, totals: Totals) -> bool:
    """True when the side's value and the library's are one opinion."""
    if side == library or side == project_value(field, library, capability, totals):
        return True
    if field == "score":
        return _scores_overlap(side, library, stamp, capability)
    if field in DATE_FIELDS:
        return bool(side and library and (side.coarsens(library) or library.coarsens(side)))
    return False


def _scores_overlap(side: int, library: int, stamp: Stamp, capability: Capability) -> bool:
    if side == 0 or library == 0:
        return False
    low, high = capability.scale.opinions(side)
    library_low, library_high = SCALES[stamp.scale].opinions(library)
    return low <= library_high and library_low <= high


def is_finer(field: str, side: Any, library: Any, stamp: Stamp, capability: Capability) -> bool:
    """True when the side's value, which agrees with the library's, says more."""
    if side == library:
        return field == "score" and side != 0 and _width(capability.scale.slug, side) < _width(stamp.scale, library)
    if field == "score":
        return _width(capability.scale.slug, side) < _width(stamp.scale, library)
    return field in DATE_FIELDS and bool(library.coarsens(side))


def _width(scale: str, score: int) -> int:
    low, high = SCALES[scale].opinions(score)
    return high - low


def restates(field: str, side: Any, library: Any, capability: Capability, totals: Totals) -> bool:
    """True when a side's new value only says again, and no more finely, what the library says: never a vote."""
    if side == library or side == project_value(field, library, capability, totals):
        return True
    if field == "score":
        low, high = capability.scale.opinions(side)
        return bool(side and library) and low <= library <= high
    return field in DATE_FIELDS and bool(side) and bool(side.coarsens(library))


def shows(field: str, side: Any, library: Any, stamp: Stamp, capability: Capability, totals: Totals) -> bool:
    """True when the side already holds the best it can show of the library's value: no write is due."""
    if shown_value(field, side, capability) == shown_value(field, library, capability, totals):
        return True
    if field == "score":
        return _scores_overlap(side, library, stamp, capability)
    # A service that keeps whole dates only cannot show "2024"; the whole day it has may stay.
    return field in DATE_FIELDS and bool(library and side and library.coarsens(side))


_RANKS = {Status.PLANNED: 0, Status.CURRENT: 1, Status.COMPLETED: 2}
_DROPPABLE = (Status.PLANNED, Status.CURRENT, Status.PAUSED)


def is_further(field: str, value: Any, than: Any) -> bool:
    """True when a record that only grows has grown from `than` to `value`.

    A status goes planned, current, completed, and from any but the last to dropped; what a person paused, dropped or
    began again is not overtaken by it (trakt.md 8).
    """
    if field != "status":
        return bool(value > than)
    if value is Status.DROPPED:
        return than in _DROPPABLE
    return value in _RANKS and than in _RANKS and _RANKS[value] > _RANKS[than]
