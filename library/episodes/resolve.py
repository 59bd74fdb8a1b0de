"""From where the tables say an entry is to the real episodes of a service. Pure.

id-mapping.md 5.2 and 5.3, read 2026-11-25. What does not fit is held or refused, never moved to the nearest episode.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from library.episodes.model import SPECIALS, Item, Numbering, Place, Seasons, Segment, Target, TargetKind

NO_ID = "no_id"
"""The service does not have the show or film, or was not asked yet."""
NO_SEASONS = "no_seasons"
"""The show's season table was not read yet."""
NO_SEASON = "no_season"
"""The show lacks the season, and how many episodes the entry has is not known either."""
OPEN_SPECIALS = "open_specials"
"""A run of specials without an end: it would claim all of them."""
TVDB_ONLY = "tvdb_only"
"""Only TVDB's numbers are known, and the season here is not the whole of the entry."""
SEVERAL_FILMS = "several_films"
"""Two films are said to be one and the same episode."""
RENUMBERED = "renumbered"
"""Not a refusal: the season counts otherwise than the table that was read, and was taken by position."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """An entry at a service.

    items:   items[k] = what episode k + 1 is there; () = not there (yet).
    held:    the entry's episodes that should be there and are not: not aired there yet, or the map is wrong.
    refusal: "" or why nothing can be placed: a place's flag or one of the names above. Then there are no items.
    is_open: how many episodes the entry has is not known; it is never complete.
    flag:    "" or "renumbered".
    """

    items: tuple[tuple[Item, ...], ...] = ()
    held: tuple[int, ...] = ()
    refusal: str = ""
    is_open: bool = False
    flag: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """A segment with its end: `row` holds the targets from the segment's start on, `last` is the entry's last episode.

    row[k] None: the target has a number that the season lacks. before: targets that would lie in front of the row.
    """

    segment: Segment
    last: int
    row: Sequence[Item | None]
    before: int = 0
    flag: str = ""

    def items_of(self, episode: int) -> tuple[Item, ...] | None:
        """None = held; () = in front of everything, so without a counterpart."""
        group = (episode - self.segment.first) // self.segment.per_entry
        start = group * self.segment.per_target - self.before
        if start < 0:
            return ()
        found = self.row[start : start + self.segment.per_target]
        items = tuple(item for item in found if item is not None)
        return items if len(items) == self.segment.per_target else None


def resolve(place: Place, seasons: Mapping[Target, Seasons], ids: Mapping[Target, str]) -> Resolved:
    """What each episode of an entry is at a service.

    seasons: of the shows. ids: what the service calls the shows and films, "" = it has none.
    """
    if place.flag:
        return Resolved(refusal=place.flag)
    runs: list[_Run] = []
    refusals: list[str] = []
    for segment, limit in with_limits(place):
        run = _resolve_film(segment, ids) if segment.target.kind is TargetKind.MOVIE else None
        if run is None:
            run = _resolve_show(segment, place, limit=limit, seasons=seasons, ids=ids)
        if isinstance(run, str):
            refusals.append(run)
        else:
            runs.append(run)
    # A part that is merely not known here is held; one that would be a guess spoils the whole.
    guesses = [refusal for refusal in refusals if refusal in (OPEN_SPECIALS, TVDB_ONLY)]
    if guesses or (refusals and not any(any(run.row) for run in runs)):
        return Resolved(refusal=(guesses or refusals)[0])
    return _lay_out(place, runs)


def _lay_out(place: Place, runs: Sequence[_Run]) -> Resolved:
    count = place.total or max((run.last for run in runs), default=0)
    items: list[tuple[Item, ...]] = []
    held: list[int] = []
    for episode in range(1, count + 1):
        covering = [run for run in runs if run.segment.first <= episode <= run.last]
        found = [run.items_of(episode) for run in covering]
        here = tuple(dict.fromkeys(item for some in found if some for item in some))
        if sum(item.kind is TargetKind.MOVIE for item in here) > 1:
            return Resolved(refusal=SEVERAL_FILMS)
        is_held = None in found or (not covering and _is_claimed(place, episode))
        items.append(() if is_held else here)
        if is_held:
            held.append(episode)
    if not items:
        return Resolved(refusal=NO_SEASON)
    is_open = place.total == 0 and any(s.target.kind is TargetKind.SHOW for s in place.segments)
    return Resolved(tuple(items), tuple(held), is_open=is_open, flag=next((run.flag for run in runs if run.flag), ""))


def _is_claimed(place: Place, episode: int) -> bool:
    """True for an episode of a part whose show or film is not known at the service (yet)."""
    return any(_covers(segment, limit, episode) for segment, limit in with_limits(place))


def _covers(segment: Segment, limit: int, episode: int) -> bool:
    if segment.target.kind is TargetKind.MOVIE:
        return segment.first <= episode <= _last_of_film(segment)
    return segment.first <= episode <= (segment.last or limit or episode)


def with_limits(place: Place) -> Iterator[tuple[Segment, int]]:
    """Each segment and the last episode that it may reach when it is open: 0 = no limit is known."""
    segments = sorted(place.segments, key=lambda segment: segment.first)
    starts = sorted({segment.first for segment in segments})
    following = dict(pairwise(starts))
    for segment in segments:
        after = following.get(segment.first)
        yield segment, after - 1 if after is not None else place.total


def _last_of_film(segment: Segment) -> int:
    return segment.last or segment.first + segment.per_entry - 1


def _resolve_film(segment: Segment, ids: Mapping[Target, str]) -> _Run | str:
    """A film is one play, however many of the entry's episodes it stands for. Open = the first alone."""
    external_id = ids.get(segment.target, "")
    if not external_id:
        return NO_ID
    last = _last_of_film(segment)
    return _Run(segment, last, [Item(TargetKind.MOVIE, external_id)] * (last - segment.first + 1))


