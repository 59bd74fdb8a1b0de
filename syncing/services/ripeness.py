"""Which connections a batched probe may answer for: those whose run would only look, and find nothing to do here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.models import ConnectionState
from library.queries import revisions_of
from syncing.models import Schedule
from syncing.services import marks
from syncing.services.fetching import COMPLETE_AT_LEAST_EVERY
from syncing.services.outcomes import STAYS

IMMINENT = timedelta(seconds=90)
"""Longer than a tick, so that nobody's own run begins before they were looked at once."""
HORIZON = timedelta(minutes=15)
"""How far ahead others are taken along when somebody is due: at most a quarter of their wait."""
OPEN_WISH = timedelta(minutes=1)
"""A due time so soon after a wish was set by the wish; a run that answered it is due by the interval again."""
MOST = 300
"""People in one turn."""


def ripe(provider: str, *, size: int) -> list[UUID]:
    """Who to look at now, in batches of `size`, the longest due first; nobody while nobody is due."""
    now = timezone.now()
    near = _rows(provider, now).filter(lease_until=None, due_at__lte=now + HORIZON)
    rows = [row for row in _allowed(near.order_by("due_at")[:MOST], now) if row.due_at - now <= _ahead(row)]
    due = sum(row.due_at - now <= IMMINENT for row in rows)
    # The last batch costs the same when it is full.
    return [row.pk for row in rows[: -(-due // size) * size]]


def still_ripe(provider: str, ids: Collection[UUID]) -> list[Schedule]:
    """Of those that were just claimed, the ones that may be answered for; with connection, person and baseline."""
    now = timezone.now()
    return _allowed(_rows(provider, now).filter(pk__in=ids), now)


def _rows(provider: str, now: datetime) -> QuerySet[Schedule]:
    """Nobody is waiting for them, nothing went wrong lately, and the daily whole read is not due."""
    rows = Schedule.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        provider=provider,
        is_on=True,
        interactive=False,
        full=False,
        preview=False,
        failures=0,
        connection__state=ConnectionState.ACTIVE,
        connection__user__is_active=True,
        connection__message_code__in=("", STAYS),
        connection__baseline__complete_at__gt=now - COMPLETE_AT_LEAST_EVERY,
        connection__baseline__digest__gt="",
    )
    return rows.select_related("connection__user", "connection__baseline").defer("connection__baseline__data")


def _allowed(rows: QuerySet[Schedule], now: datetime) -> list[Schedule]:
    found = list(rows)
    revisions = revisions_of({row.user_id for row in found})
    return [row for row in found if _may_be_told(row, revisions.get(row.user_id, 0), now)]


def _may_be_told(row: Schedule, revision: int, now: datetime) -> bool:
    baseline, expires_at = row.connection.baseline, row.connection.token_expires_at
    if row.wanted_at is not None and row.due_at <= row.wanted_at + OPEN_WISH:
        return False
    # Nobody's token is used here, so a dead one would go unnoticed.
    if expires_at is not None and expires_at <= now:
        return False
    return baseline.library_revision == revision and marks.may_ask(baseline.probe_mark, now)


def _ahead(row: Schedule) -> timedelta:
    """How long before its time one may be looked at: three quarters of its wait are over."""
    since = row.connection.last_synced_at
    wait = timedelta(0) if since is None else (row.due_at - since) / 4
    return max(IMMINENT, min(HORIZON, wait))
