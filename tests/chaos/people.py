"""Some people with an account at each of four services, linked, and lists that agree where they meet."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.catalogue import Work, load_works
from integrations.sandbox.plays import Played, history_of, routes_of
from integrations.sandbox.server import Running
from integrations.sandbox.shows import FIRST_TMDB
from library.models import ExternalId, ListEntry
from syncing.services import scheduling
from tests.chaos.said import HERE, MAY_OWN, Sides, Title
from tests.e2e.conftest import TRAKT_APP
from tests.e2e.four import ALL, ANILIST, KITSU, LISTS, MAL, OLD, TRAKT, entry, fill_tables, native_id

SHARED_SEASONS = (16498, 104578, 154587)
"""A first season, the second half of a third one, and one that another work goes on in."""
NOTES_NAME = {ANILIST: "notes", MAL: "comments", KITSU: "notes"}
NO_LIMITS: dict[str, dict[str, Any]] = {
    ANILIST: {"rate_limit": 100_000, "burst_limit": 0},
    MAL: {"shield_rate": 0},
    TRAKT: {"post_limit": 0, "get_limit": 0, "app_get_limit": 0, "edge_rate": 0.0},
}
STATUSES = ("planned", "current", "current", "current", "completed", "paused")


@dataclass(slots=True)
class Person:
    """accounts: {side: name there}. media: our ids by AniList's, as far as they were looked up."""

    user: User
    accounts: dict[str, str] = field(default_factory=dict)
    links: dict[str, Connection] = field(default_factory=dict)
    titles: dict[int, Title] = field(default_factory=dict)
    media: dict[int, int] = field(default_factory=dict)

    def media_of(self, work: int) -> int:
        if work not in self.media:
            self.media[work] = ExternalId.objects.get(provider=ANILIST, external_id=str(work), kind="anime").media_id
        return self.media[work]


def open_sandbox(sandbox: Running) -> None:
    for side, values in NO_LIMITS.items():
        sandbox.control("POST", f"{side}/settings", values)
    sandbox.control("POST", f"{TRAKT}/apps", TRAKT_APP)


def make_people(sandbox: Running, chance: random.Random, *, count: int, size: int) -> tuple[list[Person], list[int]]:
    """count people with `size` titles each, some of them on several people's lists; and all works that are known."""
    pool = [*SHARED_SEASONS, *chance.sample(plain_works(), 3 * size)]
    fill_tables(pool)
    people = []
    for number in range(1, count + 1):
        user = User.objects.create_user(f"person{number}@example.org")
        works = [*SHARED_SEASONS, *chance.sample(pool[len(SHARED_SEASONS) :], size - len(SHARED_SEASONS))]
        person = Person(user, titles={work: make_title(chance, work) for work in works})
        for side in ALL:
            listed = [title for title in person.titles.values() if is_on(chance, title, side)]
            _link(sandbox, person, side, [as_entry(side, title, at=OLD) for title in listed])
        people.append(person)
    return people, pool


@lru_cache(maxsize=1)
def plain_works() -> list[int]:
    """Anime that all four services have, each of them the only season of its show."""
    return [
        work.anilist_id
        for work in load_works()
        if work.kind == "anime" and work.mal_id and work.kitsu_id and work.anilist_id and _is_plain(work)
    ]


def _is_plain(work: Work) -> bool:
    routes = routes_of(work.anilist_id)
    is_alone = len(routes) == 1 and routes[0].tmdb_id > FIRST_TMDB and routes[0].length == work.total
    return is_alone and 6 <= work.total <= 64 and work.status == "FINISHED" and work.nsfw == "white"


