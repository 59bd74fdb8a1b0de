"""Shows, seasons, episodes and films as one service holds them: looked up by any id, re-cut, aired on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from integrations.sandbox.shapes import Shape
from integrations.sandbox.shows import ShowFacts

SHOW_IDS = ("trakt", "slug", "imdb", "tmdb", "tvdb")
MOVIE_IDS = ("trakt", "slug", "imdb", "tmdb")
SEASON_IDS = ("trakt", "tmdb", "tvdb")
IDS = {"show": SHOW_IDS, "movie": MOVIE_IDS, "season": SEASON_IDS}
OLDEST = "2000"
"""The start of a work whose start the catalogue does not know."""
FIRST_SEASON, FIRST_EPISODE = 3_000_000, 6_000_000
WEEK = 7 * 86_400


@dataclass(slots=True, eq=False, repr=False)
class Episode:
    """aired_at: Unix seconds, None = not aired yet. number: as the service shows it, which need not start at 1.

    id: the number behind each of its ids, see `ids`. absolute: number_abs, None where the service does not say.
    """

    id: int
    show: Show
    season: int
    number: int
    aired_at: float | None
    absolute: int | None = None

    @property
    def title(self) -> str:
        return f"Episode {self.number}"

    @property
    def trakt(self) -> int:
        return self.id

    @property
    def tvdb(self) -> int:
        return self.id + 1_000_000

    @property
    def tmdb(self) -> int:
        return self.id + 2_000_000


@dataclass(slots=True, eq=False, repr=False)
class Season:
    """Its ids are made like an episode's."""

    trakt: int
    show: Show
    number: int
    episodes: list[Episode] = field(default_factory=list)

    @property
    def tvdb(self) -> int:
        return self.trakt + 1_000_000

    @property
    def tmdb(self) -> int:
        return self.trakt + 2_000_000

    def find(self, number: int) -> Episode | None:
        return next((episode for episode in self.episodes if episode.number == number), None)


@dataclass(eq=False, repr=False)
class Show:
    """tvdb 0, imdb "": none. status: "ended" or "returning series". absolute: its episodes have number_abs."""

    trakt: int
    tmdb: int
    tvdb: int
    imdb: str
    slug: str
    title: str
    year: int
    start: float
    status: str = "ended"
    mal: int = 0
    absolute: bool = False
    seasons: dict[int, Season] = field(default_factory=dict)

    def regular(self) -> list[Episode]:
        return [one for number, season in sorted(self.seasons.items()) if number for one in season.episodes]

    def episodes(self) -> list[Episode]:
        return [one for _, season in sorted(self.seasons.items()) for one in season.episodes]


@dataclass(eq=False, repr=False)
class Movie:
    trakt: int
    tmdb: int
    imdb: str
    slug: str
    title: str
    year: int
    released: float


class SeasonCut(Shape):
    """aired: how many of its `count` episodes are on air, None = all."""

    number: int
    count: int
    first: int = 1
    aired: int | None = None


