"""The rows of one id table, changed by difference: what did not change is not written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

from library.mappings.said import GOOD, Pair, Range
from library.mappings.sources import MAINTAINER
from library.models import EpisodeRange, IdPair

T = TypeVar("T")
CHUNK = 2000
PAIR = Pair._fields
RANGE = Range._fields[:-2]
"""What a range says; its state and flag are what the checks think of it."""

# bulk_create takes ten times as long for a hundred thousand rows, nearly all of it in preparing values.
_ADD_PAIR = """
    INSERT INTO library_idpair
        (kind, left_site, left_id, right_site, right_id, source, state, first_seen_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_COPY_PAIRS = """
    COPY library_idpair
        (kind, left_site, left_id, right_site, right_id, source, state, first_seen_at)
    FROM STDIN
"""
_ADD_RANGE = """
    INSERT INTO library_episoderange
        (site, site_id, target_kind, target_site, target_id, first, last, season, start, numbering,
         per_entry, per_target, state, flag, source, first_seen_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_COPY_RANGES = """
    COPY library_episoderange
        (site, site_id, target_kind, target_site, target_id, first, last, season, start, numbering,
         per_entry, per_target, state, flag, source, first_seen_at)
    FROM STDIN
"""


@dataclass(slots=True)
class Change(Generic[T]):
    """known: rows in use before. gone, back: their keys, of rows that the table names no more, or again.
    changed: {key: range with another state or flag}."""

    known: int = 0
    added: list[T] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    changed: dict[int, T] = field(default_factory=dict)


def compare_pairs(source: str, said: Iterable[Pair]) -> Change[Pair]:
    """What a maintainer overruled counts as not said."""
    change: Change[Pair] = Change()
    left = _without_overruled(said)
    rows = IdPair.objects.filter(source=source).order_by("pk").values_list("pk", "gone_at", *PAIR)
    for pk, gone_at, *columns in rows.iterator(CHUNK):
        pair = Pair(*columns)
        change.known += gone_at is None
        if pair not in left:
            change.gone += [pk] if gone_at is None else []
            continue
        left.discard(pair)
        change.back += [pk] if gone_at is not None else []
    change.added = sorted(left)
    return change


def compare_ranges(source: str, said: Iterable[Range]) -> Change[Range]:
    change: Change[Range] = Change()
    left = {one[:-2]: one for one in said}
    rows = EpisodeRange.objects.filter(source=source, user=None).order_by("pk")
    for pk, gone_at, *columns in rows.values_list("pk", "gone_at", *RANGE, "state", "flag").iterator(CHUNK):
        change.known += gone_at is None
        found = left.pop(tuple(columns[:-2]), None)
        if found is None:
            change.gone += [pk] if gone_at is None else []
            continue
        change.back += [pk] if gone_at is not None else []
        if found[-2:] != tuple(columns[-2:]):
            change.changed[pk] = found
    change.added = list(left.values())
    return change


def store_pairs(source: str, change: Change[Pair], now: datetime) -> None:
    seen = connection.ops.adapt_datetimefield_value(now)
    if change.added:
        _add(_ADD_PAIR, _COPY_PAIRS, ((*pair, source, GOOD, seen) for pair in change.added))
    _date(IdPair, change.gone, now)
    _date(IdPair, change.back, None)


def store_ranges(source: str, change: Change[Range], now: datetime) -> None:
    seen = connection.ops.adapt_datetimefield_value(now)
    if change.added:
        _add(_ADD_RANGE, _COPY_RANGES, ((*one, source, seen) for one in change.added))
    _date(EpisodeRange, change.gone, now)
    _date(EpisodeRange, change.back, None)
    verdicts: dict[tuple[str, str], list[int]] = {}
    for pk, one in change.changed.items():
        verdicts.setdefault((one.state, one.flag), []).append(pk)
    for (state, flag), keys in verdicts.items():
        for chunk in _chunks(keys):
            EpisodeRange.objects.filter(pk__in=chunk).update(state=state, flag=flag)


def _add(insert: str, copy: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY where there is one: PostgreSQL takes a tenth of the time that single inserts need."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(copy) as copying:
                for row in rows:
                    copying.write_row(row)
        else:
            for some in _chunks(rows):
                cursor.executemany(insert, some)


def _date(model: type[Model], keys: Sequence[int], gone_at: datetime | None) -> None:
    for chunk in _chunks(keys):
        model._default_manager.filter(pk__in=chunk).update(gone_at=gone_at)


def _without_overruled(said: Iterable[Pair]) -> set[Pair]:
    """A maintainer's pair leaves no other partner to either of its ids."""
    ours = [Pair(*row) for row in IdPair.objects.filter(source=MAINTAINER, gone_at=None).values_list(*PAIR)]
    right_of = {(pair.kind, pair.left_site, pair.left_id, pair.right_site): pair for pair in ours}
    left_of = {(pair.kind, pair.right_site, pair.right_id, pair.left_site): pair for pair in ours}
    if not ours:
        return set(said)
    return {
        pair
        for pair in said
        if right_of.get((pair.kind, pair.left_site, pair.left_id, pair.right_site), pair) == pair
        and left_of.get((pair.kind, pair.right_site, pair.right_id, pair.left_site), pair) == pair
    }


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
