"""Trakt's values and ours, both ways. Pure. Source: providers/trakt.md 4, 6, 7.1 and 8, read 2026-11-25."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from integrations.errors import Malformed
from integrations.providers import lenient
from integrations.providers.base import Account, MediaFacts
from integrations.providers.trakt.client import UserSettings, Work
from integrations.providers.trakt.judging import SLUG
from library.entry import Kind, PartialDate
from library.episodes.model import Item, TargetKind

STAMPS = (
    ("episodes", "watched_at"),
    ("movies", "watched_at"),
    ("shows", "rated_at"),
    ("seasons", "rated_at"),
    ("movies", "rated_at"),
    ("watchlist", "updated_at"),
)
"""What moves when something that we read was added or taken away (trakt.md 6.1)."""
DROPPED_STAMP = ("shows", "dropped_at")
FEW = 3
"""Episodes that one may have watched since the last sync; more than that are being caught up on."""


def read_account(told: UserSettings) -> Account:
    """Settings: {"vip": bool} and, where Trakt says it, {"watchlist": most items}."""
    user = told.user
    settings: dict[str, Any] = {"vip": bool(user.vip)}
    if told.limits and told.limits.watchlist and told.limits.watchlist.item_count is not None:
        settings["watchlist"] = told.limits.watchlist.item_count
    name = lenient.clean_line(user.username)
    page = f"https://trakt.tv/users/{quote(user.ids.slug, safe='')}" if user.ids.slug else ""
    return Account(str(user.ids.trakt), name, page, settings)


def with_settings(account: Account, **more: Any) -> Account:
    return replace(account, settings={**account.settings, **more})


def read_mark(told: Mapping[str, Any], *, more: Iterable[str], drops: bool) -> str:
    """A digest of the stamps that matter and of `more`, the answers that decide what a read makes of it.

    Raises Malformed where a stamp is missing: "not told" must never pass for "nothing moved".
    """
    stamps = [*STAMPS, DROPPED_STAMP] if drops else STAMPS
    words = list(more)
    for group, name in stamps:
        try:
            words.append(str(told[group][name]))
        except (KeyError, TypeError) as error:
            path = f"$.{group}.{name}"
            raise Malformed("Trakt left out when something moved.", provider=SLUG, path=path) from error
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def read_moment(text: str | None) -> datetime | None:
    """None for plays of unknown date too, which Trakt may show at the epoch."""
    moment = lenient.read_moment_text(text)
    return moment if moment is not None and moment.timestamp() > 0 else None


def read_found(kind: TargetKind, work: Work) -> MediaFacts:
    """A search result, to map a work by hand. external_id: "show-198225". Its cross ids are those that maps go by."""
    sites = {site: str(value) for site in ("tmdb", "tvdb", "imdb") if (value := getattr(work.ids, site))}
    return MediaFacts(
        kind=Kind.ANIME,
        external_id=f"{kind}-{work.ids.trakt}",
        titles=lenient.read_titles([work.title]),
        format="tv" if kind is TargetKind.SHOW else "movie",
        year=lenient.read_year(work.year),
        cross_ids={"trakt": str(work.ids.trakt), **sites},
    )


def choose_moment(way: str, *, count: int, is_new: bool, now: float, finished_on: PartialDate) -> str | datetime:
    """The `watched_at` of `count` plays: "unknown", "released" or a time, cut to the minute as Trakt does (6.5).

    way: of the option "watched_at". is_new: the entry had no trace at Trakt before.
    """
    minute = datetime.fromtimestamp(now // 60 * 60, UTC)
    if way == "now" or (way == "smart" and not is_new and count <= FEW):
        return minute
    if way == "finished" and all(finished_on.parts()):
        try:
            noon = datetime(*finished_on.parts(), 12, tzinfo=UTC)
        except ValueError:
            return "unknown"
        # The person's day may be ahead of UTC's; a play of the future would be none.
        return min(noon, minute) if noon < minute + timedelta(days=1) else "unknown"
    return "released" if way == "released" else "unknown"


def plays_body(plays: Mapping[Item, str | datetime]) -> dict[str, list[dict[str, Any]]]:
    """Each play by its own number: a show or season that names no episodes would stand for all of them (7.1)."""
    movies: list[dict[str, Any]] = []
    shows: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for item, at in plays.items():
        if item.kind is TargetKind.MOVIE:
            # Only episodes can be dated by their release.
            movies.append({"ids": {"trakt": int(item.id)}, "watched_at": _text("unknown" if at == "released" else at)})
        else:
            episodes = shows.setdefault(item.id, {}).setdefault(item.season, [])
            episodes.append({"number": item.number, "watched_at": _text(at)})
    rows = [
        {
            "ids": {"trakt": int(show)},
            "seasons": [{"number": number, "episodes": episodes} for number, episodes in seasons.items()],
        }
        for show, seasons in shows.items()
    ]
    return {name: part for name, part in (("movies", movies), ("shows", rows)) if part}


def _text(at: str | datetime) -> str:
    return at if isinstance(at, str) else at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def cut(items: Sequence[Item], *, most: int, most_shows: int) -> list[list[Item]]:
    """The items in runs that are small enough for one request (trakt.md 7.9)."""
    pieces: list[list[Item]] = []
    works: set[tuple[TargetKind, str]] = set()
    for item in items:
        works.add((item.kind, item.id))
        if not pieces or len(pieces[-1]) == most or len(works) > most_shows:
            pieces.append([])
            works = {(item.kind, item.id)}
        pieces[-1].append(item)
    return pieces
