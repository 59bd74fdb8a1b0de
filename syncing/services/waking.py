"""A work got an id at a service: whoever waited for that is due, in whatever connection."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.utils import timezone

from library.entry import Kind
from library.services.catalogue import CHUNK
from syncing.models import Baseline, Schedule, Unmatched
from syncing.services import nudging

APART = timedelta(seconds=2)
"""Between the runs that are brought forward: one id may concern many people, and a service has its pace."""


def make_due(provider: str, kind: Kind, pairs: Mapping[str, int]) -> None:
    """pairs: {id at `provider`: media id}, newly learnt. The works' rows everywhere (another service may translate
    from the new id), and entries that bear it. Two queries for every 2,000 pairs where nobody waits."""
    waiting: set[UUID] = set()
    news = sorted(pairs.items())
    for at in range(0, len(news), CHUNK):
        ids, media = zip(*news[at : at + CHUNK], strict=True)
        works = Unmatched.objects.filter(media_id__in=media)
        entries = Unmatched.objects.filter(connection__provider=provider, kind=kind, remote_id__in=ids)
        for rows in (works, entries):
            waiting.update(rows.values_list("connection_id", flat=True).distinct())
    media_ids = frozenset(pairs.values())
    for at, connection_id in enumerate(sorted(waiting)):
        _make_due(connection_id, media_ids, after=APART * at)
    if waiting:
        nudging.nudge()


def _make_due(connection_id: UUID, media_ids: Collection[int], *, after: timedelta) -> None:
    """Their next run looks at everything, and soon. Whoever is running, we among them, is not called again."""
    now = timezone.now()
    soon = now + after
    with transaction.atomic():
        # The schedule's row first, as a run that ends takes them.
        free = Q(is_on=True, lease_until=None, due_at__gt=soon)
        due_at = Case(When(free, then=Value(soon)), default=F("due_at"), output_field=DateTimeField())
        Schedule.objects.filter(pk=connection_id).update(due_at=due_at)
        late = Unmatched.objects.filter(connection=connection_id, retry_at__gt=now).exclude(media=None)
        due = [pk for pk, media_id in late.values_list("pk", "media_id") if media_id in media_ids]
        for at in range(0, len(due), CHUNK):
            Unmatched.objects.filter(pk__in=due[at : at + CHUNK]).update(retry_at=now)
        Baseline.objects.filter(pk=connection_id).exclude(digest="").update(digest="")
