"""Whole ticks among a million people: their time, their statements, and what these do inside PostgreSQL."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.bench.scale_plans import Told, explained
from tests.bench.scale_tables import ANILIST, CLAIM, finish_all, timed
from tests.bench.scale_ticks import TICKS

if TYPE_CHECKING:
    from tests.bench.scale_tables import Bench

REPEATS = 20


def measure_ticks(bench: Bench) -> None:
    from integrations.services.providers import redis_client
    from project.queues import queue_names
    from syncing import tasks
    from syncing.services import dispatching

    took, sent = [], 0
    for _ in range(REPEATS):
        took.append(timed(tasks.start_due_runs))
        client: Any = redis_client()
        sent += sum(client.llen(name) for name in queue_names())
        client.flushall()
        _give_all_back()
    bench.note("start_due_runs, with publishing", took, more=f"{sent / REPEATS:.0f} messages")
    tasks.start_due_runs()
    bench.note("start_due_runs, no room left", [timed(tasks.start_due_runs) for _ in range(REPEATS)])
    bench.note("start_persons_runs", [timed(TICKS["start_persons_runs"]) for _ in range(REPEATS)])
    redis_client().flushall()
    _give_all_back()
    _claim(CLAIM)
    bench.note(f"room_of, {CLAIM} held", [timed(lambda: dispatching.room_of(ANILIST)) for _ in range(REPEATS)])
    _give_all_back()


def tell_plans(bench: Bench) -> None:
    """A line a statement and tick; the slowest of each sort where a tick sends several of a sort."""
    from integrations.services.providers import redis_client

    for name, tick in TICKS.items():
        told = explained(tick)
        found: dict[str, list[Told]] = {}
        for one in told:
            found.setdefault(" + ".join(one.indexes) or "whole: " + ", ".join(one.sequential) or "-", []).append(one)
        for indexes, statements in found.items():
            worst = max(statements, key=lambda one: one.ms)
            print(
                f"plan, {name:<20} {len(statements):>3} x {worst.sql.split()[0]:<7} {worst.ms:8.2f} ms "
                f"{worst.rows:>8,} rows {worst.buffers:>8,} pages  {indexes}",
                flush=True,
            )
        bench.figures[f"plan of {name}"] = [
            {
                "ms": round(one.ms, 2),
                "rows": one.rows,
                "pages": one.buffers,
                "indexes": one.indexes,
                "whole": one.sequential,
            }
            for one in told
        ]
        _give_all_back()
    redis_client().flushall()


def measure_sweep(bench: Bench) -> None:
    from django.utils import timezone

    from syncing import tasks
    from syncing.models import Schedule

    # Each death is a line in the log: a thousand of them would hide the figures.
    logging.getLogger("syncing.services.sweeping").setLevel(logging.ERROR)
    bench.note("sweep, nothing to do", [timed(tasks.sweep) for _ in range(REPEATS)])
    for name, begun in (("lost messages", None), ("dead workers", timezone.now() - timedelta(hours=1))):
        held = _claim(CLAIM)
        Schedule.objects.filter(pk__in=held).update(lease_until=timezone.now() - timedelta(hours=1), begun_at=begun)
        bench.note(f"sweep, {CLAIM} expired, {name}", [timed(tasks.sweep)])
        finish_all(held)
    Schedule.objects.exclude(deaths=0).update(deaths=0, not_before=None)


def measure_ripe(bench: Bench) -> None:
    from syncing.services import ripeness

    def look(most: int) -> int:
        return len(ripeness.ripe(ANILIST, size=30, most=most))

    found = look(420)
    bench.note("ripe, 14 batches", [timed(lambda: look(420)) for _ in range(REPEATS)], more=f"{found} people")
    everybody = 10**9
    found = look(everybody)
    took = [timed(lambda: look(everybody)) for _ in range(3)]
    bench.note("ripe, all that are due looked through", took, more=f"{found:,} people")


def measure_prune(bench: Bench) -> None:
    """A night with nothing to do, and one with 20,000 old changes, 2,000 old runs and 5,000 entries to look up."""
    from django.db import connection as database

    from syncing import tasks

    bench.note("prune, nothing to do", [timed(tasks.prune) for _ in range(5)])
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE syncing_change SET created_at = now() - interval '400 days' WHERE id IN "
            "(SELECT id FROM syncing_change ORDER BY id LIMIT 20000)"
        )
        cursor.execute(
            "UPDATE syncing_syncrun SET started_at = now() - interval '400 days', "
            "finished_at = now() - interval '399 days' WHERE id IN (SELECT id FROM syncing_syncrun LIMIT 2000)"
        )
        cursor.execute(
            "UPDATE syncing_unmatched SET retry_at = now() WHERE id IN (SELECT id FROM syncing_unmatched LIMIT 5000)"
        )
    bench.note("prune, a night", [timed(tasks.prune)])


def _claim(count: int) -> list[Any]:
    from syncing.services import leases

    return [lease.connection_id for lease in leases.claim_due(ANILIST, limit=count, interactive=False)]


def _give_all_back() -> None:
    from syncing.models import Schedule

    finish_all(list(Schedule.objects.exclude(lease_until=None).values_list("pk", flat=True)))
