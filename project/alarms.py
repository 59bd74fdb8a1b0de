"""/alarmz: is there anything that somebody should get up for. For monitors; says how much of what, and nothing more."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError

from syncing.services.alarms import read_alarms

log = logging.getLogger(__name__)

KEY = "project.alarms"
FRESH_SECONDS = 20
"""Anybody may ask, as often as they like: within this time everybody gets one answer."""


@never_cache
@require_safe
def show(request: HttpRequest) -> JsonResponse:
    """200 {"status": "ok"}, or 503 {"alarms": [{"code", "count", "since": ISO time or null}]}."""
    try:
        found = cache.get(KEY)
        if found is None:
            found = _read()
            cache.set(KEY, found, timeout=FRESH_SECONDS)
    except (DatabaseError, RedisError):
        # What is away is told by /readyz.
        log.warning("alarms: the database or Redis does not answer", exc_info=True)
        found = [{"code": "unknown", "count": 1, "since": None}]
    if not found:
        return JsonResponse({"status": "ok"})
    return JsonResponse({"alarms": found}, status=503)


def _read() -> list[dict[str, Any]]:
    return [
        {
            "code": alarm.code,
            "count": alarm.count,
            "since": alarm.since.isoformat(timespec="seconds") if alarm.since else None,
        }
        for alarm in read_alarms()
    ]
