"""How each class of trouble is waited out: one table, and the arithmetic on it. Reasons: docs/decisions/0020. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
DEATHS = 3
"""Workers in a row that may die at one connection before it is taken for the cause."""
UNDO_TRIES = 3
"""Times in a row that an undo may fail by our own fault before it is given up: it stands before every sync."""
SPREAD = 0.1
"""By so much a wait that a service asks for, and the day of one that rests, is prolonged: not all come back at once."""
LEAST = 0.5
"""The least part of a growing wait that is waited: full jitter would bring some back at once (reliability.md 1.5)."""


class Whose(StrEnum):
    """Who can do something about it."""

    SERVICE = "service"
    PERSON = "person"
    OPERATOR = "operator"
    OURS = "ours"


WAKES = frozenset({Whose.OPERATOR, Whose.OURS})
"""Failures: somebody who runs this house must hear of them. All else is a halt: counted and shown."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How one class of trouble is waited out.

    base, cap: the first and the longest wait, in seconds; growth: from each failure in a row to the next.
    deadline:  seconds since the first failure in a row after which it is tried once a day only; None = never.
    counts:    whether it is a failure at all; where not, neither the failures in a row nor their time move.
    """

    whose: Whose
    base: float
    cap: float = 6 * HOUR
    growth: float = 2.0
    deadline: float | None = 3 * DAY
    counts: bool = True


TABLE: Mapping[str, Retry] = {
    # A limit is no failure: the service, or our own limiter, says when it is over.
    "rate_limited": Retry(Whose.SERVICE, 5.0, cap=5.0, growth=1.0, deadline=None, counts=False),
    # The breaker knows when to look, and while it is open a try costs no request.
    "unavailable": Retry(Whose.SERVICE, 30.0, cap=30 * MINUTE, deadline=7 * DAY),
    "transient": Retry(Whose.SERVICE, 30.0),
    "rejected": Retry(Whose.SERVICE, 5 * MINUTE, deadline=DAY),
    # Its schedule is off until the person signs in again.
    "needs_login": Retry(Whose.PERSON, DAY, cap=DAY, growth=1.0, deadline=None, counts=False),
    "app_rejected": Retry(Whose.OPERATOR, 5 * MINUTE),
    # Our own database or counter: back within minutes, and then everybody should be.
    "storage": Retry(Whose.OPERATOR, 30.0, cap=15 * MINUTE, deadline=None),
    # Repeating does not mend these; somebody has to. Each try costs the service's budget meanwhile.
    "malformed": Retry(Whose.OURS, 5 * MINUTE, growth=4.0),
    "internal": Retry(Whose.OURS, MINUTE, growth=4.0, deadline=2 * DAY),
    # Of `DEATHS` in a row the last ends the patience: a worker has a dozen other runs that die with it.
    "worker_lost": Retry(Whose.OURS, MINUTE, growth=4.0, deadline=2 * DAY),
}

LEFT_OVER = Retry(Whose.SERVICE, MINUTE, cap=MINUTE, growth=1.0)
"""A run that ended well but left something: sooner than the interval, later than at once."""


def codes_of(*whose: Whose) -> frozenset[str]:
    return frozenset(code for code, rule in TABLE.items() if rule.whose in whose)


def rests(rule: Retry, failing_for: float) -> bool:
    """True when it is tried once a day only. failing_for: seconds since the first failure in a row."""
    return rule.deadline is not None and failing_for >= rule.deadline


def wait(rule: Retry, *, failures: int, draw: float, told: float | None = None, resting: bool = False) -> float:
    """Seconds until the next try.

    failures: in a row, this one included. draw: 0..1, spreads what failed together. told: the service's own wish; it is
    never undercut.
    """
    if resting:
        seconds = DAY * (1 + SPREAD * draw)
    else:
        # 1.0 to 64 doublings: far above each cap, and far below what a float can hold.
        ceiling = min(rule.cap, rule.base * rule.growth ** min(max(failures - 1, 0), 64))
        seconds = ceiling * (LEAST + (1 - LEAST) * draw)
    return max(seconds, (told or 0.0) * (1 + SPREAD * draw))


class Cause(StrEnum):
    """Why an entry is set aside: the service refused it, its answers were lost or made no sense, or a fault of ours."""

    REFUSED = "refused"
    LOST = "lost"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Patience:
    """How one entry that failed is tried again. waits: seconds after each failure in a row, the last one for all that
    follow; for_good: after the last there is no other try until what is wanted of it changes."""

    waits: tuple[float, ...]
    for_good: bool = False


REFUSED = Patience((5 * MINUTE, HOUR), for_good=True)
LOST = Patience((0.0, 5 * MINUTE, HOUR, 6 * HOUR, DAY))
"""The first time it is only sent after all others: one lost answer is a matter of luck. It is never given up, since
what is to blame may be the service as a whole."""
FAULT = Patience((5 * MINUTE, HOUR, DAY))
"""Never given up: the next version of ours may know how to do it."""
ENTRIES: Mapping[Cause, Patience] = {Cause.REFUSED: REFUSED, Cause.LOST: LOST, Cause.FAULT: FAULT}


def wait_of_entry(cause: Cause, failures: int) -> float | None:
    """Seconds from the last failure to the next try; None = none."""
    patience = ENTRIES[cause]
    if failures <= len(patience.waits):
        return patience.waits[max(failures, 1) - 1]
    return None if patience.for_good else patience.waits[-1]
