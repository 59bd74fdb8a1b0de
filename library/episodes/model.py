"""Where the episodes of an entry are on services that count by shows, seasons and films: the values. Pure.

An *entry* here is what AniList, MyAnimeList and Kitsu list: a cour, a season, a film, counted from 1. Trakt and TMDB
keep shows with seasons (0 = specials) and films. id-mapping.md 1 and 5, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SPECIALS = 0
"""The season in which shows keep their specials."""


class TargetKind(StrEnum):
    SHOW = "show"
    MOVIE = "movie"


class Numbering(StrEnum):
    """What `Segment.start` counts."""

    POSITION = "position"
    """The k-th episode of the season, from 1, whatever number it carries there (Fribb, Anime-Lists)."""
    NUMBER = "number"
    """The real number in the season, which may go on from the season before (AniBridge)."""
    ABSOLUTE = "absolute"
    """The k-th episode of all regular seasons together. Only for an entry that starts the show."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A show or a film at one site: ("show", "tmdb", "209867")."""

    kind: TargetKind
    site: str
    id: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of an entry's episodes and where it begins on the other side.

    first, last: episodes of the entry, from 1, both included; last None = open.
    season:      None for films and for absolute numbering.
    start:       what `first` is there, counted as `numbering` says.
    per_entry, per_target: that many of the entry's episodes make that many over there: (1, 1) as a rule, (5, 1) when
                 five short ones were joined, (1, 2) when one was cut in two.
    source:      the table (or "person", "maintainer") that says so.
    """

    target: Target
    first: int = 1
    last: int | None = None
    season: int | None = None
    start: int = 1
    numbering: Numbering = Numbering.POSITION
    per_entry: int = 1
    per_target: int = 1
    source: str = ""


@dataclass(frozen=True, slots=True)
class Seasons:
    """A show's real episode numbers at a service, as last read.

    show:    its id there. numbers: {season: episode numbers, ascending}, specials included where there are any.
    aired:   {season: how many of them have aired}; a season that is not named has aired whole.
    is_ended: no more will air.
    """

    show: str
    numbers: Mapping[int, tuple[int, ...]]
    aired: Mapping[int, int] = field(default_factory=dict)
    is_ended: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """What is played: an episode, or a film (season and number 0). `id`: of the show or film at the service."""

    kind: TargetKind
    id: str
    season: int = 0
    number: int = 0

    def __str__(self) -> str:
        """Stable: it names the item in the ledger of sent plays."""
        return f"movie:{self.id}" if self.kind is TargetKind.MOVIE else f"show:{self.id}:{self.season}:{self.number}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one work is, as far as the tables know.

    key:      the work's stable name at services that have no entry of their own for it, e.g. "anilist-154587".
    ids:      what the list services call it, {slug: id}.
    segments: in the order of the entry's episodes; never empty.
    total:    episodes of the entry, 0 = unknown.
    flag:     "" = may be synced; else why a person has to look first: overlap, disagrees, recut, ...
    """

    key: str
    ids: Mapping[str, str]
    segments: tuple[Segment, ...]
    total: int = 0
    titles: tuple[str, ...] = ()
    format: str = ""
    year: int = 0
    flag: str = ""
