"""Is this process alive, and may it get visitors. Answers name no host, no version and no error text."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

OK = "ok"
TICK_KEY = "project.tick"
PATIENCE = 2.0
"""Seconds for Redis to answer."""

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 while the process can answer at all. Asks nobody: a database that is away must not restart the web."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when all is well, else 503; {"status": "ok" | "failing", "checks": {name: "ok" or what is wrong}}."""
    checks = {name: check() for name, check in CHECKS.items()}
    good = all(result == OK for result in checks.values())
    return JsonResponse({"status": OK if good else "failing", "checks": checks}, status=200 if good else 503)


def record_tick() -> None:
    cache.set(TICK_KEY, time.time(), timeout=None)


def check_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("health: the database does not answer", exc_info=True)
        return "unreachable"
    return OK


def check_redis() -> str:
    client = Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
    )
    try:
        client.ping()
    except RedisError:
        logger.warning("health: Redis does not answer", exc_info=True)
        return "unreachable"
    finally:
        client.close()
    return OK


_migrated = Event()
"""Set once nothing was missing: migrations are not taken back under a running process, and looking costs much."""


def forget_migrations() -> None:
    _migrated.clear()


def check_migrations() -> str:
    if _migrated.is_set():
        return OK
    try:
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError:
        return "unknown"
    if missing == 0:
        _migrated.set()
    return OK if missing == 0 else f"{missing} not applied"


def check_tick() -> str:
    """Beat, broker and a control worker, seen by their work."""
    try:
        last = cache.get(TICK_KEY)
    except RedisError:
        return "unknown"
    if last is None:
        return "none yet"
    age = time.time() - last
    return OK if age <= settings.CELERY_TICK_STALE_SECONDS else f"stale: {age:.0f} s"


CHECKS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "redis": check_redis,
    "migrations": check_migrations,
    "tick": check_tick,
}
