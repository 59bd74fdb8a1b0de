"""What somebody who runs this house must know: failures of ours, and work that nobody does.

Each question is one look into an index that holds what is wrong and little else, and it stops at AT_MOST rows: at a
million people it costs what it costs at ten. An alarm names no person, no list and no error's text.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.providers import registry
from integrations.services.figures import Standing, standings
from syncing.core import retry
from syncing.models import Parked, RunState, Schedule, SyncRun, Unmatched

log = logging.getLogger(__name__)

AT_MOST = 1000
"""Rows of one question. Whether there are more makes no difference to who has to get up."""
LATELY = timedelta(hours=1)
STUCK = timedelta(hours=1)
"""Beyond its time a list is overdue, a trouble of ours or an outage is no moment's matter."""
LONGEST = timedelta(days=1)
"""From a run's begin to the word that it failed, nights without workers included."""
UNSWEPT = timedelta(minutes=2)
"""Four sweeps."""
ENTRIES_WITHIN = timedelta(days=1)
"""An entry on which our own code fails is tried again once a day."""
AGAIN = timedelta(hours=1)
"""An alarm that stays is told again in the log after this."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """code: what it is about, and of which service after a dot where it is one's. count: AT_MOST = that many at least.
    since: of what is counted the first; None where that is not known."""

    code: str
    count: int
    since: datetime | None = None


def read_alarms() -> list[Alarm]:
    """By code. Raises what the database raises; without Redis nothing is known of the services, which is an alarm."""
    now = timezone.now()
    found = [*_failed_runs(now), *_stuck_troubles(now), *_unswept(now), *_entries(now), *_services(now)]
    return sorted(found, key=lambda alarm: alarm.code)


def _failed_runs(now: datetime) -> Iterator[Alarm]:
    """Index run_failed, which is by the begin: one that died is given up by the next sweeps."""
    begun = SyncRun.objects.filter(state=RunState.FAILED, started_at__gt=now - LATELY - LONGEST)
    rows = begun.filter(finished_at__gt=now - LATELY).order_by("-started_at")
    times: dict[str, list[datetime]] = {}
    for code, at in rows.values_list("error_code", "finished_at")[:AT_MOST]:
        if at is not None:
            times.setdefault(code or "unknown", []).append(at)
    for code, some in times.items():
        yield Alarm(f"run_{code}", len(some), min(some))


def _stuck_troubles(now: datetime) -> Iterator[Alarm]:
    """Connections that have failed for a while by a trouble of ours or of this house. Index schedule_trouble, one look
    a code."""
    for code in sorted(retry.codes_of(*retry.WAKES)):
        rows = Schedule.objects.filter(trouble=code, failing_since__lt=now - STUCK, is_on=True)
        yield from _counted(f"stuck_{code}", rows, "failing_since")


def _unswept(now: datetime) -> Iterator[Alarm]:
    """Nobody takes back what dead workers held. Index schedule_lease."""
    yield from _counted("leases_unswept", Schedule.objects.filter(lease_until__lt=now - UNSWEPT), "lease_until")


def _entries(now: datetime) -> Iterator[Alarm]:
    """Entries on which our own code fails. Indexes parked_due and unmatched_faults."""
    parked = Parked.objects.filter(cause=retry.Cause.FAULT, last_failed_at__gt=now - ENTRIES_WITHIN)
    yield from _counted("entries_set_aside", parked, "last_failed_at")
    yield from _counted("entries_not_understood", Unmatched.objects.filter(reason="fault"), "first_seen_at")


def _counted(code: str, rows: QuerySet[Any], column: str) -> Iterator[Alarm]:
    """Nothing for no rows; the oldest come first."""
    times = list(rows.order_by(column).values_list(column, flat=True)[:AT_MOST])
    if times:
        yield Alarm(code, len(times), times[0])


def _services(now: datetime) -> Iterator[Alarm]:
    for standing in standings():
        if not standing.is_enabled:
            continue
        if not standing.is_known:
            yield Alarm(f"budgets_unknown.{standing.slug}", 1)
        elif standing.breaker.away_for > STUCK.total_seconds():
            yield Alarm(f"away.{standing.slug}", 1, now - timedelta(seconds=standing.breaker.away_for))
        elif _is_reachable(standing):
            yield from _overdue(standing.slug, now)


def _is_reachable(standing: Standing) -> bool:
    return standing.breaker.state == "closed" and not standing.blocked_for


def _overdue(slug: str, now: datetime) -> Iterator[Alarm]:
    """Lists that should have been looked at long ago: workers are missing, or there is more to do than the service
    allows. Index schedule_next, from its longest due on."""
    before = now - STUCK
    for code, interactive in (("overdue", False), ("people_wait", True)):
        rows = Schedule.objects.filter(
            Q(not_before=None) | Q(not_before__lt=before),
            provider=slug,
            is_on=True,
            interactive=interactive,
            due_at__lt=before,
            lease_until=None,
        )
        yield from _counted(f"{code}.{slug}", rows, "due_at")


def tell_alarms() -> int:
    """One line in the log for each that is new, or was told long ago; how many. Two at once tell it once."""
    told = 0
    for alarm in read_alarms():
        if cache.add(f"syncing.alarm:{alarm.code}", 1, timeout=int(AGAIN.total_seconds())):
            since = alarm.since.isoformat(timespec="seconds") if alarm.since else "unknown"
            log.error("alarm %s: %d, since %s", alarm.code, alarm.count, since)
            told += 1
    return told


def services_of(alarm: Alarm) -> str:
    """The name of the service it is about, "" for all."""
    slug = alarm.code.partition(".")[2]
    return registry.get(slug).name if slug in registry.slugs() else ""
