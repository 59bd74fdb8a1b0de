"""An opinion in the words of each imitated service, as the sandbox's control API takes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.sandbox.catalogue import Work, load_works
from integrations.sandbox.plays import history_of, routes_of

Day = tuple[int | None, int | None, int | None]
MAL_STATUS = {
    "COMPLETED": ("completed", "completed"),
    "CURRENT": ("watching", "reading"),
    "PLANNING": ("plan_to_watch", "plan_to_read"),
    "PAUSED": ("on_hold", "on_hold"),
    "DROPPED": ("dropped", "dropped"),
    "REPEATING": ("completed", "completed"),
}
KITSU_STATUS = {
    "COMPLETED": "completed",
    "CURRENT": "current",
    "PLANNING": "planned",
    "PAUSED": "on_hold",
    "DROPPED": "dropped",
    "REPEATING": "current",
}
CUSTOM_LISTS = ["Comfort", "Watched with friends"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the person thinks of one work. score: 0..100. days: of start and finish, year-month-day with None."""

    status: str
    score: int
    progress: int
    volumes: int
    repeats: int
    started: Day
    finished: Day
    notes: str
    edited_at: datetime


def for_anilist(work: Work, opinion: Opinion, *, number: int, private: bool) -> dict[str, Any]:
    names = ("year", "month", "day")
    entry: dict[str, Any] = {
        "mediaId": work.anilist_id,
        "status": opinion.status,
        "scoreRaw": opinion.score,
        "progress": opinion.progress,
        "repeat": opinion.repeats,
        "notes": opinion.notes or None,
        "private": private,
        "startedAt": dict(zip(names, opinion.started, strict=True)),
        "completedAt": dict(zip(names, opinion.finished, strict=True)),
        "updatedAt": int(opinion.edited_at.timestamp()),
    }
    if work.kind == "manga":
        entry["progressVolumes"] = opinion.volumes
    elif number % 9 == 4:
        entry["customLists"] = [CUSTOM_LISTS[number % 2]]
        # Every other one of these is in its custom list only.
        entry["hiddenFromStatusLists"] = number % 18 == 4
    return entry


def for_mal(work: Work, opinion: Opinion) -> dict[str, Any]:
    manga = work.kind == "manga"
    entry: dict[str, Any] = {
        "kind": work.kind,
        "id": work.mal_id,
        "status": MAL_STATUS[opinion.status][manga],
        # Half up, and the lowest mark stands for everything below it.
        "score": max(1, (opinion.score + 5) // 10) if opinion.score else 0,
        "start_date": _mal_date(opinion.started),
        "finish_date": _mal_date(opinion.finished),
        "comments": opinion.notes,
        "updated_at": opinion.edited_at.isoformat(),
    }
    repeating = opinion.status == "REPEATING"
    if manga:
        entry |= {"num_chapters_read": opinion.progress, "num_volumes_read": opinion.volumes}
        entry |= {"is_rereading": repeating, "num_times_reread": opinion.repeats}
    else:
        entry |= {"num_episodes_watched": opinion.progress}
        entry |= {"is_rewatching": repeating, "num_times_rewatched": opinion.repeats}
    return entry


def _mal_date(parts: tuple[int | None, int | None, int | None]) -> str:
    year, month, day = parts
    if not year:
        return ""
    return "-".join(text for text in (str(year), month and f"{month:02d}", day and f"{day:02d}") if text)


def kitsu_id_of(work: Work) -> int:
    """0 = Kitsu does not have it. Its ids of manga are the sandbox's own: `docs/sandbox.md`."""
    if work.kind == "anime":
        return work.kitsu_id
    return [one for one in load_works() if one.kind == "manga"].index(work) + 1


def for_kitsu(work: Work, opinion: Opinion) -> dict[str, Any]:
    """Kitsu keeps whole days and marks from 2 to 20."""
    return {
        "kind": work.kind,
        "id": kitsu_id_of(work),
        "status": KITSU_STATUS[opinion.status],
        "progress": opinion.progress,
        "volumesOwned": opinion.volumes,
        "reconsuming": opinion.status == "REPEATING",
        "reconsumeCount": opinion.repeats,
        "notes": opinion.notes or None,
        "ratingTwenty": max(2, (opinion.score * 2 + 5) // 10) if opinion.score else None,
        "startedAt": _kitsu_day(opinion.started),
        "finishedAt": _kitsu_day(opinion.finished),
        "updatedAt": opinion.edited_at.isoformat(),
    }


def _kitsu_day(day: Day) -> str | None:
    return "{:04d}-{:02d}-{:02d}T00:00:00.000Z".format(*day) if all(day) else None


def for_trakt(work: Work, opinion: Opinion) -> dict[str, Any] | None:
    """Plays of what was watched, or the watchlist; None where there is neither, or Trakt does not have it."""
    routes = routes_of(work.anilist_id)
    if not routes:
        return None
    if opinion.status == "PLANNING":
        kind = "movies" if routes[0].kind == "movie" else "shows"
        return {"watchlist": {kind: [{"ids": {"trakt": routes[0].trakt_id}}]}}
    body = history_of(work.anilist_id, opinion.progress)
    return {"history": body} if body else None