def make_title(chance: random.Random, work: int) -> Title:
    total = next(one.total for one in load_works() if one.kind == "anime" and one.anilist_id == work)
    status = chance.choice(STATUSES)
    progress = {"planned": 0, "completed": total}.get(status, chance.randint(1, total // 2))
    score = 0 if status == "planned" else chance.choice((0, 50, 60, 70, 80, 90))
    owners = {part: chance.choice(sides) for part, sides in MAY_OWN.items()}
    return Title(work, total, status, progress, score, owners=owners)


def is_on(chance: random.Random, title: Title, side: str) -> bool:
    """AniList has all in the beginning, the others most; Trakt has what can be told by plays alone."""
    if side == TRAKT and (title.status not in ("current", "completed") or not title.progress):
        return False
    return side == ANILIST or chance.random() < 0.7


def as_entry(side: str, title: Title, *, at: int = 0) -> dict[str, Any]:
    """In a service's own words; on Trakt its plays."""
    if side == TRAKT:
        return {"history": history_of(title.work, title.progress)}
    made = entry(side, title.work, at=at, status=title.status, progress=title.progress, score=title.score)
    return made | ({NOTES_NAME[side]: title.notes} if title.notes else {})


def _link(sandbox: Running, person: Person, side: str, entries: list[dict[str, Any]]) -> None:
    name = f"{person.user.email.partition('@')[0]}_{side}"
    made = sandbox.control("POST", f"{side}/accounts", {"name": name, "entries": entries})
    token = sandbox.control("POST", f"{side}/tokens", {"account": name})
    connection = Connection(
        user=person.user,
        provider=side,
        account_id=str(made["id"]),
        account_name=name,
        access_token=token["access_token"],
        refresh_token=token.get("refresh_token"),
        token_expires_at=timezone.now() + timedelta(days=20),
        linked_at=timezone.now(),
        asks_first=False,
        removals="yes",
        interval_minutes=1,
    )
    connection.save(force_insert=True)
    scheduling.add_schedule(connection, fresh=True)
    person.accounts[side], person.links[side] = name, connection


# Looking --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _statuses() -> dict[str, dict[str, str]]:
    """{side: {its word: ours}}."""
    ours = ("planned", "current", "completed", "paused", "dropped")
    return {side: {entry(side, 1, status=status)["status"]: status for status in ours} for side in LISTS}


def look(sandbox: Running, person: Person, *, sides: Iterable[str] = (HERE, *LISTS)) -> Sides:
    """What the sides show now; the plays are always looked at."""
    shown = {side: _here(person) if side == HERE else _there(sandbox, person, side) for side in sides}
    return Sides(shown, played(sandbox, person))


def _here(person: Person) -> dict[int, dict[str, Any]]:
    rows = {row.media_id: row for row in ListEntry.objects.filter(user=person.user, removed_at=None)}
    ids = ExternalId.objects.filter(provider=ANILIST, media_id__in=rows).values_list("media_id", "external_id")
    works = {media_id: int(work) for media_id, work in ids}
    return {
        # A work that AniList does not call anything is nobody's here.
        works.get(media_id, -media_id): {
            "status": row.status,
            "progress": row.progress,
            "score": row.score,
            "notes": row.notes,
        }
        for media_id, row in rows.items()
    }


def _there(sandbox: Running, person: Person, side: str) -> dict[int, dict[str, Any]]:
    account = sandbox.control("GET", f"{side}/accounts/{person.accounts[side]}")
    ours = {native_id(side, work): work for work in person.titles}
    found: dict[int, dict[str, Any]] = {}
    for one in account["entries"]:
        number = one["mediaId"] if side == ANILIST else one["id"]
        work = ours.get(number, -number)
        if work in found:
            raise AssertionError(f"{side} has two entries of {work} for {person.user}")
        progress = one["num_episodes_watched"] if side == MAL else one["progress"]
        found[work] = {
            "status": _statuses()[side][one["status"]],
            "progress": progress,
            "score": _score(side, one),
            "notes": one[NOTES_NAME[side]] or "",
        }
    return found


def _score(side: str, one: dict[str, Any]) -> int:
    if side == KITSU:
        return int(one["ratingTwenty"] or 0) * 5
    return int(one["scoreRaw"]) if side == ANILIST else int(one["score"]) * 10


def played(sandbox: Running, person: Person) -> Counter[Played]:
    """How often each (show, season, number) was played."""
    found: Counter[Played] = Counter()
    for play in sandbox.control("GET", f"{TRAKT}/accounts/{person.accounts[TRAKT]}")["history"]:
        if play["type"] == "movie":
            found[play["movie"]["ids"]["trakt"], 0, 0] += 1
        else:
            found[play["show"]["ids"]["trakt"], play["episode"]["season"], play["episode"]["number"]] += 1
    return found
