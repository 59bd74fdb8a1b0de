"""Examples for the schema."""

from __future__ import annotations

from typing import Any

RUN: dict[str, Any] = {
    "id": "3e1f5a52-0c3b-4d2e-8d5e-2f6d1d3c9b10",
    "provider": "anilist",
    "purpose": "sync",
    "trigger": "schedule",
    "state": "done",
    "full": False,
    "media": None,
    "undoes": None,
    "started_at": "2026-11-26T12:00:00Z",
    "finished_at": "2026-11-26T12:00:02Z",
    "checks": 1,
    "entries_read": 412,
    "library_changes": 2,
    "writes": 1,
    "skipped": 0,
    "failed": 0,
    "requests": 2,
    "error_code": "",
    "message": "",
}
RUN_DETAIL = {**RUN, "progress": None, "review": None, "undoable": 3, "planned": {}}
QUEUED = {
    **RUN,
    "trigger": "person",
    "state": "queued",
    "finished_at": None,
    **dict.fromkeys(("entries_read", "library_changes", "writes", "requests"), 0),
}
PREVIEW = {**RUN, "purpose": "preview", "trigger": "person", "state": "preview", "library_changes": 0, "writes": 0}
IMPORT = {
    **RUN_DETAIL,
    "provider": "file",
    "purpose": "import",
    "trigger": "person",
    "state": "preview",
    "undoable": 0,
    "entries_read": 412,
    "library_changes": 0,
    "writes": 0,
    "requests": 0,
    "planned": {"create": 3, "update": 5},
    "message": "MyAnimeList XML, 412 entries; where both differ, the newer value wins. 404 say what your library says.",
}
EVERYTHING = {
    "tables": [{"file": "account", "about": "Who you are here."}],
    "left_out": [{"what": "sessions.Session", "why": "Where you are signed in: it ends by itself."}],
}
CHANGE: dict[str, Any] = {
    "id": 4711,
    "run": RUN["id"],
    "provider": "anilist",
    "media": 57,
    "kind": "anime",
    "remote_id": "457",
    "title": "Mushishi",
    "side": "library",
    "source": "anilist",
    "action": "update",
    "before": {"score": 70},
    "after": {"score": 80},
    "state": "applied",
    "reason": "side_edit",
    "message": "",
    "undoes": None,
    "is_undone": False,
    "created_at": "2026-11-26T12:00:01Z",
    "settled_at": "2026-11-26T12:00:01Z",
}
REVIEW: dict[str, Any] = {
    "id": 7,
    "provider": "anilist",
    "topic": "removal",
    "run": RUN["id"],
    "media": 57,
    "summary": {"title": "Mushishi", "kind": "anime", "side": "library", "before": {"progress": 4}, "after": {}},
    "choices": ["approve", "discard"],
    "state": "open",
    "choice": "",
    "created_at": "2026-11-26T12:00:01Z",
    "decided_at": None,
}
