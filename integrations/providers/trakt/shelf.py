"""What a person has at Trakt, and how it looks as an entry of a list. Pure. trakt.md 8 and id-mapping.md 5.4.

Trakt keeps no status. It has plays, ratings, a watchlist and dropped shows, and several entries may share one show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from integrations.providers.base import MediaFacts, RemoteEntry
from library.entry import Entry, Kind, Status
from library.episodes.model import Item, Place, Seasons, TargetKind
from library.episodes.progress import UNBROKEN, is_complete, progress_of
from library.episodes.resolve import Resolved


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """What can be rated or listed: a film, a show, or one season of it. id: Trakt's."""

    kind: TargetKind
    id: str
    season: int = -1

    @property
    def is_season(self) -> bool:
        return self.season >= 0


@dataclass(frozen=True, slots=True)
class Rating:
    """mark: 1..10."""

    mark: int
    at: datetime | None = None


@dataclass(slots=True)
class Shelf:
    """What a read saw, and since then what was written.

    read_at:  unix seconds when the read began. steady: nothing moved meanwhile; then what it lacks is not there.
    watched:  {episode or film: when last, None = not known}. All plays count, whatever a show's `reset_at` says.
    dropped:  {show id: since when}. listed_count: all things on the watchlist, also those that are none of ours.
    is_full, is_history_full: Trakt said so of the watchlist, of the plays: nothing is added any more in this run.
    unclear:  shows and films whose plays could not be understood. broken: rows that did not say what they are about.
    """

    read_at: float = 0.0
    steady: bool = True
    watched: dict[Item, datetime | None] = field(default_factory=dict)
    ratings: dict[Spot, Rating] = field(default_factory=dict)
    listed: dict[Spot, datetime | None] = field(default_factory=dict)
    dropped: dict[str, datetime | None] = field(default_factory=dict)
    unclear: set[tuple[TargetKind, str]] = field(default_factory=set)
    broken: int = 0
    listed_count: int = 0
    is_full: bool = False
    is_history_full: bool = False

    def is_clear(self, plot: Plot) -> bool:
        """False when plays of a show or film that the work is in could not be understood: they are not "none"."""
        return not any((item.kind, item.id) in self.unclear for item in plot.items)

    def note_play(self, item: Item, at: datetime | None) -> None:
        """A show or film leaves the watchlist by itself once something of it was watched (trakt.md 7.4)."""
        self.watched[item] = at
        if self.listed.pop(Spot(item.kind, item.id), False) is not False:
            self.listed_count -= 1


@dataclass(frozen=True, slots=True)
class Plot:
    """One work at Trakt.

    ratings, listings: where its score and its place on the watchlist are looked for; the first is where they are
    written; () = Trakt cannot tell them from those of another work.
    show: the show that stands for the work when it is dropped, "" for films. later: the works of that show behind it.
    title: in Trakt's words, for a work that nobody has named otherwise.
    """

    place: Place
    resolved: Resolved
    show: str = ""
    ratings: tuple[Spot, ...] = ()
    listings: tuple[Spot, ...] = ()
    later: tuple[Resolved, ...] = ()
    title: str = ""

    @property
    def items(self) -> Iterable[Item]:
        return _items(self.resolved)

    @property
    def total(self) -> int:
        """Episodes of the entry that are there, 0 while more may come."""
        if self.resolved.is_open or self.resolved.held:
            return 0
        return len(self.resolved.items)

    @property
    def room(self) -> int:
        """The entry's last episode that is there by now; what lies beyond cannot be played yet."""
        return max((episode for episode, items in enumerate(self.resolved.items, start=1) if items), default=0)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person chose. way: how progress is counted, as `library.episodes.progress` says."""

    way: str = UNBROKEN
    drops: bool = False


def close(resolved: Resolved, tables: Iterable[Seasons]) -> Resolved:
    """`resolved`, knowing which shows have ended: then what is there is all there will be.

    Not so of an entry that is known to have more: its map is wrong, or a part is not known there (id-mapping.md 5.5).
    """
    if not all(table.is_ended for table in tables) or (resolved.held and not resolved.is_open):
        return resolved
    there = [episode for episode, items in enumerate(resolved.items, start=1) if items]
    return replace(resolved, items=resolved.items[: there[-1] if there else 0], held=(), is_open=False)


def describe(place: Place, *, total: int = 0, title: str = "") -> MediaFacts:
    return MediaFacts(
        kind=Kind.ANIME,
        external_id=place.key,
        titles=place.titles or ((title,) if title else ()),
        format=place.format,
        year=place.year,
        total=total,
        cross_ids=place.ids,
    )


def score_of(shelf: Shelf, plot: Plot) -> Rating | None:
    return next((shelf.ratings[spot] for spot in plot.ratings if spot in shelf.ratings), None)


def entry_of(shelf: Shelf, plot: Plot, rules: Rules) -> RemoteEntry | None:
    """The work as it stands at Trakt; None = no trace of it. A rating alone is none: it may be another work's too."""
    watched = [item for item in plot.items if item in shelf.watched]
    status = _status(shelf, plot, rules=rules, is_begun=bool(watched))
    if status is None:
        return None
    rating = score_of(shelf, plot)
    entry = Entry(
        status=status,
        progress=progress_of(plot.resolved, watched, way=rules.way),
        score=rating.mark * 10 if rating else 0,
    )
    moments = [shelf.watched[item] for item in watched]
    moments += [shelf.listed[spot] for spot in plot.listings if spot in shelf.listed]
    moments += [rating.at if rating else None, shelf.dropped.get(plot.show) if status is Status.DROPPED else None]
    latest = max((moment for moment in moments if moment is not None), default=None)
    untold = frozenset({"score"}) if rating is None and _is_rated_around(shelf, plot) else frozenset[str]()
    media = describe(plot.place, total=plot.total, title=plot.title)
    return RemoteEntry(media, entry, latest, room=plot.room, untold=untold)


