"""An atlas and a play book out of dictionaries, a scripted session that carries them, and Trakt's payloads by hand."""

from __future__ import annotations

import json as plain_json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations.answers import Answer, judge_generally
from integrations.http import Session
from integrations.providers.trakt.provider import Trakt
from library.episodes.model import Item, Place, Seasons, Segment, Target, TargetKind
from tests.integrations.providers.script import Sent, answer

TRAKT = Trakt()
NOW = 1_800_000_030.0
"""2027-01-15T08:00:30Z."""


@dataclass
class BookAtlas:
    """`Atlas`. recut: shows whose tables are refused as cut anew."""

    places: list[Place] = field(default_factory=list)
    ids: dict[Target, str] = field(default_factory=dict)
    tables: dict[str, Seasons] = field(default_factory=dict)
    recut: set[str] = field(default_factory=set)

    def places_at(self, targets: Collection[Target]) -> list[Place]:
        wanted = set(targets)
        return [one for one in self.places if any(segment.target in wanted for segment in one.segments)]

    def places_for(self, slug: str, ids: Collection[str]) -> dict[str, Place]:
        return {one.ids[slug]: one for one in self.places if one.ids.get(slug) in ids}

    def places_by_key(self, keys: Collection[str]) -> dict[str, Place]:
        return {one.key: one for one in self.places if one.key in keys}

    def external_ids(self, targets: Collection[Target]) -> dict[Target, str]:
        return {target: self.ids[target] for target in targets if target in self.ids}

    def learn_ids(self, found: Mapping[Target, str]) -> None:
        self.ids.update(found)

    def seasons(self, shows: Collection[str]) -> dict[str, Seasons]:
        return {show: self.tables[show] for show in shows if show in self.tables}

    def learn_seasons(self, table: Seasons) -> bool:
        self.tables[table.show] = table
        return table.show not in self.recut


@dataclass
class DictPlays:
    """`PlayBook`. now: unix seconds of the clock that stamps a booking."""

    now: Callable[[], float] = lambda: NOW
    rows: dict[Item, datetime | None] = field(default_factory=dict)
    dates: dict[Item, datetime | None] = field(default_factory=dict)

    def sent(self, items: Collection[Item]) -> dict[Item, datetime | None]:
        return {item: self.rows[item] for item in items if item in self.rows}

    def book(self, items: Mapping[Item, datetime | None]) -> frozenset[Item]:
        fresh = frozenset(item for item in items if item not in self.rows)
        self.rows.update(dict.fromkeys(fresh, datetime.fromtimestamp(self.now(), UTC)))
        self.dates.update({item: items[item] for item in fresh})
        return fresh

    def confirm(self, items: Collection[Item]) -> None:
        self.rows.update(dict.fromkeys(items))

    def withdraw(self, items: Collection[Item]) -> None:
        for item in items:
            del self.rows[item]

    @property
    def done(self) -> set[Item]:
        return {item for item, at in self.rows.items() if at is None}

    @property
    def doubtful(self) -> set[Item]:
        return self.rows.keys() - self.done


Step = Answer | Exception | Callable[[Sent], Answer]


class TraktSession(Session):
    """Answers by address: {"GET sync/last_activities": step}, or a list of steps that are taken one by one.

    Lists that are not named are empty; any other request without a step fails the test.
    """

    def __init__(self, steps: Mapping[str, Any], atlas: BookAtlas, **options: str) -> None:
        self.account_id = "77"
        self.account_settings = {"watchlist": 250}
        self.options = options
        self.atlas = atlas
        self.book = DictPlays()
        self.plays = self.book
        self.notes = {}
        self.requests = 0
        self.clock = NOW
        self.sent: list[Sent] = []
        self.steps = {name: list(some) if isinstance(some, list) else some for name, some in steps.items()}

    def now(self) -> float:
        return self.clock

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        sent = Sent(method, url, params or {}, plain_json.loads(plain_json.dumps(json)), form or {}, repeatable)
        self.sent.append(sent)
        self.requests += 1
        name = f"{method} {url.removeprefix('https://api.trakt.tv/')}"
        step = self.steps.get(name) or (answer(EMPTY[name]) if name in EMPTY else None)
        step = step.pop(0) if isinstance(step, list) else step
        assert step is not None, f"an unexpected request: {name}"
        if isinstance(step, Exception):
            raise step
        given = step if isinstance(step, Answer) else step(sent)
        verdict = TRAKT.judge(given) or judge_generally(given, name="Trakt", now=NOW)
        if verdict is not None:
            raise verdict
        return given

    def posts(self, path: str = "") -> list[Any]:
        """Bodies of the writes to `path`, or (path, body) of all."""
        found = [(one.url.removeprefix("https://api.trakt.tv/"), one.json) for one in self.sent if one.method == "POST"]
        return [body for name, body in found if name == path] if path else found


