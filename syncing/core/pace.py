"""How often a list is looked at: often while it moves, rarely while it sleeps. Time goes in, minutes come out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

SPREAD = 0.1
"""By so much, either way, an interval is moved so that a restart does not line everybody up."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the operator allows.

    shortest, longest: minutes. Nobody is looked at more often; nobody more rarely, unless they chose to.
    fastest, slowest:  the least and the most that the chosen interval is multiplied by; fastest <= 1 <= slowest.
    middle:            minutes without a change after which the interval is the chosen one.
    """

    shortest: float
    longest: float
    fastest: float
    slowest: float
    middle: float


class Tendency(StrEnum):
    CHOSEN = "chosen"
    OFTENER = "oftener"
    RARER = "rarer"


@dataclass(frozen=True, slots=True)
class Pace:
    """minutes: between two looks, before they are spread. tendency: against what the person chose."""

    minutes: float
    tendency: Tendency = Tendency.CHOSEN


def factor(quiet: float | None, bounds: Bounds) -> float:
    """What the chosen interval is multiplied by. quiet: minutes since the list last moved, None = not known.

    The root: nine days without a change make it three times as long as one, a month not quite six times. It asks for
    the time, not for a count of looks, so that a person who syncs by hand all day does not slow their list down.
    """
    if quiet is None:
        return 1.0
    return min(max(math.sqrt(max(quiet, 0.0) / bounds.middle), bounds.fastest), bounds.slowest)


def pace(chosen: float, quiet: float | None, *, bounds: Bounds, adapts: bool = True) -> Pace:
    """chosen: the person's minutes; adapts: False = always these. The operator's shortest holds in any case."""
    plain = max(chosen, bounds.shortest)
    if not adapts:
        return Pace(plain)
    minutes = min(max(chosen * factor(quiet, bounds), bounds.shortest), max(bounds.longest, plain))
    if minutes == plain:
        return Pace(plain)
    return Pace(minutes, Tendency.OFTENER if minutes < plain else Tendency.RARER)


def spread(minutes: float, draw: float) -> float:
    """minutes, moved by up to a tenth. draw: 0 <= draw < 1, even."""
    return minutes * (1 - SPREAD + 2 * SPREAD * draw)
