"""Whether the library and all four services say the same, read back from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from accounts.models import User
from integrations.capability import Scale
from integrations.providers import registry
from integrations.sandbox.plays import Played, episodes_of
from library.entry import Entry, Kind
from library.models import ExternalId
from library.queries import Row, rows_of
from project.demo.figures import ask
from project.demo.words import KITSU_STATUS, MAL_STATUS

TRAKT = "trakt"
HIDES_NOTHING = ("myanimelist", TRAKT)
"""Services where nothing is private: what is private here is not brought there."""
_WORDS = {
    "planned": "PLANNING",
    "current": "CURRENT",
    "completed": "COMPLETED",
    "paused": "PAUSED",
    "dropped": "DROPPED",
    "repeating": "REPEATING",
}
Key = tuple[Kind, int]


def compare(user: User, sandbox: str, *, accounts: Mapping[str, str]) -> list[str]:
    """Differences, in words; [] = in step."""
    rows = rows_of(user.pk)
    told = {slug: ask(sandbox, f"{slug}/accounts/{name}") for slug, name in accounts.items()}
    differences: list[str] = []
    for slug in accounts:
        if slug == TRAKT:
            differences += _compare_plays(told[slug], rows)
        else:
            differences += _compare_list(slug, told[slug], rows)
    return differences


def _compare_list(slug: str, account: dict[str, Any], rows: Mapping[int, Row]) -> Iterator[str]:
    held, scale, ids = _held(account), _scale(slug, account), _ids(slug)
    for media_id, row in rows.items():
        external_id = ids.get(media_id)
        if external_id is None or row.removed or (slug in HIDES_NOTHING and row.entry.private):
            continue
        there = held.get((row.kind, int(external_id)))
        if there is None:
            yield f"{slug} lacks {row.kind} {external_id}"
        elif not _SAME[slug](there, row.entry, scale):
            yield f"{slug} {row.kind} {external_id} differs from the library"


def _compare_plays(account: dict[str, Any], rows: Mapping[int, Row]) -> Iterator[str]:
    """Every watched episode is played, and none twice."""
    plays = Counter(_played(one) for one in account["history"])
    for (show, season, number), times in plays.items():
        if times > 1:
            yield f"trakt has {times} plays of show {show}, season {season}, episode {number}"
    ids, known = _ids("anilist"), _ids(TRAKT)
    for media_id, row in rows.items():
        if media_id not in known or row.removed or row.entry.private:
            continue
        wanted = list(episodes_of(int(ids[media_id])))[: row.entry.progress]
        if any(one not in plays for one in wanted):
            yield f"trakt lacks plays of {known[media_id]}"


def _played(play: dict[str, Any]) -> Played:
    if play["type"] == "movie":
        return (play["movie"]["ids"]["trakt"], 0, 0)
    return (play["show"]["ids"]["trakt"], play["episode"]["season"], play["episode"]["number"])


def _ids(slug: str) -> dict[int, str]:
    return dict(ExternalId.objects.filter(provider=slug).values_list("media_id", "external_id"))


def _held(account: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    found = {}
    for entry in account["entries"]:
        kind = Kind(entry["kind"]) if "kind" in entry else Kind(entry["type"].lower())
        found[kind, int(entry.get("mediaId") or entry["id"])] = entry
    return found


def _scale(slug: str, account: dict[str, Any]) -> Scale:
    settings = {"score_format": account.get("settings", account).get("score_format", "POINT_100")}
    return registry.get(slug).capability(Kind.ANIME, settings).scale


def _means(scale: Scale, mark: int, score: int) -> bool:
    low, high = scale.opinions(mark)
    return low <= score <= high


def _same_at_anilist(there: dict[str, Any], entry: Entry, scale: Scale) -> bool:
    counts = (there["progress"], there["repeat"]) == (entry.progress, entry.repeats)
    mark = int(there["score"] if "scoreRaw" not in there else there["scoreRaw"])
    return bool(there["status"] == _WORDS[entry.status] and counts and _means(scale, mark, entry.score))


def _same_at_mal(there: dict[str, Any], entry: Entry, scale: Scale) -> bool:
    manga = there["kind"] == Kind.MANGA
    progress = there["num_chapters_read" if manga else "num_episodes_watched"]
    again = bool(there["is_rereading" if manga else "is_rewatching"])
    status = there["status"] == MAL_STATUS[_WORDS[entry.status]][manga] and again == (entry.status == "repeating")
    return bool(status and progress == entry.progress and _means(scale, int(there["score"]) * 10, entry.score))


def _same_at_kitsu(there: dict[str, Any], entry: Entry, scale: Scale) -> bool:
    """A full count completes at Kitsu, whatever we say of it (kitsu.md 8.2)."""
    status = there["status"] in (KITSU_STATUS[_WORDS[entry.status]], "completed")
    mark = (there["ratingTwenty"] or 0) * 5
    return bool(status and there["progress"] == entry.progress and _means(scale, mark, entry.score))


_SAME = {"anilist": _same_at_anilist, "myanimelist": _same_at_mal, "kitsu": _same_at_kitsu}