USER = {
    "user": {"username": "alice", "vip": False, "ids": {"slug": "alice", "trakt": 77, "uuid": "aa"}},
    "account": {"timezone": "UTC"},
    "limits": {"list": {"count": 5, "item_count": 250}, "watchlist": {"item_count": 250}},
}
KINDS = ("shows", "seasons", "movies")
EMPTY: Mapping[str, Any] = {
    "GET users/settings": USER,
    "GET sync/watched/shows": [],
    "GET sync/watched/movies": [],
    "GET users/hidden/dropped": [],
    **{f"GET sync/ratings/{kind}": [] for kind in KINDS},
    **{f"GET sync/watchlist/{kind}/added/asc": [] for kind in KINDS},
}

# Trakt ids are 1,000 above TMDB's here, so that a mix-up shows.
FRIEREN, AOT, FILM = 209_867, 1_429, 635_302
SHOW = {FRIEREN: str(FRIEREN + 1000), AOT: str(AOT + 1000), FILM: str(FILM + 1000)}


def show_target(tmdb: int) -> Target:
    return Target(TargetKind.SHOW, "tmdb", str(tmdb))


def place(anilist: int, tmdb: int, *, season: int = 1, start: int = 1, total: int = 0, flag: str = "") -> Place:
    segment = Segment(show_target(tmdb), 1, total or None, season, start)
    return Place(f"anilist-{anilist}", {"anilist": str(anilist)}, (segment,), total, (f"Title {anilist}",), flag=flag)


def film_place(anilist: int = 112_151) -> Place:
    segment = Segment(Target(TargetKind.MOVIE, "tmdb", str(FILM)), 1, 1)
    return Place(f"anilist-{anilist}", {"anilist": str(anilist)}, (segment,), 1, ("Mugen Train",), "movie")


def table(tmdb: int, *lengths: int, ended: bool = True) -> Seasons:
    """Regular seasons of these lengths."""
    numbers = {at: tuple(range(1, length + 1)) for at, length in enumerate(lengths, start=1)}
    return Seasons(SHOW[tmdb], numbers, is_ended=ended)


def usual_atlas(*more: Place) -> BookAtlas:
    """Frieren (28) and its sequel (10) share a season; Attack on Titan has a season each; one film."""
    return BookAtlas(
        places=[
            place(154_587, FRIEREN, total=28),
            place(182_255, FRIEREN, start=29, total=10),
            place(16_498, AOT, total=25),
            place(20_958, AOT, season=2, total=12),
            film_place(),
            *more,
        ],
        ids={
            show_target(FRIEREN): SHOW[FRIEREN],
            show_target(AOT): SHOW[AOT],
            Target(TargetKind.MOVIE, "tmdb", str(FILM)): SHOW[FILM],
        },
        tables={SHOW[FRIEREN]: table(FRIEREN, 38), SHOW[AOT]: table(AOT, 25, 12)},
    )


def episode(tmdb: int, season: int, number: int) -> Item:
    return Item(TargetKind.SHOW, SHOW[tmdb], season, number)


def work(tmdb: int, **more: Any) -> dict[str, Any]:
    ids = {"trakt": int(SHOW.get(tmdb, str(tmdb + 1000))), "slug": f"s{tmdb}", "tmdb": tmdb, "tvdb": None, "imdb": None}
    return {"title": f"Work {tmdb}", "year": 2023, "ids": ids, "status": "ended", **more}


def watched(tmdb: int, seasons: Mapping[int, Iterable[int]], at: str = "2026-01-01T10:00:00.000Z") -> dict[str, Any]:
    played = {
        season: [{"number": one, "plays": 1, "last_watched_at": at} for one in numbers]
        for season, numbers in seasons.items()
    }
    rows = [{"number": season, "episodes": episodes} for season, episodes in played.items()]
    plays = sum(len(episodes) for episodes in played.values())
    return {"plays": plays, "last_watched_at": at, "reset_at": None, "show": work(tmdb), "seasons": rows}


def paged(rows: list[Any], *, page: int = 1, pages: int = 1, items: int | None = None) -> Answer:
    count = len(rows) if items is None else items
    headers = {"x-pagination-page": str(page), "x-pagination-page-count": str(pages)}
    return answer(rows, headers={**headers, "x-pagination-item-count": str(count)})


def written(*, episodes: int = 0, movies: int = 0, **more: Any) -> Answer:
    lists: dict[str, list[Any]] = {"movies": [], "shows": [], "seasons": [], "episodes": []}
    body = {"added": {"movies": movies, "episodes": episodes}, "not_found": lists, **more}
    return answer(body, status=201)


def take_all(sent: Sent) -> Answer:
    """Records whatever it is sent."""
    shows = [one for show in sent.json.get("shows", []) for one in show.get("seasons", [])]
    return written(
        episodes=sum(len(season.get("episodes", [])) for season in shows), movies=len(sent.json.get("movies", []))
    )
