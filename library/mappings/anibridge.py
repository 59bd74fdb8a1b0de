"""AniBridge mappings v3 (MIT): real episode numbers, checked and corrected by hand. id-mapping.md 3.6, 2026-11-25.

{source: {target: {range: range or null}}}; a source or target is provider:id[:scope]. Names with `$`
are about the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from library.episodes.model import Numbering, TargetKind
from library.mappings.anibridge_ranges import read_ranges, read_span
from library.mappings.said import (
    ANIDB,
    ANILIST,
    IMDB,
    MAL,
    TMDB,
    TVDB,
    UNMAPPED,
    Entry,
    Pair,
    Range,
    Said,
    Unfit,
    Unreadable,
    check_episode,
    check_imdb,
    fitting,
    pairs_of,
    read_id,
    read_number,
)
from library.mappings.streaming import members_of, shaped

Spans = dict[str, str | None]
Targets = dict[str, Spans | None]
_ENTRIES = {"anilist": ANILIST, "mal": MAL, "anidb": ANIDB}
"""Their words → ours, for what can be an entry."""
_FILMS = {"tmdb_movie": TMDB, "imdb_movie": IMDB}
_SHOWS = {"tmdb_show": TMDB, "tvdb_show": TVDB}


class Row(msgspec.Struct):
    targets: Targets | None


def read(stream: BinaryIO) -> Iterator[Said]:
    """One row a source that is an entry; sources of other kinds are the same facts the other way round."""
    for number, (name, value) in enumerate(members_of(stream), start=1):
        if name.startswith("$"):
            continue
        parts = name.split(":")
        if len(parts) < 2:
            raise Unreadable(f"Row {number} is not named provider:id.")
        if parts[0] in _ENTRIES:
            yield _said(parts, shaped({"targets": value}, Row, number=number).targets or {})


def _said(parts: list[str], targets: Targets) -> Said:
    refused: list[str] = []
    ranges: list[Range] = []
    pairs: tuple[Pair, ...] = ()
    at_tmdb = any(name.startswith("tmdb_") for name in targets)
    for entry in fitting(refused, _entry, parts):
        pairs = _pairs(entry, targets, refused)
        for name, spans in targets.items():
            # The same by another site's name; what TMDB calls it is what Trakt goes by.
            if not at_tmdb or name.startswith("tmdb_"):
                ranges += _in_target(entry, name, spans=spans, refused=refused)
    return Said(pairs, tuple(ranges), tuple(refused))


def _in_target(entry: Entry, name: str, *, spans: Spans | None, refused: list[str]) -> list[Range]:
    ranges: list[Range] = []
    for base in fitting(refused, _target, entry, name):
        if spans is None:
            ranges.append(base._replace(state=UNMAPPED, flag="none"))
        for left, right in (spans or {}).items():
            ranges += fitting(refused, _ranges, base, left, right)
    return ranges


def _entry(parts: list[str]) -> tuple[Entry, ...]:
    """The entry; none for AniDB's specials, which no list service counts."""
    site, scope = _ENTRIES[parts[0]], parts[2:]
    if scope not in ([], ["R"]) and site == ANIDB:
        return ()
    if len(parts) > 2 and site != ANIDB:
        raise Unfit("scope")
    return (Entry(site, read_id(parts[1])),)


def _target(entry: Entry, name: str) -> tuple[Range, ...]:
    """What all ranges of this target share; nothing when it is of no use here (other lists)."""
    provider, *rest = name.split(":")
    if provider in _FILMS and len(rest) == 1:
        film = read_id(rest[0]) if provider == "tmdb_movie" else check_imdb(rest[0])
        return (Range(*entry, TargetKind.MOVIE, _FILMS[provider], film),)
    if provider not in _SHOWS:
        return ()
    if len(rest) != 2 or not rest[1].startswith("s"):
        raise Unfit("scope")
    season = check_episode(read_number(rest[1][1:]))
    show = read_id(rest[0])
    return (Range(*entry, TargetKind.SHOW, _SHOWS[provider], show, season=season, numbering=Numbering.NUMBER),)


def _ranges(base: Range, left: str, right: str | None) -> tuple[Range, ...]:
    if right is None:
        first, count = read_span(left)
        last = None if count is None else first + count - 1
        return (base._replace(first=first, last=last, state=UNMAPPED, flag="none"),)
    pieces = read_ranges(left, right)
    if base.target_kind == TargetKind.MOVIE and any(piece.start != 1 or piece.per_target != 1 for piece in pieces):
        raise Unfit("film")
    return tuple(base._replace(**piece._asdict()) for piece in pieces)


def _pairs(entry: Entry, targets: Targets, refused: list[str]) -> tuple[Pair, ...]:
    """An entry that is one whole entry elsewhere. Cut in two there, or counted otherwise, it is no pair."""
    found = [one for name, spans in targets.items() for one in fitting(refused, _partner, entry, name, spans)]
    crowds = Counter(partner.site for partner, _ in found)
    sole = [partner for partner, is_whole in found if is_whole and crowds[partner.site] == 1]
    return tuple(pair for partner in sole for pair in pairs_of([entry, partner]))


def _partner(entry: Entry, name: str, spans: Spans | None) -> tuple[tuple[Entry, bool], ...]:
    """(entry at another list, whether episode n is episode n from the first on); nothing for other targets."""
    parts = name.split(":")
    if _ENTRIES.get(parts[0], entry.site) == entry.site or len(parts) < 2:
        return ()
    is_whole = bool(spans) and all(left == right for left, right in (spans or {}).items())
    begins = min((read_span(left)[0] for left in spans or {}), default=0)
    return tuple((other, is_whole and begins == 1) for other in _entry(parts))
