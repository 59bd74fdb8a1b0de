"""Where tables, or the rows of one, name two ids for one: neither is used. id-mapping.md 4.1, read 2026-11-25."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from django.db.models import F, Max, Min, QuerySet

from library.models import IdPair, PairState

CHUNK = 2000


def mark_conflicts() -> None:
    """Among everything in use, of all sources: at each site an id has one partner, or all of them are ambiguous.

    Rows whose state is right already are not written.
    """
    doubtful = set(_doubtful())
    marked = set(_in_use().filter(state=PairState.AMBIGUOUS).values_list("pk", flat=True))
    _set(doubtful - marked, PairState.AMBIGUOUS)
    _set(marked - doubtful, PairState.GOOD)


def count_conflicts(source: str) -> int:
    return _in_use().filter(source=source, state=PairState.AMBIGUOUS).count()


def _in_use() -> QuerySet[IdPair]:
    return IdPair.objects.filter(gone_at=None)


def _doubtful() -> Iterator[int]:
    """Keys of the pairs of every id that has two partners at one site."""
    for one, other in (("left_id", "right_id"), ("right_id", "left_id")):
        groups = _in_use().order_by().values("kind", "left_site", "right_site", one)
        # Cheaper than to count the different ones.
        torn = groups.annotate(low=Min(other), high=Max(other)).exclude(low=F("high"))
        ids: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for group in torn:
            ids[group["kind"], group["left_site"], group["right_site"]].append(group[one])
        for (kind, left_site, right_site), some in ids.items():
            sites = _in_use().filter(kind=kind, left_site=left_site, right_site=right_site)
            for at in range(0, len(some), CHUNK):
                chunk = {f"{one}__in": some[at : at + CHUNK]}
                yield from sites.filter(**chunk).values_list("pk", flat=True)


def _set(keys: Collection[int], state: PairState) -> None:
    ordered = sorted(keys)
    for at in range(0, len(ordered), CHUNK):
        IdPair.objects.filter(pk__in=ordered[at : at + CHUNK]).update(state=state)
