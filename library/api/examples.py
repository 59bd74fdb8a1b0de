"""Examples for the schema."""

from __future__ import annotations

from typing import Any

MEDIA: dict[str, Any] = {
    "id": 57,
    "kind": "anime",
    "title": "Mushishi",
    "titles": ["Mushishi", "Mushi-Shi"],
    "year": 2005,
    "format": "TV",
    "total": 26,
    "volumes": 0,
}
ENTRY: dict[str, Any] = {
    "media": MEDIA,
    "status": "completed",
    "progress": 26,
    "progress_volumes": 0,
    "score": 85,
    "started_on": "2024-05",
    "finished_on": "2024-06-01",
    "repeats": 0,
    "notes": "",
    "private": False,
    "revision": 912,
    "updated_at": "2026-11-26T12:00:01Z",
}
MANY = {
    "entries": [
        {"media": 57, "score": 90},
        {"media": 58, "status": "planned"},
        {"media": 59, "remove": True},
    ]
}
