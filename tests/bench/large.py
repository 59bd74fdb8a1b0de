"""Large lists for benches and counting tests: invented works with the same ids at every service."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.server import Running

FIRST_ID = 900_000
"""Above every id of the sandbox's catalogue."""
LONG_AGO = 1_600_000_000
"""Unix seconds of the oldest edit; each next entry was edited a minute later."""
_ANILIST = ("COMPLETED", "CURRENT", "PAUSED", "DROPPED", "PLANNING")
_MAL = ("completed", "watching", "on_hold", "dropped", "plan_to_watch")


def add_works(sandbox: Running, count: int, *, first_id: int = FIRST_ID) -> None:
    """`count` anime of 12 episodes with the ids from `first_id` on, at both services."""
    made = {"generate": {"kind": "anime", "count": count, "first_id": first_id}}
    for provider in ("anilist", "myanimelist"):
        sandbox.control("POST", f"{provider}/works", made)


def make_entries(provider: str, count: int, *, first_id: int = FIRST_ID) -> list[dict[str, Any]]:
    """The list of somebody who says the same on both services, in the words of one of them."""
    if provider == "anilist":
        return [{"mediaId": first_id + number, **_for_anilist(number)} for number in range(count)]
    return [{"kind": "anime", "id": first_id + number, **_for_mal(number)} for number in range(count)]


def _for_anilist(number: int) -> dict[str, Any]:
    year, month, day = _started(number)
    return {
        "status": _ANILIST[number % 5],
        "scoreRaw": number % 11 * 10,
        "progress": _progress(number),
        "repeat": number % 3,
        "notes": _notes(number),
        "startedAt": {"year": year, "month": month, "day": day},
        "updatedAt": LONG_AGO + 60 * number,
    }


def _for_mal(number: int) -> dict[str, Any]:
    year, month, day = _started(number)
    return {
        "status": _MAL[number % 5],
        "score": number % 11,
        "num_episodes_watched": _progress(number),
        "num_times_rewatched": number % 3,
        "comments": _notes(number),
        "start_date": f"{year}-{month:02d}-{day:02d}",
        "updated_at": LONG_AGO + 60 * number,
    }


def _progress(number: int) -> int:
    return 12 if number % 5 == 0 else number % 11


def _notes(number: int) -> str:
    return f"watched with friends, evening {number}" if number % 7 == 0 else ""


def _started(number: int) -> tuple[int, int, int]:
    return 2010 + number % 15, 1 + number % 12, 1 + number % 28
