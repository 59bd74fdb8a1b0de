"""Trakt's endpoints: what is asked and the shape of what comes back. Source: providers/trakt.md 5, 6, 7 and 9.

Rows stay raw at first, so that a broken one costs only itself. Every list is walked to its end: one page is never
taken for the whole (trakt.md 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from integrations.answers import read_count
from integrations.errors import Malformed
from integrations.http import Session
from integrations.providers.trakt.judging import SLUG

API = "https://api.trakt.tv"
PAGE, PROGRESS_PAGE = 250, 100
"""The most rows of a page; with extended=progress."""
MOST_PAGES = 2000

T = TypeVar("T")


class Ids(msgspec.Struct):
    trakt: int
    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str | None = None
    slug: str | None = None


class Work(msgspec.Struct):
    """A show or a film. status: with extended=full only; "ended" or "canceled" = no more will air."""

    ids: Ids
    title: str | None = None
    year: int | None = None
    status: str | None = None


class PlayedEpisode(msgspec.Struct):
    number: int
    plays: int
    last_watched_at: str | None = None


class PlayedSeason(msgspec.Struct):
    number: int
    episodes: list[PlayedEpisode]


class WatchedShow(msgspec.Struct):
    plays: int
    show: Work
    seasons: list[PlayedSeason] | None = None


class WatchedMovie(msgspec.Struct):
    plays: int
    movie: Work
    last_watched_at: str | None = None


class SeasonNumber(msgspec.Struct):
    number: int


class _Marked(msgspec.Struct, kw_only=True):
    show: Work | None = None
    movie: Work | None = None
    season: SeasonNumber | None = None


class Rated(_Marked, kw_only=True):
    rating: int
    rated_at: str | None = None


class Listed(_Marked, kw_only=True):
    listed_at: str | None


class Hidden(_Marked, kw_only=True):
    hidden_at: str | None


class _UserIds(msgspec.Struct):
    trakt: int
    slug: str | None = None


class _User(msgspec.Struct):
    username: str
    ids: _UserIds
    vip: bool | None = None


class _Cap(msgspec.Struct):
    item_count: int | None = None


class _Limits(msgspec.Struct):
    watchlist: _Cap | None = None


class UserSettings(msgspec.Struct):
    user: _User
    limits: _Limits | None = None


class Counts(msgspec.Struct):
    movies: int = 0
    episodes: int = 0


class MissingEpisode(msgspec.Struct):
    number: int | None = None


class MissingSeason(msgspec.Struct):
    number: int | None = None
    episodes: list[MissingEpisode] | None = None


class _AnyIds(msgspec.Struct):
    trakt: int | None = None


class Missing(msgspec.Struct):
    """What Trakt did not find, as it was sent."""

    ids: _AnyIds | None = None
    seasons: list[MissingSeason] | None = None


class NotFound(msgspec.Struct):
    movies: list[Missing] = []
    shows: list[Missing] = []


class _List(msgspec.Struct):
    item_count: int | None = None


class Written(msgspec.Struct):
    """`updated` is missing in older answers; `existing` only some have. The counters of the hidden sections are odd, so
    what stands in `not_found` is all that counts there (trakt.md 7.5)."""

    not_found: NotFound
    added: Counts = msgspec.field(default_factory=Counts)
    updated: Counts = msgspec.field(default_factory=Counts)
    existing: Counts = msgspec.field(default_factory=Counts)
    list: _List | None = None


class Episode(msgspec.Struct):
    number: int


class Season(msgspec.Struct):
    number: int
    episodes: list[Episode]
    aired_episodes: int | None = None


class Found(msgspec.Struct):
    type: str
    show: Work | None = None
    movie: Work | None = None

    @property
    def work(self) -> Work | None:
        return self.show if self.type == "show" else self.movie if self.type == "movie" else None


@dataclass(frozen=True, slots=True)
class Rows:
    """A whole list. steady: Trakt's own count says that nothing moved between the pages."""

    rows: tuple[msgspec.Raw, ...]
    steady: bool = True


def fetch_settings(session: Session) -> UserSettings:
    return session.send("GET", f"{API}/users/settings", repeatable=True).decode(UserSettings, provider=SLUG)


def fetch_activities(session: Session) -> dict[str, Any]:
    """{"episodes": {"watched_at": "2026-…"}, …}."""
    answer = session.send("GET", f"{API}/sync/last_activities", repeatable=True)
    return answer.decode(dict[str, Any], provider=SLUG)


def fetch_rows(session: Session, path: str, *, extended: str = "full", limit: int = PAGE) -> Rows:
    """All pages of a list. path: after the host, e.g. "sync/ratings/shows". Raises ProviderError.

    Trakt's headers say how many pages there are. Without them only an empty page, or the same page again, is an end:
    the caps were lowered before, so a page shorter than asked for may be a full one.
    """
    found: list[msgspec.Raw] = []
    last: list[msgspec.Raw] = []
    for page in range(1, MOST_PAGES + 1):
        params = {"page": str(page), "limit": str(limit), "extended": extended}
        answer = session.send("GET", f"{API}/{path}", params=params, repeatable=True)
        rows = answer.decode(list[msgspec.Raw], provider=SLUG)
        pages, total = (read_count(answer, f"x-pagination-{name}-count") for name in ("page", "item"))
        if pages is None and (not rows or rows == last):
            return Rows(tuple(found))
        found += rows
        if pages is not None and page >= pages:
            return Rows(tuple(found), steady=total is None or total == len(found))
        last = rows
    raise Malformed("A list of Trakt's does not end.", provider=SLUG, path="$")


def fetch_seasons(session: Session, show: str) -> list[Season]:
    """Raises Gone for a show that Trakt no longer has."""
    url = f"{API}/shows/{show}/seasons"
    answer = session.send("GET", url, params={"extended": "full,episodes"}, repeatable=True)
    return answer.decode(list[Season], provider=SLUG)


def fetch_show(session: Session, show: str) -> Work:
    """Raises Gone."""
    answer = session.send("GET", f"{API}/shows/{show}", params={"extended": "full"}, repeatable=True)
    return answer.decode(Work, provider=SLUG)


def find(session: Session, kind: str, site: str, *, site_id: str) -> Work | None:
    """The show or film with this id at another site. kind: always sent, since TMDB's numbers overlap (trakt.md 9)."""
    params = {"type": kind, "extended": "full"}
    answer = session.send("GET", f"{API}/search/{site}/{site_id}", params=params, repeatable=True)
    found = answer.decode(list[Found], provider=SLUG)
    return next((one.work for one in found if one.type == kind and one.work), None)


def search(session: Session, text: str, *, limit: int) -> list[Found]:
    params = {"query": text, "limit": str(limit), "page": "1", "extended": "full"}
    answer = session.send("GET", f"{API}/search/show,movie", params=params, repeatable=True)
    return [one for one in answer.decode(list[Found], provider=SLUG) if one.work]


def post(session: Session, path: str, body: Mapping[str, Sequence[Any]]) -> Written:
    """Never repeated by itself: Trakt's history takes an equal play for another one (trakt.md 7.1).

    Raises what `judge` says, and Malformed for an answer that is not understood: then the body may have been taken.
    """
    return session.send("POST", f"{API}/{path}", json=dict(body)).decode(Written, provider=SLUG)