class Screen:
    """Everything one service shows. Ids are handed out in order, so they are the same after every reset.

    changed: since it was built; one that was not serves on after a reset, for building takes a tenth of a second.
    """

    def __init__(self, facts: Iterable[ShowFacts]) -> None:
        self.shows: dict[int, Show] = {}
        self.movies: dict[int, Movie] = {}
        self.seasons: dict[int, Season] = {}
        self.episodes: dict[int, Episode] = {}
        self._season_ids, self._episode_ids = count(FIRST_SEASON), count(FIRST_EPISODE)
        self._slugs: dict[str, set[str]] = {"show": set(), "movie": set()}
        for one in facts:
            self.add(one)
        self.changed = False

    def add(self, facts: ShowFacts, *, absolute: bool = False) -> None:
        """Nothing when it is there already."""
        self.changed = True
        start = _moment(facts.start or (str(facts.year) if facts.year else OLDEST))
        common: dict[str, Any] = {
            "tmdb": facts.tmdb_id,
            "imdb": facts.imdb_id,
            "title": facts.title,
            "year": facts.year,
        }
        if facts.trakt_id in (self.movies if facts.kind == "movie" else self.shows):
            return
        slug = self._free_slug(facts)
        if facts.kind == "movie":
            self.movies[facts.trakt_id] = Movie(facts.trakt_id, slug=slug, released=start, **common)
            return
        status = "ended" if facts.ended else "returning series"
        show = Show(facts.trakt_id, tvdb=facts.tvdb_id, slug=slug, start=start, status=status, **common)
        show.mal, show.absolute = facts.mal_id, absolute
        self.shows[show.trakt] = show
        self.cut(show, [SeasonCut(number=one.number, count=one.count, first=one.first) for one in facts.seasons])

    def _free_slug(self, facts: ShowFacts) -> str:
        """A slug of digits alone would be an id (the show "86")."""
        taken = self._slugs[facts.kind]
        wanted = facts.slug or facts.kind
        tries = (wanted, f"{wanted}-{facts.year}", f"{wanted}-{facts.trakt_id}")
        slug = next(one for one in tries if one not in taken and not one.isdecimal())
        taken.add(slug)
        return slug

    def cut(self, show: Show, cuts: Iterable[SeasonCut]) -> None:
        """Divide the show anew. The k-th regular episode stays the k-th, with its ids; so do the specials."""
        kept = {True: iter(show.regular()), False: iter([one for one in show.episodes() if not one.season])}
        old, show.seasons = show.seasons, {}
        for season in old.values():
            for episode in season.episodes:
                del self.episodes[episode.id]
        absolute = 0
        for one in sorted(cuts, key=lambda cut: cut.number):
            season = old.get(one.number) or Season(next(self._season_ids), show, one.number)
            season.episodes = []
            show.seasons[one.number] = self.seasons[season.trakt] = season
            for place in range(one.count):
                episode = next(kept[one.number > 0], None) or Episode(next(self._episode_ids), show, 0, 0, None)
                episode.season, episode.number = one.number, one.first + place
                absolute += one.number > 0
                episode.absolute = absolute if show.absolute and one.number else None
                aired = one.aired is None or place < one.aired
                episode.aired_at = show.start + WEEK * max(0, absolute - 1) if aired else None
                season.episodes.append(episode)
                self.episodes[episode.id] = episode
        for number in set(old) - set(show.seasons):
            del self.seasons[old[number].trakt]

    def air(self, season: Season) -> None:
        """The first episode that waits goes on air; where none waits, one more is made behind the last."""
        show = season.show
        episode = next((one for one in season.episodes if one.aired_at is None), None)
        if episode is None:
            number = season.episodes[-1].number + 1 if season.episodes else 1
            episode = Episode(next(self._episode_ids), show, season.number, number, None)
            season.episodes.append(episode)
            self.episodes[episode.id] = episode
            if show.absolute and season.number:
                for absolute, one in enumerate(show.regular(), start=1):
                    one.absolute = absolute
        places = show.regular()
        weeks = places.index(episode) if episode in places else 0
        episode.aired_at = show.start + WEEK * weeks

    def table(self, kind: str) -> Mapping[int, Any]:
        """All shows, films, seasons or episodes by Trakt id."""
        tables: dict[str, Mapping[int, Any]] = {
            "show": self.shows,
            "movie": self.movies,
            "season": self.seasons,
            "episode": self.episodes,
        }
        return tables[kind]

    def find(self, kind: str, name: str, value: Any) -> Any:
        """The show, film, season or episode whose id `name` is `value`; None when there is none."""
        table = self.table(kind)
        if not value:
            return None
        if name == "trakt":
            return table.get(value) if isinstance(value, int) else None
        return next((one for one in table.values() if getattr(one, name, None) == value), None)

    def named(self, kind: str, text: str) -> Any:
        """By what stands in a path: a Trakt id or a slug."""
        return self.find(kind, "trakt", int(text)) if text.isdecimal() else self.find(kind, "slug", text)


def _moment(text: str) -> float:
    parts = [int(part) for part in text.split("-")] + [1, 1]
    return datetime(parts[0], parts[1], parts[2], 15, tzinfo=UTC).timestamp()


def iso(at: float) -> str:
    """2023-11-14T22:13:20.000Z, to the millisecond."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(at * 1000))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
