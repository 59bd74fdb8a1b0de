"""TMDB as a translator: from imdb and tvdb ids to its own, and how long a show's seasons are. No Django.

id-mapping.md 2, read 2026-11-25. The old limit went in 2019; some 40 requests a second are spoken of; 429 counts.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from integrations.answers import Answer
from integrations.errors import ProviderError
from integrations.http import Session
from integrations.limits import Budget

SLUG = "tmdb"
API = "https://api.themoviedb.org/3"
T = TypeVar("T")


class Tmdb:
    """What `Line` needs to know of it. Its errors say by their status what they mean."""

    slug = SLUG
    name = "TMDB"
    hosts = frozenset({"api.themoviedb.org"})
    # Half of what is spoken of.
    budgets = (Budget("address", 20, 1.0, 5),)

    def judge(self, answer: Answer) -> ProviderError | None:
        return None


class _Found(msgspec.Struct):
    id: int


class _Results(msgspec.Struct):
    """All keys are there, also without a find."""

    movie_results: list[_Found]
    tv_results: list[_Found]


class _Season(msgspec.Struct):
    season_number: int
    episode_count: int


class _Show(msgspec.Struct):
    seasons: list[_Season]


def find_film(session: Session, imdb_id: str) -> str:
    """TMDB's id of the film, "" where it knows none, or several."""
    return _only(_find(session, imdb_id, "imdb_id").movie_results)


def find_show(session: Session, tvdb_id: str) -> str:
    """TMDB's id of the show, "" where it knows none, or several."""
    return _only(_find(session, tvdb_id, "tvdb_id").tv_results)


def fetch_lengths(session: Session, tmdb_id: str) -> dict[int, int]:
    """{season: its episodes}, specials left out. Raises Gone for a show that is not there."""
    seasons = _get(session, f"/tv/{tmdb_id}", shape=_Show).seasons
    return {season.season_number: season.episode_count for season in seasons if season.season_number > 0}


def _find(session: Session, external_id: str, source: str) -> _Results:
    return _get(session, f"/find/{external_id}", shape=_Results, external_source=source)


def _get(session: Session, path: str, *, shape: type[T], **params: str) -> T:
    return session.send("GET", API + path, params=params, repeatable=True).decode(shape, provider=SLUG)


def _only(found: list[_Found]) -> str:
    return str(found[0].id) if len(found) == 1 else ""
