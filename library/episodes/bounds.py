"""Several entries in one show: where the next one begins the one before ends, and no episode is two entries'. Pure.

id-mapping.md 5.5, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from library.episodes.model import SPECIALS, Numbering, Place, Segment, Target, TargetKind
from library.episodes.ranges import is_word
from library.episodes.resolve import counts_on, with_limits

OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class _Span:
    """What a segment takes of a season, counted as there: start..end, both included; end None = not known.

    counts_on: its numbers go on from the season before, so they cannot be held against positions.
    """

    at: int
    segment: Segment
    start: int
    end: int | None
    counts_on: bool = False

    @property
    def season(self) -> tuple[int | None, bool]:
        return (self.segment.season, self.counts_on)


def bound(places: Sequence[Place]) -> list[Place]:
    """The places with open segments closed where another's begins, and those flagged that claim the same episodes.

    In their order. Flagged places neither close others nor are looked at: nothing is synced by them.
    """
    shows: dict[Target, list[_Span]] = {}
    for at, place in enumerate(places):
        for span in _spans(at, place) if not place.flag else ():
            shows.setdefault(span.segment.target, []).append(span)
    closed = {(s.at, s.segment): _close(s, spans) for spans in shows.values() for s in spans if s.end is None}
    pairs = (pair for spans in shows.values() for pair in combinations(spans, 2))
    clashing = {at for one, other in pairs for at in _clash(one, other)}
    return [
        replace(
            place,
            segments=tuple(closed.get((at, segment), segment) for segment in place.segments),
            flag=place.flag or (OVERLAP if at in clashing else ""),
        )
        for at, place in enumerate(places)
    ]


def _spans(at: int, place: Place) -> Iterator[_Span]:
    for segment, limit in with_limits(place):
        if segment.target.kind is TargetKind.MOVIE:
            yield _Span(at, segment, 1, 1)
            continue
        last = segment.last or limit
        if place.total:
            last = min(last or place.total, place.total)
        if last and last < segment.first:
            continue
        end = None
        if last:
            groups = -(-(last - segment.first + 1) // segment.per_entry)
            end = segment.start + groups * segment.per_target - 1
        is_number = segment.numbering is Numbering.NUMBER
        yield _Span(at, segment, segment.start, end, is_number and counts_on(segment, place))


def _close(span: _Span, spans: Sequence[_Span]) -> Segment:
    following = [
        other.start
        for other in spans
        if other.at != span.at and other.season == span.season and other.start > span.start
    ]
    if not following:
        return span.segment
    groups = (min(following) - span.start) // span.segment.per_target
    return (
        replace(span.segment, last=span.segment.first + groups * span.segment.per_entry - 1) if groups else span.segment
    )


def _clash(one: _Span, other: _Span) -> Iterator[int]:
    """Which of the two places must not be used; a person's or a maintainer's word stands against a table's."""
    if one.at == other.at or not _meet(one, other):
        return
    if _is_absolute(one) != _is_absolute(other):
        # The map of a whole show is what is wrong where a part of it is mapped on its own.
        suspects = [one if _is_absolute(one) else other]
    else:
        suspects = [one, other]
    for span, rival in ((one, other), (other, one)):
        if span in suspects and (not is_word(span.segment) or is_word(rival.segment)):
            yield span.at


def _meet(one: _Span, other: _Span) -> bool:
    """Two spans of one show."""
    if _is_absolute(one) != _is_absolute(other):
        return SPECIALS not in (one.segment.season, other.segment.season)
    if one.season != other.season:
        return False
    first, second = sorted((one, other), key=lambda span: span.start)
    return first.start == second.start or (first.end is not None and first.end >= second.start)


def _is_absolute(span: _Span) -> bool:
    return span.segment.numbering is Numbering.ABSOLUTE