def _is_rated_around(shelf: Shelf, plot: Plot) -> bool:
    """True when a show, season or film that the work is in has a rating. A new season makes the rating of a show the
    score of no work in particular; that takes nobody's score away."""
    return any(
        spot in shelf.ratings
        for item in plot.items
        for spot in (Spot(item.kind, item.id), Spot(item.kind, item.id, item.season))
    )


def _status(shelf: Shelf, plot: Plot, *, rules: Rules, is_begun: bool) -> Status | None:
    if is_begun and is_complete(plot.resolved, shelf.watched.keys()):
        return Status.COMPLETED
    if rules.drops and plot.show in shelf.dropped and stands_for_show(shelf, plot):
        return Status.DROPPED
    if is_begun:
        return Status.CURRENT
    return Status.PLANNED if any(spot in shelf.listed for spot in plot.listings) else None


def stands_for_show(shelf: Shelf, plot: Plot) -> bool:
    """True for the one work that is meant when its show is dropped: the last that was begun, else the first."""
    if not plot.show or _is_begun(shelf, plot.later):
        return False
    return _is_begun(shelf, [plot.resolved]) or Spot(TargetKind.SHOW, plot.show) in plot.listings


def _is_begun(shelf: Shelf, works: Iterable[Resolved]) -> bool:
    return any(item in shelf.watched for resolved in works for item in _items(resolved))


def _items(resolved: Resolved) -> Iterable[Item]:
    return dict.fromkeys(item for items in resolved.items for item in items)


def body_of(spots: Mapping[Spot, Mapping[str, int]]) -> dict[str, list[dict[str, object]]]:
    """Spots as a request names them, each with more keys of its own, e.g. {"rating": 8}. Seasons under their show."""
    movies: list[dict[str, object]] = []
    shows: dict[str, dict[str, object]] = {}
    seasons: dict[str, list[dict[str, object]]] = {}
    for spot, more in spots.items():
        named: dict[str, object] = {"ids": {"trakt": int(spot.id)}}
        if spot.kind is TargetKind.MOVIE:
            movies.append({**named, **more})
        elif spot.is_season:
            seasons.setdefault(spot.id, []).append({"number": spot.season, **more})
        else:
            shows[spot.id] = {**named, **more}
    # A show and its seasons go as two objects: a show that names seasons would no longer be meant itself.
    rows = list(shows.values())
    rows += [{"ids": {"trakt": int(show)}, "seasons": numbers} for show, numbers in seasons.items()]
    return {name: rows for name, rows in (("movies", movies), ("shows", rows)) if rows}
