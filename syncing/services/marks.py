"""What `Baseline.probe_mark` says where many people are probed in one request (`BatchProber`).

    "<mark>"        told from outside, and a whole read came after it: the same mark again means that nothing moved
    "?<mark>"       told from outside, and no whole read came after it yet
    "!<seconds>"    nothing that can be told from outside stands for this list; not asked again before then (unix time)

Where each connection is probed by itself the column holds that probe's mark as it is, and nothing here is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, Case, Q, When
from django.db.models.functions import Cast, Substr
from django.db.models.lookups import LessThanOrEqual

from library.entry import Entry

LONGEST = 127
"""Characters that the column has room for, one of ours left out."""
APART = timedelta(days=1)
"""For how long somebody is left out of the batches: a profile may become public again."""
_OFFERED, _APART = "?", "!"


def offer(mark: str) -> str:
    return _OFFERED + mark


def set_apart(now: datetime) -> str:
    return f"{_APART}{int((now + APART).timestamp())}"


def may_ask(held: str, now: datetime) -> bool:
    """False while a run is still to come for what was told, and for who was set apart."""
    if held.startswith(_APART):
        return int(held[1:]) <= now.timestamp()
    return not held.startswith(_OFFERED)


def askable(column: str, now: datetime) -> Q:
    """`may_ask` in the database's words. column: the way to it from the rows that are asked for."""
    # Only what surely is a number is made one: a database may look at conditions in any order.
    until = Case(
        When(**{f"{column}__startswith": _APART}, then=Cast(Substr(column, 2), BigIntegerField())),
        default=0,
        output_field=BigIntegerField(),
    )
    return ~Q(**{f"{column}__startswith": _OFFERED}) & Q(LessThanOrEqual(until, int(now.timestamp())))


def settled(held: str) -> str:
    """The mark that stands for the last whole read, "" when there is none."""
    return "" if held.startswith((_OFFERED, _APART)) else held


def confirm(held: str, entries: Iterable[Entry], *, now: datetime) -> str:
    """What to hold after a whole read of `entries`. The mark is older than the read, so an edit in between makes one
    run too many and never one too few. Private entries are shown to nobody else: their edits move no mark."""
    if any(entry.private for entry in entries):
        return held if held.startswith(_APART) and not may_ask(held, now) else set_apart(now)
    return held.removeprefix(_OFFERED)
