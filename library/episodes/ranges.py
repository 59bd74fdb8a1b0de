"""From what several sources say of one entry to the segments of its place. Pure. id-mapping.md 5.1, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from library.episodes.model import SPECIALS, Numbering, Segment, Target, TargetKind

PERSON, MAINTAINER = "person", "maintainer"
WORDS = (PERSON, MAINTAINER)
"""Sources that looked at this very entry: nothing is held against them."""
ANIBRIDGE, FRIBB, ANIME_LISTS, ANITRAKT, TRANSLATED = "anibridge", "fribb", "anime_lists", "anitrakt", "tmdb"
STARTER = "starter"
"""What came with the program."""
GOOD, FLAGGED, UNMAPPED = "good", "flagged", "unmapped"
DISAGREES = "disagrees"
DUPLICATE = "duplicate"
"""Flag of a statement that its table has twice, of two entries: it says nothing of either."""

_ORDER = {
    **{(ANIBRIDGE, kind): 2 for kind in TargetKind},
    (FRIBB, TargetKind.SHOW): 3,
    **{(ANIME_LISTS, kind): 4 for kind in TargetKind},
    (FRIBB, TargetKind.MOVIE): 5,
    **{(ANITRAKT, kind): 6 for kind in TargetKind},
    **{(TRANSLATED, kind): 7 for kind in TargetKind},
}
_UNKNOWN = 8
_EXACT = (2, 3, 4)
"""Places in `_ORDER` of sources that name season and episode; the seasons of ext-anitrakt are too often wrong."""
_SITES = {"trakt": 0, "tmdb": 0, "imdb": 1, "tvdb": 2}
"""TVDB cuts seasons in its own way: used only where nobody knows TMDB's (and then only if both agree)."""
_ENTRY_SITES = ("anilist", "myanimelist", "anidb", "kitsu")


@dataclass(frozen=True, slots=True)
class Statement:
    """One source's word on some episodes of an entry. site: whose id of the entry it hangs on. state: as in RangeState.

    unmapped: these episodes are nothing in the segment's season, or no such film.
    """

    site: str
    segment: Segment
    state: str = GOOD
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The segments to go by, () = it is nowhere. flag: as in `Place`."""

    segments: tuple[Segment, ...] = ()
    flag: str = ""


def choose(statements: Iterable[Statement]) -> Choice:
    """The word of the best source that has a usable one; what better sources call unmapped is cut out of it."""
    ranked = sorted(statements, key=_rank)
    gaps: list[Segment] = []
    doubtful = Choice()
    for rank, group in groupby(ranked, key=_rank):
        said = list(group)
        gaps += [each.segment for each in said if each.state == UNMAPPED and each.flag != DUPLICATE]
        good = _without(gaps, [statement.segment for statement in said if statement.state == GOOD])
        if good:
            rivals = [_without(gaps, rival) for rival in _rivals(good, rank, ranked)]
            return _settle(good, [rival for rival in rivals if rival], ranked)
        flagged = [statement for statement in said if statement.state == FLAGGED]
        left = _without(gaps, [statement.segment for statement in flagged])
        if left and not doubtful.segments:
            doubtful = Choice(tuple(left), flagged[0].flag or FLAGGED)
    return doubtful


def is_word(segment: Segment) -> bool:
    return segment.source in WORDS


Rank = tuple[int, int, int, int]


def _rank(statement: Statement) -> Rank:
    segment = statement.segment
    entry = _ENTRY_SITES.index(statement.site) if statement.site in _ENTRY_SITES else len(_ENTRY_SITES)
    if segment.source in WORDS:
        return (WORDS.index(segment.source), 0, 0, entry)
    if segment.source == STARTER:
        return (3, 0, 0, entry)
    # A source of several files names them anitrakt_shows and the like.
    known = (
        order
        for (name, kind), order in _ORDER.items()
        if segment.source.startswith(name) and kind == segment.target.kind
    )
    order = next(known, _UNKNOWN)
    return (2, _SITES.get(segment.target.site, 2), order, entry)


def _without(gaps: Sequence[Segment], segments: Sequence[Segment]) -> list[Segment]:
    left = list(segments)
    for gap in gaps:
        left = [part for segment in left for part in (_cut(segment, gap) if _concerns(gap, segment) else (segment,))]
    return left


def _concerns(gap: Segment, segment: Segment) -> bool:
    """A table's "nothing" is said of one season or film; a person's and a maintainer's of all."""
    if is_word(gap):
        return True
    through = segment.numbering is Numbering.ABSOLUTE and gap.season != SPECIALS
    return gap.target == segment.target and (gap.season == segment.season or through)


