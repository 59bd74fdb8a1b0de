"""Reading what a person has at Trakt: watched, ratings, watchlist, dropped. All of it, or an error.

What a read saw stays in the session's notes: writes need it, since Trakt's history only grows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from integrations.errors import Malformed
from integrations.http import Session
from integrations.providers.base import RemoteEntry, Snapshot, Unclear
from integrations.providers.trakt import charting, client, convert
from integrations.providers.trakt.judging import SLUG
from integrations.providers.trakt.shelf import Rating, Rules, Shelf, Spot, entry_of
from integrations.providers.unclear import count_words, unclear_entry
from library.entry import Kind
from library.episodes.model import Item, Place, TargetKind
from library.episodes.progress import HIGHEST, UNBROKEN

TABLES_A_READ = 100
"""Ids and season tables that one read looks up at most; a first read of many shows goes on the next time."""
FIXED_REQUESTS = 9
"""Settings, shows, films, three kinds of ratings and three of the watchlist, when each is one page."""
_NOTE = "trakt"

R = TypeVar("R", bound=client.Rated | client.Listed | client.Hidden)


@dataclass
class Sight:
    """works: every show and film that was seen, by kind and Trakt id."""

    shelf: Shelf
    works: dict[tuple[TargetKind, str], client.Work] = field(default_factory=dict)


def rules_of(session: Session) -> Rules:
    way = HIGHEST if session.options.get("progress_way") == HIGHEST else UNBROKEN
    return Rules(way=way, drops=session.options.get("dropped") == "yes")


def read_list(session: Session) -> Snapshot:
    """Raises ProviderError rather than give a list that was cut short."""
    account = convert.read_account(client.fetch_settings(session))
    if session.account_id and account.id != session.account_id:
        raise Malformed("Trakt answered for another account.", provider=SLUG, path="$.user.ids.trakt")
    rules = rules_of(session)
    sight = look(session)
    places = _places_seen(session, sight)
    chart = charting.draw(session, places, works=sight.works, most=TABLES_A_READ)
    found, unclear = _read_entries(sight.shelf, chart, rules)
    _confirm_seen(session, sight.shelf, [item for plot in chart.plots.values() for item in plot.items])
    reasons = [
        *(["Trakt's list changed while it was read."] if not sight.shelf.steady else []),
        *(["Some of Trakt's entries do not say what they are about."] if sight.shelf.broken else []),
        *(
            [f"{len(chart.waiting)} titles are still to be looked up at Trakt; the next run goes on."]
            * bool(chart.waiting)
        ),
    ]
    return Snapshot(
        found,
        frozenset({Kind.ANIME}),
        complete=not reasons,
        reason=" ".join(filter(None, [*reasons, count_words("Trakt", sight.shelf.broken + len(unclear))])),
        # What `capability` has to know of the person's choice travels with the account.
        account=convert.with_settings(account, dropped=rules.drops),
        unclear=unclear,
    )


def _read_entries(
    shelf: Shelf, chart: charting.Chart, rules: Rules
) -> tuple[tuple[RemoteEntry, ...], tuple[Unclear, ...]]:
    """One that cannot be read is left out: it must not cost the others, whatever is wrong with it."""
    found: list[RemoteEntry] = []
    unclear = [unclear_entry(Kind.ANIME, key, error) for key, error in chart.faults.items()]
    for key, plot in chart.plots.items():
        if not shelf.is_clear(plot):
            unclear.append(Unclear(Kind.ANIME, key, "plays that could not be understood"))
            continue
        try:
            entry = entry_of(shelf, plot, rules)
        except Exception as error:  # noqa: BLE001 - told by `unclear`
            unclear.append(unclear_entry(Kind.ANIME, key, error))
            continue
        found += [entry] if entry is not None else []
    return tuple(found), tuple(unclear)


def _places_seen(session: Session, sight: Sight) -> list[Place]:
    assert session.atlas is not None
    return session.atlas.places_at(list(charting.targets_of(sight.works)))


def _confirm_seen(session: Session, shelf: Shelf, items: Collection[Item]) -> None:
    """Plays whose answer was lost and that a read shows were recorded."""
    assert session.plays is not None
    seen = [item for item in dict.fromkeys(items) if item in shelf.watched]
    doubtful = [item for item, at in session.plays.sent(seen).items() if at is not None]
    if doubtful:
        session.plays.confirm(doubtful)


def recall(session: Session) -> Sight:
    """What this session saw last; looks now if it has not looked yet, or if the list moved while it did."""
    sight: Sight | None = session.notes.get(_NOTE)
    return sight if sight is not None and sight.shelf.steady else look(session)


def look(session: Session) -> Sight:
    sight = Sight(Shelf(read_at=session.now()))
    _look_at_shows(session, sight)
    _look_at_films(session, sight)
    for kind in ("shows", "seasons", "movies"):
        for rated, spot in _walk(session, sight, f"sync/ratings/{kind}", shape=client.Rated):
            if 1 <= rated.rating <= 10:
                sight.shelf.ratings[spot] = Rating(rated.rating, convert.read_moment(rated.rated_at))
    for kind in ("shows", "seasons", "movies"):
        for listed, spot in _walk(session, sight, f"sync/watchlist/{kind}/added/asc", shape=client.Listed):
            sight.shelf.listed[spot] = convert.read_moment(listed.listed_at)
    sight.shelf.listed_count = len(sight.shelf.listed)
    if rules_of(session).drops:
        for hidden, spot in _walk(session, sight, "users/hidden/dropped", shape=client.Hidden):
            if spot.kind is TargetKind.SHOW:
                sight.shelf.dropped[spot.id] = convert.read_moment(hidden.hidden_at)
    session.notes[_NOTE] = sight
    return sight


class _ShowOnly(msgspec.Struct):
    show: client.Work


class _MovieOnly(msgspec.Struct):
    movie: client.Work


def _look_at_shows(session: Session, sight: Sight) -> None:
    """Raises Malformed for plays without episodes: since 2026-07 that answers a wrong question (trakt.md 6.2)."""
    path, limit = "sync/watched/shows", client.PROGRESS_PAGE
    found = client.fetch_rows(session, path, extended="full,progress", limit=limit)
    seen: set[str] = set()
    for row in found.rows:
        # Without the show's id nobody could say whose plays are unknown: then nothing may be written at all.
        work = _decode(row, _ShowOnly).show
        show = str(work.ids.trakt)
        sight.works[TargetKind.SHOW, show] = work
        seen.add(show)
        try:
            watched = msgspec.json.decode(row, type=client.WatchedShow)
        except msgspec.MsgspecError:
            sight.shelf.unclear.add((TargetKind.SHOW, show))
            continue
        if watched.plays > 0 and not watched.seasons:
            raise Malformed("Trakt told of plays without their episodes.", provider=SLUG, path="$[].seasons")
        for season in watched.seasons or ():
            for episode in season.episodes:
                if episode.plays > 0:
                    item = Item(TargetKind.SHOW, show, season.number, episode.number)
                    sight.shelf.watched[item] = convert.read_moment(episode.last_watched_at)
    sight.shelf.steady &= found.steady and len(seen) == len(found.rows)


def _look_at_films(session: Session, sight: Sight) -> None:
    found = client.fetch_rows(session, "sync/watched/movies")
    seen: set[str] = set()
    for row in found.rows:
        work = _decode(row, _MovieOnly).movie
        film = str(work.ids.trakt)
        sight.works[TargetKind.MOVIE, film] = work
        seen.add(film)
        try:
            watched = msgspec.json.decode(row, type=client.WatchedMovie)
        except msgspec.MsgspecError:
            sight.shelf.unclear.add((TargetKind.MOVIE, film))
            continue
        if watched.plays > 0:
            sight.shelf.watched[Item(TargetKind.MOVIE, film)] = convert.read_moment(watched.last_watched_at)
    sight.shelf.steady &= found.steady and len(seen) == len(found.rows)


T = TypeVar("T")


def _decode(row: msgspec.Raw, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(row, type=shape)
    except msgspec.MsgspecError:
        raise Malformed("What was watched could not be understood.", provider=SLUG, path="$[]") from None


def _walk(session: Session, sight: Sight, path: str, *, shape: type[R]) -> Iterator[tuple[R, Spot]]:
    """Rows with what they are about. A broken one is counted and left out: it must not cost the others."""
    found = client.fetch_rows(session, path)
    sight.shelf.steady &= found.steady
    for raw in found.rows:
        try:
            row = msgspec.json.decode(raw, type=shape)
        except msgspec.MsgspecError:
            sight.shelf.broken += 1
            continue
        kind, work = (TargetKind.MOVIE, row.movie) if row.movie else (TargetKind.SHOW, row.show)
        if work is None:
            sight.shelf.broken += 1
            continue
        external_id = str(work.ids.trakt)
        sight.works.setdefault((kind, external_id), work)
        yield row, Spot(kind, external_id, row.season.number if row.season else -1)
