"""From works to what Trakt has of them: ids, season tables, and which work a rating or a listing is about.

Source: id-mapping.md 5.2, trakt.md 8 and 9, read 2026-11-25. What was learnt is kept in the atlas at once, so that a
run that ends early has not asked in vain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from integrations.atlas import Atlas
from integrations.errors import Gone
from integrations.http import Session
from integrations.providers.lenient import clean_line
from integrations.providers.trakt import client
from integrations.providers.trakt.shelf import Plot, Spot, close
from library.episodes.model import SPECIALS, Place, Seasons, Segment, Target, TargetKind
from library.episodes.resolve import Resolved, resolve

SITES = ("tmdb", "tvdb", "imdb", "trakt")
_ENDED = ("ended", "canceled")

Works = Mapping[tuple[TargetKind, str], client.Work]
"""{(kind, Trakt id): what Trakt said of it}."""


@dataclass
class Chart:
    """plots: by key, of works that have a place. refused: {key: why not}, as `Resolved.refusal` or `Place.flag`.
    waiting: keys for which something is still to be asked, because this run has asked enough.
    faults: {key: what our own code raised on it}; such a work costs the others nothing."""

    plots: dict[str, Plot] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    faults: dict[str, Exception] = field(default_factory=dict)


@dataclass
class _Asking:
    """Looks up what the atlas lacks, at most `left` things. works: what Trakt has told of them meanwhile."""

    session: Session
    atlas: Atlas
    works: dict[tuple[TargetKind, str], client.Work]
    left: int
    recut: set[str] = field(default_factory=set)

    def find_id(self, target: Target) -> str | None:
        """None = not asked."""
        if self.left <= 0:
            return None
        self.left -= 1
        found = client.find(self.session, target.kind, target.site, site_id=target.id)
        external_id = str(found.ids.trakt) if found else ""
        if found is not None:
            self.works[target.kind, external_id] = found
        self.atlas.learn_ids({target: external_id})
        return external_id

    def fetch_table(self, show: str) -> Seasons | None:
        """None = not asked. Raises Gone."""
        if self.left <= 0:
            return None
        self.left -= 1
        work = self.works.get((TargetKind.SHOW, show))
        if work is None or work.status is None:
            work = client.fetch_show(self.session, show)
        table = read_table(work, client.fetch_seasons(self.session, show))
        if not self.atlas.learn_seasons(table):
            self.recut.add(show)
        return table


def read_table(work: client.Work, seasons: Sequence[client.Season]) -> Seasons:
    numbers = {one.number: tuple(sorted({episode.number for episode in one.episodes})) for one in seasons}
    aired = {one.number: one.aired_episodes for one in seasons if one.aired_episodes is not None}
    return Seasons(
        show=str(work.ids.trakt),
        numbers={season: some for season, some in numbers.items() if some},
        aired=aired,
        is_ended=work.status in _ENDED,
        title=clean_line(work.title or "", limit=500),
    )


def targets_of(works: Works) -> dict[Target, str]:
    """What other sites call these shows and films, and Trakt: {target: Trakt id}."""
    return {
        Target(kind, site, str(value)): external_id
        for (kind, external_id), work in works.items()
        for site in SITES
        if (value := getattr(work.ids, site))
    }


def draw(session: Session, places: Collection[Place], *, works: Works, most: int) -> Chart:
    """All these works; those that share a show must be among them. most: things that may be looked up.

    Raises ProviderError.
    """
    assert session.atlas is not None
    asking = _Asking(session, session.atlas, dict(works), most)
    wanted = [place for place in places if not place.flag]
    ids = _find_ids(asking, wanted, targets_of(works))
    tables, gone = _find_tables(asking, wanted, ids)
    ids.update(dict.fromkeys(gone, ""))
    chart = Chart(refused={place.key: place.flag for place in places if place.flag})
    works_of_show = _by_show(places, {**targets_of(works), **ids})
    resolved = _resolve_all(chart, wanted, asking, tables=tables, ids=ids)
    around = _Around(ids, tables, works_of_show, resolved, asking.works)
    for place in wanted:
        if place.key in resolved and resolved[place.key].refusal:
            chart.refused[place.key] = resolved[place.key].refusal
        elif place.key in resolved:
            try:
                chart.plots[place.key] = _plot(place, around)
            except Exception as error:  # noqa: BLE001 - told by who reads or writes it
                chart.faults[place.key] = error
    return chart


def _resolve_all(
    chart: Chart,
    places: Iterable[Place],
    asking: _Asking,
    *,
    tables: Mapping[Target, Seasons],
    ids: Mapping[Target, str],
) -> dict[str, Resolved]:
    """By key, without those that the chart then tells of."""
    resolved: dict[str, Resolved] = {}
    for place in places:
        targets = {segment.target for segment in place.segments}
        shows = {target for target in targets if target.kind is TargetKind.SHOW}
        if not targets <= ids.keys() or any(ids[target] and target not in tables for target in shows):
            chart.waiting.add(place.key)
        elif any(ids[target] in asking.recut for target in shows):
            chart.refused[place.key] = "recut"
        else:
            try:
                found = resolve(place, tables, ids)
                # What is ended and nowhere else is all there: a part that Trakt lacks may still come.
                if all(ids[target] for target in targets):
                    found = close(found, [tables[target] for target in shows])
            except Exception as error:  # noqa: BLE001 - told by who reads or writes it
                chart.faults[place.key] = error
                continue
            resolved[place.key] = found
    return resolved


def _find_ids(asking: _Asking, places: Iterable[Place], told: Mapping[Target, str]) -> dict[Target, str]:
    """{target: Trakt id, "" = Trakt has none}; targets that could not be asked for are left out."""
    targets = list(dict.fromkeys(segment.target for place in places for segment in place.segments))
    known = dict(asking.atlas.external_ids(targets))
    fresh = {target: told[target] for target in targets if target in told and known.get(target) != told[target]}
    if fresh:
        asking.atlas.learn_ids(fresh)
    known.update(fresh)
    for target in targets:
        if target.site == "trakt":
            known[target] = target.id
        elif target not in known and (found := asking.find_id(target)) is not None:
            known[target] = found
    return known


def _find_tables(
    asking: _Asking, places: Iterable[Place], ids: Mapping[Target, str]
) -> tuple[dict[Target, Seasons], set[Target]]:
    """Season tables by target, and the targets whose show Trakt no longer has."""
    shows = {
        segment.target: ids[segment.target]
        for place in places
        for segment in place.segments
        if segment.target.kind is TargetKind.SHOW and ids.get(segment.target)
    }
    known = dict(asking.atlas.seasons(sorted(set(shows.values()))))
    gone: set[str] = set()
    for show in dict.fromkeys(shows.values()):
        if show not in known:
            try:
                table = asking.fetch_table(show)
            except Gone:
                gone.add(show)
                continue
            known.update({show: table} if table is not None else {})
    lost = {target for target, show in shows.items() if show in gone}
    if lost:
        asking.atlas.learn_ids(dict.fromkeys(lost, ""))
    return {target: known[show] for target, show in shows.items() if show in known}, lost


def _by_show(places: Iterable[Place], ids: Mapping[Target, str]) -> dict[str, list[tuple[Place, Segment]]]:
    """{show id: the works at it and where each begins there}, in the order of the episodes, specials last."""
    found: dict[str, dict[str, tuple[Place, Segment]]] = {}
    for place in places:
        for segment in sorted(place.segments, key=_order):
            if segment.target.kind is TargetKind.SHOW and (show := ids.get(segment.target)):
                found.setdefault(show, {}).setdefault(place.key, (place, segment))
    return {show: sorted(works.values(), key=lambda one: _order(one[1])) for show, works in found.items()}


def _order(segment: Segment) -> tuple[bool, int, int]:
    return (segment.season == SPECIALS, segment.season or 0, segment.start)


@dataclass(frozen=True, slots=True)
class _Around:
    ids: Mapping[Target, str]
    tables: Mapping[Target, Seasons]
    by_show: Mapping[str, list[tuple[Place, Segment]]]
    resolved: Mapping[str, Resolved]
    works: Works

    def title_of(self, segment: Segment) -> str:
        """As Trakt would say it: "Show", "Show, season 3", "Show, season 3 from episode 13", or the film's title."""
        if segment.target.kind is TargetKind.MOVIE:
            film = self.works.get((TargetKind.MOVIE, self.ids.get(segment.target, "")))
            return clean_line(film.title or "", limit=500) if film else ""
        title, season = self.tables[segment.target].title, segment.season or 1
        if not title or (season, segment.start) == (1, 1):
            return title
        return f"{title}, season {season}" + (f" from episode {segment.start}" if segment.start > 1 else "")


