"""Throwing away what nobody needs any more, in steps that do not hold a table for long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from syncing.core.retry import Cause
from syncing.models import (
    Baseline,
    Change,
    Parked,
    Review,
    ReviewState,
    RunState,
    SyncRun,
    Unmatched,
)
from syncing.services import importing
from syncing.services.nudging import send

BATCH = 2000
NIGHT_HOURS = 20
"""It runs once a day: whatever failed before that is due, or will be before it runs again."""
TURN_SECONDS = 300.0
"""After that other upkeep gets its turn; the rest follows behind it."""


def prune() -> int:
    """Old journal rows, runs without changes, and answered questions; returns how many rows went."""
    _look_up_again()
    importing.expire_imports()
    ends = monotonic() + TURN_SECONDS
    horizon = timezone.now() - timedelta(days=settings.JOURNAL_DAYS)
    gone = _delete_old(Change.objects.all(), horizon, ends=ends)
    gone += _delete_runs(horizon, ends=ends)
    gone += _delete_old(Review.objects.exclude(state=ReviewState.OPEN), horizon, ends=ends)
    if monotonic() >= ends:
        send("syncing.prune", [], queue="upkeep")
    return gone


def _look_up_again() -> None:
    """What had no counterpart a week ago may have one now: an unchanged list must be looked at once more."""
    late = Unmatched.objects.filter(retry_at__lte=timezone.now())
    for batch in _walk(late, "retry_at", "connection_id"):
        whose = {connection_id for _, _, connection_id in batch}
        Baseline.objects.filter(pk__in=whose).exclude(digest="").update(digest="")
    # So is an entry that is tried again once a day only.
    for cause in (Cause.LOST, Cause.FAULT):
        failed = Parked.objects.filter(cause=cause, last_failed_at__lte=timezone.now() - timedelta(hours=NIGHT_HOURS))
        for batch in _walk(failed, "last_failed_at", "connection_id"):
            whose = {connection_id for _, _, connection_id in batch}
            Baseline.objects.filter(pk__in=whose).exclude(digest="").update(digest="")


def _delete_old(rows: QuerySet[Any], horizon: datetime, *, ends: float) -> int:
    """By the keys, which grow as the days do: the first batch without an old row is the last to be looked at."""
    gone = 0
    for batch in _walk(rows.model.objects.all(), "pk", "created_at"):
        old = [pk for _, pk, created_at in batch if created_at < horizon]
        if not old or monotonic() >= ends:
            break
        gone += _delete(rows.filter(pk__in=old))
    return gone


def _delete_runs(horizon: datetime, *, ends: float) -> int:
    """A run that others were folded into began long before it ended: it is passed over."""
    gone = 0
    for batch in _walk(SyncRun.objects.filter(started_at__lt=horizon), "started_at", "finished_at"):
        if monotonic() >= ends:
            break
        old = [pk for _, pk, finished_at in batch if finished_at is not None and finished_at < horizon]
        gone += _delete(SyncRun.objects.filter(pk__in=old, changes=None).exclude(state=RunState.PREVIEW))
    return gone


def _delete(rows: QuerySet[Any]) -> int:
    """How many of the rows themselves went."""
    return rows.delete()[1].get(rows.model._meta.label, 0)


def _walk(rows: QuerySet[Any], order: str, *columns: str) -> Iterator[list[Any]]:
    """Batches of (order, pk, columns…): each row is looked at once, by the index that `order` has."""
    after = Q()
    while batch := list(rows.filter(after).order_by(order, "pk").values_list(order, "pk", *columns)[:BATCH]):
        yield batch
        last, pk = batch[-1][:2]
        after = Q(**{f"{order}__gte": last}) & (Q(**{f"{order}__gt": last}) | Q(pk__gt=pk))
