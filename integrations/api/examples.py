"""Examples for the schema."""

from __future__ import annotations

from typing import Any

from accounts.api.schema import example

_FIELDS = [
    "status",
    "progress",
    "progress_volumes",
    "score",
    "started_on",
    "finished_on",
    "repeats",
    "notes",
    "private",
]
CONNECTION: dict[str, Any] = {
    "id": "5a0f8f53-8f0a-4f0e-9a64-7a5f2b8f8a11",
    "username": "alice",
    "account_url": "https://anilist.co/user/alice",
    "state": "active",
    "message": "",
    "message_code": "",
    "linked_at": "2026-11-21T15:04:05Z",
    "last_sync_at": "2026-11-26T12:00:00Z",
    "moved_at": "2026-11-26T09:00:00Z",
    "approved_at": "2026-11-21T15:06:00Z",
    "login_ends_at": "2027-11-21T15:04:05Z",
    "sync_enabled": True,
    "auto_sync": True,
    "direction": "bidirectional",
    "policy": "newest",
    "removals": "ask",
    "kinds": ["anime", "manga"],
    "fields": _FIELDS,
    "fields_offered": _FIELDS,
    "sync_status": True,
    "sync_reading_progress": True,
    "sync_ratings": True,
    "sync_dates": True,
    "sync_notes": True,
    "sync_removals": True,
    "interval_minutes": 60,
    "intervals": {},
    "adapts": True,
    "asks_first": True,
    "options": {},
}
SERVICE: dict[str, Any] = {
    "provider": "anilist",
    "name": "AniList",
    "is_enabled": True,
    "ways": ["code", "token"],
    "apps_url": "https://anilist.co/settings/apps",
    "redirect_uris": ["https://lists.example.org/integrations/anilist/callback"],
    "own_client_id": "",
    "kinds_offered": ["anime", "manga"],
    "options_offered": [],
    "is_connected": True,
    "health": "ok",
    "needs_login": False,
    "connection": CONNECTION,
}
_KITSU = {
    **SERVICE,
    "provider": "kitsu",
    "name": "Kitsu",
    "ways": ["password"],
    "apps_url": "https://kitsu.app/settings/apps",
    "redirect_uris": ["https://lists.example.org/integrations/kitsu/callback"],
    "is_connected": False,
    "health": "not_connected",
    "connection": None,
}
SETTINGS = {"anilist": SERVICE, "kitsu": _KITSU}
CHANGE = {"sync_enabled": True, "auto_sync": False, "sync_ratings": True}
AUTHORIZED = {
    "url": "https://anilist.co/api/v2/oauth/authorize?client_id=12345&response_type=code&state=…",
    "state": "k0q5…",
    "redirect_uri": "https://lists.example.org/integrations/anilist/callback",
    "expires_at": "2026-11-26T12:10:00Z",
}
_BACK = "https://lists.example.org/integrations/mal/callback"
CONNECTS = [
    example("Begun here", {"authorization_code": "def502…", "state": "k0q5…"}, request=True),
    example("Begun by the program", {"authorization_code": "def502…", "redirect_uri": _BACK}, request=True),
    example(
        "With PKCE",
        {"authorization_code": "def502…", "redirect_uri": _BACK, "code_verifier": "NklUDX_CzS8qrMGWaDzgKs6VqrinuVFHa0"},
        request=True,
    ),
    example("By name and password", {"username": "alice@example.org", "password": "…"}, request=True),
    example("By a token", {"access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOi…"}, request=True),
]
DEVICE = {
    "state": "pending",
    "message": "",
    "user_code": "5055CC52",
    "verification_url": "https://trakt.tv/activate",
    "poll_seconds": 5,
    "expires_at": "2026-11-26T12:10:00Z",
}
PROVIDERS = [
    {
        "provider": "anilist",
        "name": "AniList",
        "is_enabled": True,
        "state": "ok",
        "retry_seconds": 0.0,
        "budgets": [
            {
                "counts_by": "address",
                "applies": "all",
                "limit": 28.0,
                "seconds": 60.0,
                "used": 12,
                "left": 16,
                "waiting": 0,
                "blocked_seconds": 0.0,
            }
        ],
    }
]
