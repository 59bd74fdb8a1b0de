"""A provider whose catalogue anybody may look through: search, seasons, trends, and single titles in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from integrations.http import Session
from integrations.providers.base import MediaFacts, Provider
from library.entry import NO_DATE, Kind, PartialDate

AIRINGS = ("upcoming", "running", "finished", "paused", "cancelled")
SEASONS = ("winter", "spring", "summer", "fall")


@dataclass(frozen=True, slots=True)
class CatalogueTitle:
    """A work as a service shows it to anybody. What the service does not tell is "", 0, () or NO_DATE.

    cover_url:     https, at one of the provider's `cover_hosts`.
    synopsis:      plain text without markup, one paragraph a line (providers.plain).
    airing:        one of AIRINGS.
    season:        one of SEASONS, of season_year; anime only.
    average_score: 1..100, of everybody there.
    popularity:    how many people there have it on a list.
    """

    facts: MediaFacts
    url: str = ""
    cover_url: str = ""
    synopsis: str = ""
    airing: str = ""
    started_on: PartialDate = NO_DATE
    season: str = ""
    season_year: int = 0
    average_score: int = 0
    popularity: int = 0
    genres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """In the service's own order. A page may hold fewer than `catalogue_page` though has_more is True."""

    titles: tuple[CatalogueTitle, ...] = ()
    has_more: bool = False


@runtime_checkable
class Cataloguer(Provider, Protocol):
    """A provider whose catalogue can be looked through with nobody's token. One request a call.

    page: from 1. adult: False = the service is asked to leave adult works out, as far as it can; the caller looks at
    `MediaFacts.is_adult` all the same.
    """

    catalogue_page: int
    """Titles on a page at most."""
    cover_hosts: frozenset[str]
    shows_adult: bool
    """Whether strangers are shown adult works where they ask for them."""

    def browse_search(
        self, session: Session, kind: Kind, text: str, *, page: int = 1, adult: bool = False
    ) -> CataloguePage:
        """The likeliest first; none for a text of blanks."""
        ...

    def browse_season(
        self, session: Session, *, year: int, season: str, page: int = 1, adult: bool = False
    ) -> CataloguePage:
        """Anime that begin in one of SEASONS, the most popular first."""
        ...

    def browse_trending(self, session: Session, kind: Kind, *, adult: bool = False) -> CataloguePage:
        """What people there look at now; the service decides how many."""
        ...

    def browse_details(self, session: Session, kind: Kind, external_id: str) -> CatalogueTitle | None:
        """None: there is no such title, or it is not shown to strangers."""
        ...
