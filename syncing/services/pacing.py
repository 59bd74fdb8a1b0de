"""When a connection is looked at next: its own interval, its kinds' intervals, and how lively its list is."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from integrations.models import Connection
from integrations.providers import registry
from library.entry import Kind
from syncing.core.pace import SPREAD, Bounds, Pace, pace, spread
from syncing.services.leases import Lease
from syncing.services.rules import kinds_of


@dataclass(frozen=True, slots=True)
class Looks:
    """due_at: the soonest look. kinds_due: as in Schedule; None where kinds have no intervals of their own."""

    due_at: datetime
    kinds_due: dict[str, str] | None = None


def bounds() -> Bounds:
    return Bounds(
        shortest=settings.SYNC_MIN_INTERVAL_MINUTES,
        longest=settings.SYNC_MAX_INTERVAL_MINUTES,
        fastest=settings.SYNC_PACE_FASTEST_PERCENT / 100,
        slowest=settings.SYNC_PACE_SLOWEST_PERCENT / 100,
        middle=settings.SYNC_PACE_MIDDLE_HOURS * 60,
    )


def quiet_since(connection: Connection) -> datetime | None:
    """Since when nothing new was found there; None before the first sync."""
    return connection.moved_at or connection.approved_at


def pace_of(connection: Connection, kind: Kind | None = None) -> Pace:
    """As things stand now."""
    since = quiet_since(connection)
    return pace(
        connection.intervals.get(str(kind), connection.interval_minutes),
        None if since is None else (timezone.now() - since) / timedelta(minutes=1),
        bounds=bounds(),
        adapts=connection.adapts,
    )


def next_due(connection: Connection) -> datetime:
    """The soonest look, when none of its kinds was looked at or all were."""
    return next_looks(connection).due_at


def spread_later(at: datetime) -> datetime:
    """Up to a tenth of the wait later, never earlier: what is set aside until then would only be met again."""
    return at + (at - timezone.now()) * SPREAD * random.random()  # noqa: S311 - jitter


NEVER = timedelta(days=36_500)
"""A date for rows that are due only when somebody asks."""


def next_looks(connection: Connection, lease: Lease | None = None, *, looked_at: Collection[Kind] = ()) -> Looks:
    """looked_at: the kinds that the run of this lease saw, empty = all; the others keep their time."""
    draw, now = random.random(), timezone.now()  # noqa: S311 - jitter
    if not connection.automatic:
        return Looks(now + NEVER)
    if not connection.intervals:
        return Looks(now + timedelta(minutes=spread(pace_of(connection).minutes, draw)))
    kept = lease.kinds_due if lease is not None and looked_at else {}
    due = {}
    for kind in sorted(kinds_of(connection, registry.get(connection.provider))):
        # One draw for all, so that kinds of one interval stay together.
        at = now + timedelta(minutes=spread(pace_of(connection, kind).minutes, draw))
        due[str(kind)] = at if kind in looked_at or str(kind) not in kept else datetime.fromisoformat(kept[str(kind)])
    return Looks(min(due.values()), {kind: at.isoformat() for kind, at in due.items()})


def kinds_to_look_at(connection: Connection, lease: Lease) -> frozenset[Kind]:
    """The kinds that are due; all when a person asked, and when none is due by itself."""
    kinds = kinds_of(connection, registry.get(connection.provider))
    if not connection.intervals or lease.interactive or lease.full or lease.preview:
        return kinds
    now = timezone.now()
    later = {kind for kind, at in lease.kinds_due.items() if datetime.fromisoformat(at) > now}
    return frozenset(kind for kind in kinds if str(kind) not in later) or kinds
