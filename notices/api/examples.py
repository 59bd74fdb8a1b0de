"""Examples for the schema."""

from __future__ import annotations

from typing import Any

CHANNEL: dict[str, Any] = {
    "id": "0d2a8a0e-6a3e-4c4f-9d52-a3b1f0a5e6c7",
    "way": "webhook",
    "name": "Home server",
    "shown": "https://example.org/…",
    "events": ["sync_failed", "review_waiting"],
    "is_on": True,
    "failures": 0,
    "message": "",
    "created_at": "2026-11-26T12:00:00Z",
}
MAIL = {**CHANNEL, "way": "email", "name": "", "shown": "", "events": ["needs_login", "login_ends"]}
NOTICE: dict[str, Any] = {
    "id": "5a0f8f53-8f0a-4f0e-9a64-7a5f2b8f8a11",
    "channel": CHANNEL["id"],
    "event": "sync_failed",
    "subject": "MyAnimeList: failed",
    "text": "Something went wrong on our side. Nothing is lost; we look into it.",
    "data": {"provider": "myanimelist", "state": "failed", "reason": "internal"},
    "state": "sent",
    "tries": 1,
    "message": "",
    "created_at": "2026-11-26T12:00:00Z",
}
