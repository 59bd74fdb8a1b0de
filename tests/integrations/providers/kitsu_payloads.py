"""Payloads written by hand from providers/kitsu.md 5 to 8, read 2026-11-21, and sessions that answer with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.answers import Answer
from integrations.providers.kitsu.provider import Kitsu
from tests.integrations.providers.script import ScriptedSession, Sent, Step, answer

KITSU = Kitsu()
OWNER = {"name": "alice", "slug": "alice", "ratingSystem": "advanced", "sfwFilter": False}
STRANGER = {"name": "alice", "slug": "alice"}


def talk(*steps: Step, settings: Mapping[str, Any] | None = None) -> ScriptedSession:
    session = ScriptedSession(KITSU, steps)
    session.account_settings, session.notes = settings or {}, {}
    return session


def user(number: int = 77, attributes: Mapping[str, Any] = OWNER) -> dict[str, Any]:
    return {"type": "users", "id": str(number), "attributes": dict(attributes)}


def users(*found: dict[str, Any]) -> Answer:
    return answer({"data": list(found)})


def attributes(**changes: Any) -> dict[str, Any]:
    return {
        "status": "current",
        "progress": 12,
        "volumesOwned": 0,
        "reconsuming": False,
        "reconsumeCount": 0,
        "notes": None,
        "private": False,
        "startedAt": "2024-02-03T11:22:33.444Z",
        "finishedAt": None,
        "updatedAt": "2024-05-06T07:08:09.123Z",
        "ratingTwenty": 17,
        **changes,
    }


def row(number: int, kind: str = "anime", *, media: int | None = 0, **changes: Any) -> dict[str, Any]:
    """An entry of the work `media` (0: the one of the same number, None: one that is not shown)."""
    linked = None if media is None else {"type": kind, "id": str(media or number)}
    return {
        "type": "libraryEntries",
        "id": str(number),
        "attributes": attributes(**changes),
        "relationships": {"user": {"data": {"type": "users", "id": "77"}}, kind: {"data": linked}},
    }


def work(number: int, kind: str = "anime", *, mappings: Sequence[int] = (), **changes: Any) -> dict[str, Any]:
    own = (
        {"episodeCount": 64, "nsfw": False}
        if kind == "anime"
        else {"chapterCount": 116, "volumeCount": 27, "ageRating": "PG"}
    )
    facts = {
        "canonicalTitle": f"Work {number}",
        "titles": {"en": "The Work", "en_jp": f"Work {number}", "ja_jp": "鋼の錬金術師"},
        "subtype": "TV",
        "startDate": "2009-04-05",
        **own,
        **changes,
    }
    linked = {"data": [{"type": "mappings", "id": str(each)} for each in mappings]}
    return {"type": kind, "id": str(number), "attributes": facts, "relationships": {"mappings": linked}}


def mapping(number: int, site: str, external_id: str, *, item: dict[str, Any] | None = None) -> dict[str, Any]:
    made = {
        "type": "mappings",
        "id": str(number),
        "attributes": {"externalSite": site, "externalId": external_id},
    }
    linked = {"data": {"type": item["type"], "id": item["id"]} if item else None}
    return {**made, "relationships": {"item": linked}}


def page(
    *rows: dict[str, Any],
    included: Sequence[dict[str, Any]] | None = None,
    count: int | None = None,
    more: bool = False,
) -> Answer:
    """Without `included`: the owner alone, where there are rows."""
    along = included if included is not None else [user()] if rows else []
    return answer(
        {
            "data": list(rows),
            "included": list(along),
            "meta": {"count": len(rows) if count is None else count},
            "links": {"next": "https://evil.example/next"} if more else {},
        }
    )


def saved(number: int = 1, **changes: Any) -> dict[str, Any]:
    """What GraphQL says of an entry: statuses in capitals, and `rating`."""
    entry = attributes(**{"status": "CURRENT", "rating": 17, **changes})
    del entry["ratingTwenty"]
    return {"errors": None, "libraryEntry": {"id": str(number), **entry}}


def refused(message: str, *, code: str = "ValidationError", path: Sequence[str] = ()) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message, "path": list(path)}], "libraryEntry": None}


def payloads(*given: dict[str, Any] | None) -> Answer:
    return answer({"data": {"libraryEntry": {f"a{at}": payload for at, payload in enumerate(given)}}})


def missing(model: str, number: int | str) -> Answer:
    return answer({"error": {"message": f"Couldn't find {model} with 'id'={number}"}, "data": {}}, status=500)


def lines(sent: Sent) -> list[str]:
    """The mutations of a document, one a line."""
    return [line for line in sent.json["query"].splitlines() if line.startswith("a")]
