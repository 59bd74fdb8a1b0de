"""Entries that a service would not take: set aside with the reason, so that one bad item never blocks a list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from integrations.models import Connection
from syncing.core.plan import Item
from syncing.models import Parked
from syncing.services.planning import PARK_AFTER, RETRY_PARKED, wanted_digest


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
