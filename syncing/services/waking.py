"""A work got an id at a service: whoever waited for that is due, in whatever connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.utils import timezone

from library.entry import Kind
from library.services.catalogue import CHUNK
from syncing.models import Baseline, Schedule, Unmatched
from syncing.services import nudging

APART = timedelta(seconds=2)
"""Between the runs that are brought forward: one id may concern many people, and a service has its pace."""
MOST_AT_ONCE = 500
"""In the run that learnt of it, which has a minute or so for everything."""


def make_due(provider: str, kind: Kind, pairs: Mapping[str, int]) -> None:
    """pairs: {id at `provider`: media id}, newly learnt. The works' rows everywhere (another service may translate
    from the new id), and entries that bear it. Two queries for every 2,000 pairs where nobody waits.

    Whoever comes after the first MOST_AT_ONCE is woken by the next night's upkeep.
    """
    waiting: defaultdict[UUID, set[int]] = defaultdict(set)
    news = sorted(pairs.items())
    for at in range(0, len(news), CHUNK):
        ids, media = zip(*news[at : at + CHUNK], strict=True)
        works = Unmatched.objects.filter(media_id__in=media)
        # The second condition is the index's: in a long list of ids the planner does not see it.
        bearers = Unmatched.objects.filter(kind=kind, remote_id__in=ids).exclude(remote_id="")
        for rows in (works, bearers.filter(connection__provider=provider)):
            for connection_id, pk in rows.values_list("connection_id", "pk"):
                waiting[connection_id].add(pk)
    media_ids = frozenset(pairs.values())
    order = sorted(waiting)
    for at, connection_id in enumerate(order[:MOST_AT_ONCE]):
        _make_due(connection_id, media_ids, after=APART * at)
    left = sorted(pk for connection_id in order[MOST_AT_ONCE:] for pk in waiting[connection_id])
    for at in range(0, len(left), CHUNK):
        _leave_for_upkeep(left[at : at + CHUNK])
    if waiting:
        nudging.nudge()


def _leave_for_upkeep(keys: Sequence[int]) -> None:
    """`pruning` finds these rows by their time. Who has a hand on one is just looking it up."""
    now = timezone.now()
    late = Unmatched.objects.filter(pk__in=keys, retry_at__gt=now)
    with transaction.atomic():
        if database.features.has_select_for_update_skip_locked:
            late = late.select_for_update(skip_locked=True)
        Unmatched.objects.filter(pk__in=list(late.values_list("pk", flat=True))).update(retry_at=now)


def _make_due(connection_id: UUID, media_ids: Collection[int], *, after: timedelta) -> None:
    """Their next run looks at everything, and soon. Whoever is running, we among them, is not called again."""
    now = timezone.now()
    soon = now + after
    with transaction.atomic():
        # The schedule's row first, as a run that ends takes them.
        free = Q(is_on=True, lease_until=None, due_at__gt=soon)
        due_at = Case(When(free, then=Value(soon)), default=F("due_at"), output_field=DateTimeField())
        Schedule.objects.filter(pk=connection_id, connection__automatic=True).update(due_at=due_at)
        late = Unmatched.objects.filter(connection=connection_id, retry_at__gt=now).exclude(media=None)
        due = [pk for pk, media_id in late.values_list("pk", "media_id") if media_id in media_ids]
        for at in range(0, len(due), CHUNK):
            Unmatched.objects.filter(pk__in=due[at : at + CHUNK]).update(retry_at=now)
        Baseline.objects.filter(pk=connection_id).exclude(digest="").update(digest="")
