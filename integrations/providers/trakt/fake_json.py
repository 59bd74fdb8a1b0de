"""How Trakt shows shows, seasons, episodes and films, and how it pages. providers/trakt.md 5, 6, 9, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.sandbox.answers import json_answer
from integrations.sandbox.screen import Episode, Movie, Season, Show, iso

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from integrations.providers.trakt.fake_control import ControlledTrakt
    from integrations.sandbox.base import Exchange


class Refused(Exception):
    """An error answer of the API. data: its JSON, None for an empty body."""

    def __init__(self, status: int, *, headers: Mapping[str, str] | None = None, data: Any = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.data = data


def invalid(message: str) -> Refused:
    return Refused(422, data={"errors": [message]})


def extended(exchange: Exchange) -> set[str]:
    return {word.strip() for word in exchange.request.args.get("extended", "").split(",")}


def show_json(show: Show, *, full: bool = False, counted: bool = False) -> dict[str, Any]:
    """counted: with aired_episodes, as lists of watched shows have it."""
    ids: dict[str, Any] = {
        "trakt": show.trakt,
        "slug": show.slug,
        "tvdb": show.tvdb or None,
        "imdb": show.imdb or None,
        "tmdb": show.tmdb,
    }
    shown: dict[str, Any] = {"title": show.title, "year": show.year or None, "ids": ids}
    if full:
        more = {"first_aired": iso(show.start), "country": "jp", "language": "ja", "genres": ["anime"]}
        shown |= {"status": show.status, "overview": "", **more}
    if full or counted:
        shown["aired_episodes"] = sum(episode.aired_at is not None for episode in show.regular())
    return shown


def movie_json(movie: Movie, *, full: bool = False) -> dict[str, Any]:
    ids = {"trakt": movie.trakt, "slug": movie.slug, "imdb": movie.imdb or None, "tmdb": movie.tmdb}
    shown: dict[str, Any] = {"title": movie.title, "year": movie.year or None, "ids": ids}
    if full:
        more = {"country": "jp", "language": "ja", "genres": ["anime"]}
        shown |= {"released": iso(movie.released)[:10], "status": "released", "overview": "", **more}
    return shown


def season_json(season: Season, *, full: bool = False, episodes: bool = False) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "number": season.number,
        "ids": {"trakt": season.trakt, "tvdb": season.tvdb, "tmdb": season.tmdb},
    }
    if full:
        aired = [one.aired_at for one in season.episodes if one.aired_at is not None]
        shown |= {
            "title": f"Season {season.number}" if season.number else "Specials",
            "episode_count": len(season.episodes),
            "aired_episodes": len(aired),
            "first_aired": iso(min(aired)) if aired else None,
        }
    if episodes:
        shown["episodes"] = [episode_json(one, full=full) for one in season.episodes]
    return shown


def episode_json(episode: Episode, *, full: bool = False) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "season": episode.season,
        "number": episode.number,
        "title": episode.title,
        "ids": {"trakt": episode.trakt, "tvdb": episode.tvdb, "imdb": None, "tmdb": episode.tmdb},
    }
    if full:
        first_aired = iso(episode.aired_at) if episode.aired_at is not None else None
        shown |= {"number_abs": episode.absolute, "first_aired": first_aired, "overview": "", "runtime": 24}
    return shown


def target_json(target: Any, *, full: bool = False) -> dict[str, Any]:
    """The keys by which a list item names its work: its own, and "show" for a season or an episode."""
    if isinstance(target, Movie):
        return {"movie": movie_json(target, full=full)}
    if isinstance(target, Show):
        return {"show": show_json(target, full=full)}
    if isinstance(target, Season):
        return {"season": season_json(target, full=full), "show": show_json(target.show, full=full)}
    return {"episode": episode_json(target, full=full), "show": show_json(target.show, full=full)}


@dataclass(frozen=True, slots=True)
class Page:
    """One page's place. number: from 1."""

    number: int
    limit: int

    @property
    def begin(self) -> int:
        return (self.number - 1) * self.limit


def read_page(fake: ControlledTrakt, exchange: Exchange) -> Page:
    """What is no number counts as not sent, and a limit above the cap as the cap."""
    settings = fake.settings
    cap = settings["page_progress"] if "progress" in extended(exchange) else settings["page_max"]
    number, limit = exchange.request.args.get("page", ""), exchange.request.args.get("limit", "")
    wanted = int(limit) if limit.isdecimal() and int(limit) else settings["page_default"]
    return Page(max(1, int(number)) if number.isdecimal() else 1, min(wanted, cap))


def paged_answer(
    fake: ControlledTrakt, exchange: Exchange, rows: Sequence[Any], *, make: Callable[[Any], dict[str, Any]]
) -> Response:
    """The page's rows, and the four headers about all of them. Zero rows are zero pages."""
    if fake.twist(exchange, "empty_list"):
        rows = []
    short = fake.twist(exchange, "short_list")
    if short:
        rows = rows[: int(short.options["keep"])]
    page = read_page(fake, exchange)
    headers = {
        "X-Pagination-Page": str(page.number),
        "X-Pagination-Limit": str(page.limit),
        "X-Pagination-Page-Count": str(-(-len(rows) // page.limit)),
        "X-Pagination-Item-Count": str(len(rows)),
    }
    kept = [make(row) for row in rows[page.begin : page.begin + page.limit]]
    return json_answer(kept, headers=headers if fake.settings["pagination_headers"] else {})