def _resolve_show(
    segment: Segment,
    place: Place,
    *,
    limit: int,
    seasons: Mapping[Target, Seasons],
    ids: Mapping[Target, str],
) -> _Run | str:
    table = seasons.get(segment.target)
    if table is None:
        return NO_SEASONS if ids.get(segment.target) else NO_ID
    last = segment.last or limit
    if place.total:
        last = min(last or place.total, place.total)
    if segment.season == SPECIALS and not last:
        return OPEN_SPECIALS
    if segment.target.site == "tvdb" and not _is_whole_season(segment, place, table):
        return TVDB_ONLY
    row, before, flag = _row(segment, place, table)
    fitting = segment.first - 1 + (len(row) + before) // segment.per_target * segment.per_entry
    return _Run(segment, last or fitting, row, before, flag)


def _is_whole_season(segment: Segment, place: Place, table: Seasons) -> bool:
    """True when TVDB's season and this one are surely cut alike: the entry is the whole of a regular season in both."""
    if segment.season is None or segment.season == SPECIALS or segment.start != 1 or len(place.segments) != 1:
        return False
    return 0 < place.total == len(table.numbers.get(segment.season, ()))


def _row(segment: Segment, place: Place, table: Seasons) -> tuple[list[Item | None], int, str]:
    """The targets from the segment's start to the end of the season or, counted absolutely, of the show."""
    if segment.numbering is Numbering.ABSOLUTE:
        return _from(segment.start, list(_regular(table)))
    season = segment.season if segment.season is not None else 1
    numbers = table.numbers.get(season, ())
    items = [Item(TargetKind.SHOW, table.show, season, number) for number in numbers]
    if segment.numbering is Numbering.POSITION:
        return _from(segment.start, items)
    shift = _position_shift(segment, place, table)
    if shift is not None:
        row, before, _ = _from(segment.start - shift, items)
        return row, before, RENUMBERED
    by_number = dict(zip(numbers, items, strict=True))
    top = max(numbers, default=0)
    return [by_number.get(number) for number in range(segment.start, top + 1)], 0, ""


def _from(position: int, items: list[Item]) -> tuple[list[Item | None], int, str]:
    """The items from a position on, 1 = first. A position below 1 has nothing there: that many lie in front."""
    return list(items[max(position - 1, 0) :]), max(1 - position, 0), ""


def _position_shift(segment: Segment, place: Place, table: Seasons) -> int | None:
    """What to take off real numbers to get positions, where table and season count differently; None = they agree.

    One of them counts on from the season before, the other begins again at 1 (both are in use for One Piece). A number
    that is merely not there yet says nothing: only a source that is seen to count on is taken to do so.
    """
    season = segment.season or 1
    numbers = table.numbers.get(season, ())
    earlier = [some for number, some in table.numbers.items() if SPECIALS < number < season and some]
    if segment.season == SPECIALS or not numbers or not earlier:
        return None
    if numbers[0] == max(some[-1] for some in earlier) + 1:
        return 0 if segment.start < numbers[0] else None
    shift = sum(len(some) for some in earlier)
    return shift if numbers[0] == 1 and segment.start > shift and counts_on(segment, place) else None


def counts_on(segment: Segment, place: Place) -> bool:
    """True when an earlier season of the entry runs on into this one, in the entry's numbers as in the target's."""
    return any(
        other.target == segment.target
        and SPECIALS < (other.season or 0) < (segment.season or 0)
        and other.first < segment.first
        and other.start - other.first == segment.start - segment.first
        for other in place.segments
    )


def _regular(table: Seasons) -> Iterable[Item]:
    """All episodes of the regular seasons in order: the k-th real number of each, whatever numbers they carry."""
    for season in sorted(table.numbers):
        if season != SPECIALS:
            for number in table.numbers[season]:
                yield Item(TargetKind.SHOW, table.show, season, number)
