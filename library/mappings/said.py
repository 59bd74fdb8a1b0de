"""What a table says, as values, and how a table fails. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import NamedTuple, ParamSpec, TypeVar

from library.entry import Kind
from library.episodes.model import Numbering, TargetKind

P = ParamSpec("P")
T = TypeVar("T")
ANILIST, KITSU, MAL, ANIDB = "anilist", "kitsu", "myanimelist", "anidb"
TMDB, IMDB, TRAKT, TVDB = "tmdb", "imdb", "trakt", "tvdb"
MAX_ID = 2**31 - 1
MAX_EPISODE = 100_000
"""The longest anime has under ten thousand episodes; seasons may be named after years."""
GOOD, FLAGGED, UNMAPPED = "good", "flagged", "unmapped"
_IMDB = re.compile(r"tt[0-9]{5,10}")


class TableError(Exception):
    """`message`: fit for an operator. Whatever was stored before stays in use."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unreadable(TableError):
    """Half a file, no such table, or a shape that we do not know."""


class Suspicious(TableError):
    """Readable, but too different from what it was to be believed without an operator's word."""


class Unfit(ValueError):
    """One statement makes no sense. It is left out and counted; the rest of the table stands."""


class Pair(NamedTuple):
    """Two ids name the same work; the columns of IdPair. `kind`: anime; show or movie for ids of those."""

    kind: str
    left_site: str
    left_id: str
    right_site: str
    right_id: str


class Range(NamedTuple):
    """Where episodes of an entry are; the columns of EpisodeRange.

    `last` None = open. `season` None = film, absolute numbering, or a season that nobody told (then it is flagged).
    """

    site: str
    site_id: str
    target_kind: str
    target_site: str
    target_id: str
    first: int = 1
    last: int | None = None
    season: int | None = None
    start: int = 1
    numbering: str = Numbering.POSITION
    per_entry: int = 1
    per_target: int = 1
    state: str = GOOD
    flag: str = ""


class Said(NamedTuple):
    """One row of a table. refused: a word for each statement in it that made no sense."""

    pairs: tuple[Pair, ...] = ()
    ranges: tuple[Range, ...] = ()
    refused: tuple[str, ...] = ()


class Entry(NamedTuple):
    """What a range is about: a site's name for an entry."""

    site: str
    site_id: str


def check_id(value: int) -> str:
    """As text, without leading zeros. Raises Unfit unless 1..MAX_ID."""
    if not 0 < value <= MAX_ID:
        raise Unfit("id")
    return str(value)


def read_id(text: str) -> str:
    """As `check_id`, from text."""
    return check_id(read_number(text))


def check_imdb(text: str) -> str:
    if not _IMDB.fullmatch(text):
        raise Unfit("id")
    return text


def read_number(text: str) -> int:
    """0..MAX_ID in plain digits. Raises Unfit."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise Unfit("number")
    return int(text)


def check_episode(value: int) -> int:
    """An episode, season or offset within reason, of either sign. Raises Unfit."""
    if abs(value) > MAX_EPISODE:
        raise Unfit("number")
    return value


def fitting(
    refused: list[str], read: Callable[P, tuple[T, ...]], /, *args: P.args, **kwargs: P.kwargs
) -> tuple[T, ...]:
    """What `read` gives; nothing, and a word more in `refused`, when it makes no sense."""
    try:
        return read(*args, **kwargs)
    except Unfit as error:
        refused.append(str(error))
        return ()


def pairs_of(ids: Iterable[tuple[str, str]], *, kind: str = Kind.ANIME) -> tuple[Pair, ...]:
    """Every two of (site, id), which all name one work; the sites all differ."""
    return tuple(Pair(kind, *left, *right) for left, right in combinations(sorted(ids), 2))


def films(entry: Entry, site: str, ids: Iterable[str]) -> tuple[Range, ...]:
    """One film is the entry. Several may be its episodes in order, but only a look can tell: id-mapping.md 5.1."""
    all_ids = tuple(ids)
    state, flag = (GOOD, "") if len(all_ids) == 1 else (FLAGGED, "check")
    return tuple(
        Range(*entry, TargetKind.MOVIE, site, film, first=number, last=number, state=state, flag=flag)
        for number, film in enumerate(all_ids, start=1)
    )


def run(entry: Entry, show: str, *, season: int, offset: int, site: str = TMDB) -> tuple[Range, ...]:
    """The entry's episode n is the (n + offset)-th of a season. Nothing says where it ends.

    Specials have to be named one by one: a whole entry in season 0 is never used (id-mapping.md 5.5).
    """
    if season < 0:
        raise Unfit("season")
    first, start = max(1, 1 - offset), max(1, 1 + offset)
    made = Range(*entry, TargetKind.SHOW, site, show, season=season, first=first, start=start)
    if season == 0:
        return (made._replace(state=FLAGGED, flag="season_zero"),)
    return (made._replace(state=FLAGGED, flag="offset"),) if offset < 0 else (made,)


def absolute(entry: Entry, show: str, *, offset: int = 0) -> Range:
    """The entry's episodes run through all regular seasons. `checks` sees to it that it is alone there."""
    made = Range(*entry, TargetKind.SHOW, TMDB, show, numbering=Numbering.ABSOLUTE)
    if offset == 0:
        return made
    # Only an entry that starts the show may count so (id-mapping.md 5.3).
    return made._replace(first=max(1, 1 - offset), start=max(1, 1 + offset), state=FLAGGED, flag="absolute")


def somewhere(entry: Entry, show: str, *, site: str = TMDB) -> Range:
    """Only the show is known. Never used; it tells a person where to look."""
    return Range(*entry, TargetKind.SHOW, site, show, state=FLAGGED, flag="season_unknown")
