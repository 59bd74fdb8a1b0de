"""Forgetting what POSTs with an Idempotency-Key were answered."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import IdempotentAnswer

KEPT = timedelta(hours=24)
BATCH = 5_000


def prune_answers() -> int:
    """How many were dropped. In batches, so that no lock is held for long."""
    dropped = 0
    while True:
        old = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).values_list("pk", flat=True)[:BATCH]
        number = IdempotentAnswer.objects.filter(pk__in=list(old)).delete()[0]
        dropped += number
        if number < BATCH:
            return dropped
