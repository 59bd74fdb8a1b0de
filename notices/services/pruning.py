"""What was told is kept for a month, so that a person can look it up."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from notices.models import Notice

KEPT = timedelta(days=31)
BATCH = 2_000


def prune() -> int:
    """Returns how many rows went."""
    old, gone = Notice.objects.filter(created_at__lt=timezone.now() - KEPT), 0
    while keys := list(old.values_list("pk", flat=True)[:BATCH]):
        Notice.objects.filter(pk__in=keys).delete()
        gone += len(keys)
    return gone
