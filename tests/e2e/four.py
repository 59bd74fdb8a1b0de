"""One person on all four services: their lists, what happens to them anywhere, and looking at what came of it.

A work is named by its AniList id. Values are the library's: progress in episodes, score 0..100 in steps of 10.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from integrations.sandbox.catalogue import Work, load_works
from integrations.sandbox.plays import Played, episodes_of, history_of, routes_of
from integrations.sandbox.server import Running
from library.models import EpisodeRange, ExternalId, IdPair, ListEntry, RangeState
from syncing.models import SyncRun
from tests.e2e.conftest import Link, sync

ANILIST, MAL, KITSU, TRAKT = "anilist", "myanimelist", "kitsu", "trakt"
LISTS = (ANILIST, MAL, KITSU)
ALL = (*LISTS, TRAKT)
OLD = 1_700_000_000
WORKS = (1, 5, 16498, 104578, 154587)
"""A plain season, a film, a first season, the second half of a third one, and a season that another work goes on in."""
_STATUS = {
    ANILIST: {
        "planned": "PLANNING",
        "current": "CURRENT",
        "completed": "COMPLETED",
        "paused": "PAUSED",
        "dropped": "DROPPED",
    },
    MAL: {
        "planned": "plan_to_watch",
        "current": "watching",
        "completed": "completed",
        "paused": "on_hold",
        "dropped": "dropped",
    },
    KITSU: {
        "planned": "planned",
        "current": "current",
        "completed": "completed",
        "paused": "on_hold",
        "dropped": "dropped",
    },
}


def work_of(anilist_id: int) -> Work:
    return next(work for work in load_works() if work.kind == "anime" and work.anilist_id == anilist_id)


def native_id(provider: str, anilist_id: int) -> int:
    work = work_of(anilist_id)
    return {ANILIST: work.anilist_id, MAL: work.mal_id, KITSU: work.kitsu_id}[provider]


def fill_tables(works: Iterable[int] = WORKS) -> None:
    """What the id tables would say of these works: which ids are one work, and their true places."""
    now = timezone.now()
    ids = {site: {work: str(native_id(site, work)) for work in works} for site in LISTS}
    IdPair.objects.bulk_create(
        IdPair(
            kind="anime",
            left_site=left,
            left_id=ids[left][work],
            right_site=right,
            right_id=ids[right][work],
            source="fribb",
            first_seen_at=now,
        )
        for work in works
        for left, right in (("anilist", "myanimelist"), ("anilist", "kitsu"), ("kitsu", "myanimelist"))
    )
    EpisodeRange.objects.bulk_create(
        EpisodeRange(
            site="anilist",
            site_id=str(route.anilist_id),
            source="anibridge",
            first=route.start,
            last=route.start + route.length - 1,
            target_kind=route.kind,
            target_site="tmdb",
            target_id=str(route.tmdb_id),
            season=route.season if route.kind == "show" else None,
            start=route.position,
            numbering="position",
            state=RangeState.GOOD,
            first_seen_at=now,
        )
        for work in works
        for route in routes_of(work)
    )


def entry(provider: str, anilist_id: int, **values: Any) -> dict[str, Any]:
    """A list entry in a service's own words, from status, progress and score; `at`: unix seconds, 0 = now."""
    words = _STATUS[provider]
    made: dict[str, Any] = {} if provider == ANILIST else {"kind": "anime"}
    made["mediaId" if provider == ANILIST else "id"] = native_id(provider, anilist_id)
    if "status" in values:
        made["status"] = words[values["status"]]
    if "progress" in values:
        made["num_episodes_watched" if provider == MAL else "progress"] = values["progress"]
    if "score" in values:
        score = values["score"]
        marks = {ANILIST: ("scoreRaw", score), MAL: ("score", score // 10), KITSU: ("ratingTwenty", score // 5 or None)}
        made[marks[provider][0]] = marks[provider][1]
    if values.get("at"):
        made[{ANILIST: "updatedAt", MAL: "updated_at", KITSU: "updatedAt"}[provider]] = values["at"]
    return made


def _score(side: str, one: dict[str, Any]) -> int:
    """0..100."""
    if side == KITSU:
        return int(one["ratingTwenty"] or 0) * 5
    return int(one["scoreRaw"]) if side == ANILIST else int(one["score"]) * 10


class Four:
    """Alice's accounts at the services named, linked and empty unless `start` says what is on the lists."""

    def __init__(self, sandbox: Running, link: Link, user: User, *, sides: Iterable[str] = ALL) -> None:
        self.sandbox, self.user = sandbox, user
        fill_tables()
        self.links: dict[str, Connection] = {
            side: link(user, side, removals="yes", interval_minutes=60) for side in sides
        }

    def account(self, side: str) -> str:
        return self.links[side].account_name

    def look(self, side: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sandbox.control("GET", f"{side}/accounts/{self.account(side)}")
        return found

    # What people do ---------------------------------------------------------------------------------------

    def edit(self, side: str, anilist_id: int, **values: Any) -> None:
        """On a list service: as given. On Trakt: the plays up to `progress` that are not there yet."""
        path = f"{side}/accounts/{self.account(side)}/edit"
        if side != TRAKT:
            self.sandbox.control("POST", path, {"upsert": [entry(side, anilist_id, **values)]})
            return
        body = history_of(anilist_id, values["progress"], without=set(self.played()))
        if body:
            self.sandbox.control("POST", path, {"upsert": [{"history": body}]})

    def drop(self, side: str, anilist_id: int) -> None:
        if anilist_id in self.held(side):
            number = native_id(side, anilist_id)
            key: Any = number if side == ANILIST else {"kind": "anime", "id": number}
            self.sandbox.control("POST", f"{side}/accounts/{self.account(side)}/edit", {"delete": [key]})

    # What came of it --------------------------------------------------------------------------------------

    def held(self, side: str) -> dict[int, dict[str, Any]]:
        """{AniList id: {status, progress, score}} of what a list service holds; score in tens, half up."""
        ids = {native_id(side, work): work for work in WORKS}
        words = {word: status for status, word in _STATUS[side].items()}
        found = {}
        for one in self.look(side)["entries"]:
            number = one["mediaId"] if side == ANILIST else one["id"]
            progress = one["num_episodes_watched"] if side == MAL else one["progress"]
            score = _score(side, one)
            found[ids[number]] = {"status": words[one["status"]], "progress": progress, "score": (score + 5) // 10 * 10}
        return found

    def played(self) -> Counter[Played]:
        """How often each (show or film, season, number) was played; a film is (id, 0, 0)."""
        found: Counter[Played] = Counter()
        for play in self.look(TRAKT)["history"]:
            if play["type"] == "movie":
                found[play["movie"]["ids"]["trakt"], 0, 0] += 1
            else:
                episode = play["episode"]
                found[play["show"]["ids"]["trakt"], episode["season"], episode["number"]] += 1
        return found

    def watched(self, anilist_id: int) -> int:
        """Episodes of a work that Trakt has a play of, from the first on without a gap."""
        there = self.played()
        return sum(1 for _ in takewhile(lambda one: there[one] > 0, episodes_of(anilist_id)))

    def here(self) -> dict[int, ListEntry]:
        """The library by AniList id."""
        rows = {row.media_id: row for row in ListEntry.objects.filter(user=self.user, removed_at=None)}
        pairs = ExternalId.objects.filter(provider=ANILIST, media_id__in=rows).values_list("media_id", "external_id")
        return {int(external_id): rows[media_id] for media_id, external_id in pairs}

    # Runs -------------------------------------------------------------------------------------------------

    def run(self, side: str, **options: Any) -> SyncRun:
        return sync(self.links[side], **options)

    def settle(self, *, rounds: int = 4) -> list[SyncRun]:
        return [self.run(side, full=True) for _ in range(rounds) for side in self.links]

    def clear_counts(self) -> None:
        for side in self.links:
            self.sandbox.control("DELETE", f"{side}/requests")

    def assert_at_rest(self) -> None:
        self.clear_counts()
        runs = [self.run(side, full=True) for side in self.links]
        ended = [(run.provider, run.state, run.error_code, run.writes, run.library_changes) for run in runs]
        assert ended == [(side, "done", "", 0, 0) for side in self.links], [run.message for run in runs]
        written = {side: self.sandbox.control("GET", f"{side}/requests")["written"] for side in self.links}
        assert written == dict.fromkeys(self.links, 0)
