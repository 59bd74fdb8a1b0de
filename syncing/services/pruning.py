"""Throwing away what nobody needs any more, in steps that do not hold a table for long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from syncing.models import Baseline, Change, Review, ReviewState, RunState, SyncRun, Unmatched
from syncing.services import importing

BATCH = 2000


def prune() -> int:
    """Old journal rows, runs without changes, and answered questions; returns how many rows went."""
    _look_up_again()
    importing.expire_imports()
    horizon = timezone.now() - timedelta(days=settings.JOURNAL_DAYS)
    gone = _delete(Change.objects.filter(created_at__lt=horizon))
    ended = SyncRun.objects.filter(finished_at__lt=horizon).exclude(state=RunState.PREVIEW)
    gone += _delete(ended.filter(changes=None))
    answered = Review.objects.filter(created_at__lt=horizon).exclude(state=ReviewState.OPEN)
    return gone + _delete(answered)


def _look_up_again() -> None:
    """What had no counterpart a week ago may have one now: an unchanged list must be looked at once more."""
    late = Unmatched.objects.filter(retry_at__lte=timezone.now())
    Baseline.objects.filter(pk__in=late.values("connection")).exclude(digest="").update(digest="")


def _delete(rows: QuerySet[Any]) -> int:
    gone = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model.objects.filter(pk__in=keys).delete()
        gone += len(keys)
    return gone