def _plot(place: Place, around: _Around) -> Plot:
    resolved = around.resolved[place.key]
    shows = [segment for segment in place.segments if segment.target.kind is TargetKind.SHOW]
    regular = sorted((segment for segment in shows if around.ids.get(segment.target)), key=_order)
    if not regular:
        films = dict.fromkeys(Spot(item.kind, item.id) for items in resolved.items for item in items)
        title = around.title_of(place.segments[0]) if films else ""
        ratings = tuple(films) if len(films) == 1 else ()
        return Plot(place, resolved, ratings=ratings, listings=tuple(films)[:1], title=title)
    target = regular[0].target
    show, table = around.ids[target], around.tables[target]
    row = [work.key for work, _ in around.by_show[show]]
    at = row.index(place.key)
    season = _covered(place, around, show=show, table=table)
    whole = Spot(TargetKind.SHOW, show)
    alone = len(row) == 1 and len([number for number in table.numbers if number != SPECIALS]) == 1
    return Plot(
        place,
        resolved,
        show=show,
        ratings=(*season, *([whole] if alone else [])),
        listings=(*([whole] if at == 0 else []), *season),
        later=tuple(around.resolved[key] for key in row[at + 1 :] if key in around.resolved),
        title=around.title_of(regular[0]),
    )


def _covered(place: Place, around: _Around, *, show: str, table: Seasons) -> tuple[Spot, ...]:
    """The one regular season that is this work from its first to its last episode, if there is one."""
    items = {item for some in around.resolved[place.key].items for item in some}
    seasons = {item.season for item in items}
    if len(seasons) != 1 or SPECIALS in seasons or any(item.id != show for item in items):
        return ()
    season = seasons.pop()
    if {item.number for item in items} != set(table.numbers[season]):
        return ()
    # While a season grows, its first part may look like all of it: whoever shares it shows in the tables.
    others = [work for work, _ in around.by_show[show] if work.key != place.key]
    shared = any(
        segment.season in (season, None) and around.ids.get(segment.target) == show
        for work in others
        for segment in work.segments
    )
    return () if shared else (Spot(TargetKind.SHOW, show, season),)
