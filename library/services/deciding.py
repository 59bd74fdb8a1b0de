"""A maintainer's word on pairs and ranges. It is a row of its own, so that no import takes it back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from library.mappings.said import Pair
from library.mappings.sources import MAINTAINER
from library.models import EpisodeRange, IdPair, IdTable, RangeState
from library.services.conflicts import mark_conflicts
from library.services.id_rows import PAIR, RANGE


@transaction.atomic
def confirm_pairs(pairs: Iterable[IdPair]) -> int:
    """These are right, and what says otherwise is out of use. Gives how many are new."""
    now = timezone.now()
    rows = [Pair(*(getattr(pair, name) for name in PAIR)) for pair in pairs]
    for row in rows:
        against = _against(row)
        IdPair.objects.filter(against, gone_at=None).update(gone_at=now)
    fresh = [IdPair(**row._asdict(), source=MAINTAINER, first_seen_at=now) for row in dict.fromkeys(rows)]
    before = IdPair.objects.filter(source=MAINTAINER).count()
    IdPair.objects.bulk_create(fresh, ignore_conflicts=True)
    for row in rows:
        IdPair.objects.filter(**row._asdict(), source=MAINTAINER).exclude(gone_at=None).update(gone_at=None)
    mark_conflicts()
    return IdPair.objects.filter(source=MAINTAINER).count() - before


@transaction.atomic
def remove_pairs(pairs: Iterable[IdPair]) -> None:
    """Takes rows away. What a table still says comes back with its next import: for that it is read in full."""
    keys, sources = zip(*((pair.pk, pair.source) for pair in pairs), strict=True)
    IdPair.objects.filter(pk__in=keys).delete()
    stale = IdTable.objects.all() if MAINTAINER in sources else IdTable.objects.filter(source__in=sources)
    stale.update(digest="", etag="", modified="")
    mark_conflicts()


@transaction.atomic
def adopt_ranges(ranges: Iterable[EpisodeRange]) -> int:
    """Copies of these as a maintainer's word, good; it goes before all tables. Gives how many are new."""
    now = timezone.now()
    added = 0
    for row in ranges:
        said = {name: getattr(row, name) for name in RANGE}
        mine = EpisodeRange.objects.filter(**said, source=MAINTAINER, user=None)
        if not mine.update(state=RangeState.GOOD, flag="", gone_at=None):
            EpisodeRange.objects.create(**said, source=MAINTAINER, first_seen_at=now)
            added += 1
    return added


def _against(pair: Pair) -> Q:
    """Rows that give one of its two ids another partner."""
    sites = Q(kind=pair.kind, left_site=pair.left_site, right_site=pair.right_site)
    same_left = Q(left_id=pair.left_id) & ~Q(right_id=pair.right_id)
    same_right = Q(right_id=pair.right_id) & ~Q(left_id=pair.left_id)
    return sites & (same_left | same_right)