def _cut(segment: Segment, gap: Segment) -> list[Segment]:
    """What is left of a segment in front of the gap and behind it. What follows a gap keeps its place over there."""
    end = segment.last
    if (end is not None and gap.first > end) or (gap.last is not None and gap.last < segment.first):
        return [segment]
    left = []
    if gap.first > segment.first:
        left.append(replace(segment, last=gap.first - 1))
    if gap.last is not None and (end is None or gap.last < end):
        skipped = gap.last + 1 - segment.first
        # Inside a group of joined episodes there is no place to go on from.
        if skipped % segment.per_entry == 0:
            start = segment.start + skipped // segment.per_entry * segment.per_target
            left.append(replace(segment, first=gap.last + 1, start=start))
    return left


def _one_kind(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """A film that is kept among a show's specials too is the film; a film beside a longer run is left out."""
    films = [segment for segment in segments if segment.target.kind is TargetKind.MOVIE]
    shows = [segment for segment in segments if segment.target.kind is TargetKind.SHOW]
    kept = [show for show in shows if not any(_holds(film, show) for film in films)]
    alone = [film for film in films if not any(_meets(film, show) for show in kept)]
    return tuple(sorted((*kept, *alone), key=lambda segment: segment.first))


def _end_of_film(film: Segment) -> int:
    return film.last or film.first


def _holds(film: Segment, show: Segment) -> bool:
    end = show.first if show.season == SPECIALS and show.last is None else show.last
    return film.first <= show.first and end is not None and end <= _end_of_film(film)


def _meets(film: Segment, show: Segment) -> bool:
    return show.first <= _end_of_film(film) and (show.last is None or show.last >= film.first)


def _settle(chosen: Sequence[Segment], rivals: Sequence[Sequence[Segment]], ranked: Sequence[Statement]) -> Choice:
    """Between sources that contradict each other, what came with the program was checked by hand and decides."""
    if not rivals:
        return Choice(_one_kind(chosen))
    known = [each.segment for each in ranked if each.segment.source == STARTER and each.state == GOOD]
    if known and not _differ(_seasons(chosen), _seasons(known)):
        return Choice(_one_kind(chosen))
    begins = {(segment.target, segment.season, segment.start) for segment in known}
    for rival in rivals:
        if any((segment.target, segment.season, segment.start) in begins for segment in rival):
            return Choice(_one_kind(rival))
    return Choice(_one_kind(chosen), DISAGREES)


def _rivals(chosen: Sequence[Segment], rank: Rank, ranked: Sequence[Statement]) -> list[list[Segment]]:
    """What other exact sources say that put the entry into wholly other seasons (Fate/Zero 2: S1 +13 against S2), or
    into a regular one where the better source knows but specials (AniBridge's edits of Frieren 2, 2026-02-27).

    Where both name a season in common, or the better source has weighed lengths, it has merely looked more closely.
    """
    if any((segment.per_entry, segment.per_target) != (1, 1) for segment in chosen):
        return []
    if rank[0] != 2 or rank[2] not in _EXACT:
        return []
    others: dict[Rank, list[Segment]] = {}
    for statement in ranked:
        other = _rank(statement)
        if statement.state == GOOD and other[:2] == rank[:2] and other[2] in _EXACT and other[2] > rank[2]:
            others.setdefault(other, []).append(statement.segment)
    return [segments for segments in others.values() if _differ(_seasons(chosen), _seasons(segments))]


Season = tuple[Target, int | None]


def _seasons(segments: Iterable[Segment]) -> set[Season]:
    """Of shows; None = all regular ones."""
    return {
        (segment.target, None if segment.numbering is Numbering.ABSOLUTE else segment.season)
        for segment in segments
        if segment.target.kind is TargetKind.SHOW
    }


def _differ(ours: set[Season], theirs: set[Season]) -> bool:
    """Specials of theirs say nothing: they may be what comes beside the entry."""
    regular = {(target, season) for target, season in theirs if season != SPECIALS}
    if not ours or not regular:
        return False
    return not any(
        target == other and season != SPECIALS and (season is None or season == their_season or their_season is None)
        for target, season in ours
        for other, their_season in regular
    )
