"""What must hold among all ranges of one table before any of them is used. Pure. id-mapping.md 5.5."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from library.episodes.model import SPECIALS, Numbering, TargetKind
from library.mappings.said import FLAGGED, GOOD, UNMAPPED, Range


def judged(ranges: Iterable[Range]) -> list[Range]:
    """The ranges, each once, with the state and flag that they earn beside the others of their table.

    Entries that would share an episode of a regular season, or a film, are all flagged "overlap"; of those that begin
    at its first episode only for want of an offset, each is unmapped as a "duplicate". An entry that counts through a
    show is flagged "absolute" unless it has the regular seasons to itself.
    """
    distinct = list(dict.fromkeys(ranges))
    verdicts: dict[int, tuple[str, str]] = {}
    for members in _by_place(distinct).values():
        _judge_place(distinct, members, verdicts)
    _judge_absolute(distinct, verdicts)
    for at, (state, flag) in verdicts.items():
        distinct[at] = distinct[at]._replace(state=state, flag=flag)
    # Two that differed in their verdict alone, say by two rows of one table, are one.
    return list({one[:-2]: one for one in distinct}.values())


def is_alike(one: Range, other: Range) -> bool:
    return one[:-2] == other[:-2]


def _by_place(ranges: Sequence[Range]) -> dict[tuple[object, ...], list[int]]:
    """Positions in `ranges` by the season or film. Sites apart: two sites' names may be of one work."""
    places: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, one in enumerate(ranges):
        is_special = one.season == SPECIALS
        is_told = one.season is not None or one.target_kind == TargetKind.MOVIE
        if one.state == GOOD and is_told and not is_special:
            places[one.site, one.target_kind, one.target_site, one.target_id, one.season].append(at)
    return places


def _judge_place(ranges: Sequence[Range], members: list[int], verdicts: dict[int, tuple[str, str]]) -> None:
    if len({ranges[at].site_id for at in members}) < 2:
        return
    colliding = _colliding([(at, ranges[at]) for at in members])
    if not colliding:
        return
    verdicts.update(dict.fromkeys(members, (FLAGGED, "overlap")))
    bare = [at for at in colliding if _is_bare(ranges[at])]
    if len({ranges[at].site_id for at in bare}) > 1:
        verdicts.update(dict.fromkeys(bare, (UNMAPPED, "duplicate")))


def _colliding(members: list[tuple[int, Range]]) -> set[int]:
    """Those that share an episode with another entry. An open range ends where the next one begins."""
    members.sort(key=lambda member: member[1].start)
    found: set[int] = set()
    before: list[tuple[int, Range]] = []
    for at, one in members:
        # A range that is over stays over, as the starts only rise.
        before = [other for other in before if _reaches(other[1], one.start)]
        shared = [other for other, its in before if its.site_id != one.site_id]
        if shared:
            found.update(shared, (at,))
        before.append((at, one))
    return found


def _reaches(one: Range, start: int) -> bool:
    if one.last is None:
        return one.start == start
    count = one.last - one.first + 1
    length = -(-count * one.per_target // one.per_entry)
    return one.start + length - 1 >= start


def _is_bare(one: Range) -> bool:
    """It names a season and no more: no episodes, and no offset in it."""
    return one.last is None and one.first == one.start == 1 and one.numbering == Numbering.POSITION


def _judge_absolute(ranges: Sequence[Range], verdicts: dict[int, tuple[str, str]]) -> None:
    entries: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in ranges:
        if one.target_kind == TargetKind.SHOW and one.season != SPECIALS:
            entries[one.site, one.target_id].add(one.site_id)
    for at, one in enumerate(ranges):
        if one.numbering == Numbering.ABSOLUTE and one.state == GOOD and len(entries[one.site, one.target_id]) > 1:
            verdicts[at] = (FLAGGED, "absolute")
