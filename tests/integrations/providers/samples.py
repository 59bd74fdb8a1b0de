"""Payloads written by hand from providers/anilist.md and providers/myanimelist.md, read 2026-11-21."""

from __future__ import annotations

from typing import Any

VIEWER: dict[str, Any] = {
    "id": 77,
    "name": "alice",
    "siteUrl": "https://anilist.co/user/alice",
    "mediaListOptions": {"scoreFormat": "POINT_10"},
}


def anilist_media(media_id: int = 5114, **changes: Any) -> dict[str, Any]:
    return {
        "id": media_id,
        "idMal": media_id,
        "format": "TV",
        "episodes": 64,
        "chapters": None,
        "volumes": None,
        "title": {"romaji": "Hagane no Renkinjutsushi", "english": "Fullmetal Alchemist", "native": "鋼の錬金術師"},
        "startDate": {"year": 2009},
        "isAdult": False,
        **changes,
    }


def anilist_entry(entry_id: int = 410_000_001, media_id: int = 5114, **changes: Any) -> dict[str, Any]:
    media = changes.pop("media", anilist_media(media_id))
    return {**anilist_echo(entry_id), "mediaId": media_id, "media": media, **changes}


def anilist_echo(entry_id: int = 410_000_001, **changes: Any) -> dict[str, Any]:
    return {
        "id": entry_id,
        "status": "CURRENT",
        "score": 85,
        "progress": 12,
        "progressVolumes": None,
        "repeat": 0,
        "private": False,
        "notes": None,
        "hiddenFromStatusLists": False,
        "startedAt": {"year": 2024, "month": 2, "day": None},
        "completedAt": {"year": None, "month": None, "day": None},
        "updatedAt": 1_700_000_000,
        **changes,
    }


def anilist_list(*groups: list[dict[str, Any]], more: bool = False, owner: int = 77) -> dict[str, Any]:
    return {"hasNextChunk": more, "user": {"id": owner}, "lists": [{"entries": group} for group in groups]}


def anilist_error(message: str, status: int, *, line: int = 0, **more: Any) -> dict[str, Any]:
    places = [{"line": line, "column": 1}] if line else []
    return {"data": None, "errors": [{"message": message, "status": status, "locations": places, **more}]}


def mal_anime_state(**changes: Any) -> dict[str, Any]:
    """As a logged answer to a write held it: without the keys of unset dates."""
    return {
        "status": "watching",
        "score": 8,
        "num_episodes_watched": 12,
        "is_rewatching": False,
        "updated_at": "2023-10-21T19:22:06+00:00",
        "priority": 0,
        "num_times_rewatched": 0,
        "rewatch_value": 0,
        "tags": [],
        "comments": "",
        **changes,
    }


def mal_manga_state(**changes: Any) -> dict[str, Any]:
    return {
        "status": "reading",
        "score": 8,
        "num_chapters_read": 40,
        "num_volumes_read": 4,
        "is_rereading": False,
        "updated_at": "2023-10-21T19:22:06+00:00",
        "num_times_reread": 0,
        "comments": "",
        **changes,
    }


def mal_row(media_id: int = 5114, **changes: Any) -> dict[str, Any]:
    return {
        "node": {
            "id": media_id,
            "title": "Fullmetal Alchemist: Brotherhood",
            "num_episodes": 64,
            "media_type": "tv",
            "start_date": "2009-04-05",
            "alternative_titles": {"synonyms": ["Hagane no Renkinjutsushi", ""], "en": "", "ja": "鋼の錬金術師"},
            "nsfw": "white",
        },
        "list_status": mal_anime_state(**changes),
    }
