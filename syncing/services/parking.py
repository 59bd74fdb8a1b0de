"""Entries that a service would not take: set aside with the reason, so that one bad item never blocks a list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from django.utils import timezone

from integrations.errors import Gone, ProviderError
from integrations.models import Connection
from library.entry import Kind, to_json
from syncing.core.model import Action
from syncing.core.plan import Item, Plan
from syncing.models import Parked

PARK_AFTER = 3
RETRY_PARKED = (timedelta(minutes=5), timedelta(hours=1))


UNAVAILABLE = "Unavailable: "
"""Begins the message of what the service does not have (any more)."""


def words_of(error: ProviderError) -> str:
    """What is kept of a refusal, for the person."""
    return f"{UNAVAILABLE}{error.message}" if isinstance(error, Gone) else error.message


def park(connection: Connection, item: Item, *, message: str) -> None:
    """Count one more failure of this wish; another wish starts at one."""
    wanted = wanted_digest(item)
    row, created = Parked.objects.get_or_create(
        connection=connection,
        kind=item.track.kind,
        remote_id=item.track.remote_id,
        defaults={"user_id": connection.user_id, "wanted": wanted, "failures": 1, "message": message[:500]},
    )
    if created:
        return
    failures = row.failures + 1 if row.wanted == wanted else 1
    Parked.objects.filter(pk=row.pk).update(
        wanted=wanted, failures=failures, message=message[:500], last_failed_at=timezone.now()
    )


def next_try(connection: Connection, items: Iterable[Item]) -> datetime | None:
    """When the first of these set-aside items is to be tried again; None when each has been tried often enough."""
    keys = {(str(item.track.kind), item.track.remote_id) for item in items}
    rows = Parked.objects.filter(connection=connection, failures__lt=PARK_AFTER)
    times = [row.last_failed_at + RETRY_PARKED[row.failures - 1] for row in rows if (row.kind, row.remote_id) in keys]
    return min(times, default=None)


def unpark(connection: Connection, items: list[Item]) -> None:
    """What was done is parked no longer."""
    for row in Parked.objects.filter(connection=connection):
        if any(item.track.kind == row.kind and item.track.remote_id == row.remote_id for item in items):
            row.delete()


def without_parked(connection: Connection, plan: Plan) -> tuple[Plan, tuple[Item, ...]]:
    """Entries that the service refused are left out until what we want of it changes, or a retry is due."""
    known = {(Kind(row.kind), row.remote_id): row for row in Parked.objects.filter(connection=connection)}
    if not known:
        return plan, ()
    parked = tuple(item for item in plan.items if item.key in known and _still_parked(known[item.key], item))
    if not parked:
        return plan, ()
    left_out = {item.key for item in parked}
    kept = tuple(item for item in plan.items if item.key not in left_out)
    return Plan(kept, plan.settled, plan.unroutable, plan.census), parked


def _still_parked(row: Parked, item: Item) -> bool:
    if item.verdict.to_side is Action.NONE or row.wanted != wanted_digest(item):
        return False
    if row.failures >= PARK_AFTER:
        return True
    return row.last_failed_at + RETRY_PARKED[row.failures - 1] > timezone.now()


def wanted_digest(item: Item) -> str:
    """What a write wants, in short: the same wish that failed is not tried again at once."""
    wish = [item.verdict.to_side, [[move.field, to_json(move.field, move.after)] for move in item.verdict.moves_out]]
    return hashlib.blake2b(msgspec.json.encode(wish), digest_size=24).hexdigest()
