"""Renewing the tokens that are due at one service, as fast as its budget lets us."""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic
from uuid import UUID

from celery import current_app
from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from integrations import stopping
from integrations.crypto import DecryptionError
from integrations.errors import AuthRevoked, ProviderError, RateLimited, Unavailable
from integrations.models import Connection, ConnectionState
from integrations.oauth import AppRejected
from integrations.services.sessions import renew_token

log = logging.getLogger(__name__)

TASK = "integrations.renew_tokens"
LATER = timedelta(minutes=15)
"""A renewal that failed is tried again after this, or half as much again, so that it does not stand in the way."""
TURN_SECONDS = 60.0
"""After that the service's queue is another's; the rest sends for itself."""
LOCK_SECONDS = 180
"""The time limit of the task."""
PAGE = 50
LONGEST_PAUSE = 120.0
"""Seconds. When the budget wants a longer one, the next tick goes on."""


def publish(slug: str, *, after: float = 0.0) -> bool:
    """False when the broker is away: the next tick finds them."""
    try:
        current_app.send_task(
            TASK, args=[slug], queue=slug, countdown=after or None, retry=False, expires=after + LOCK_SECONDS
        )
    except OperationalError:
        log.warning("the broker is away; the next tick has %s's tokens renewed", slug)
        return False
    return True


def renew_due(slug: str) -> int:
    """Renews what is due at one service, the longest due first; gives how many were tried. Nothing while another worker
    is at it.

    How much is the budget's affair: renewals have a share that is always granted and take what lies idle. When it wants
    a pause, or the turn is over, the rest sends for itself.
    """
    lock = f"{TASK}:{slug}"
    if not cache.add(lock, 1, timeout=LOCK_SECONDS):
        return 0
    try:
        done, pause = _renew_some(slug, ends=monotonic() + TURN_SECONDS)
    finally:
        cache.delete(lock)
    if pause is not None:
        publish(slug, after=pause)
    return done


def due(slug: str) -> QuerySet[Connection]:
    """Index connection_renewal."""
    return Connection.objects.filter(
        provider=slug,
        token_due_at__lte=timezone.now(),
        state__in=(ConnectionState.ACTIVE, ConnectionState.PAUSED),
    ).order_by("token_due_at")


def _renew_some(slug: str, *, ends: float) -> tuple[int, float | None]:
    """(how many were tried, seconds until it goes on: None = by the next tick, if at all)."""
    done = 0
    refused: set[UUID | None] = set()
    while page := list(_of_apps(due(slug), but=refused).select_related("app")[:PAGE]):
        for connection in page:
            if monotonic() > ends or stopping.is_asked():
                return done, 1.0
            if connection.app_id in refused:
                continue
            try:
                done += 1
                _renew(connection)
            except RateLimited as error:
                log.info("renewals at %s wait for %.0f s: %s", slug, error.retry_after, error.message)
                # It may be this one person's limit: then the others must not wait behind it.
                _put_off(connection, timedelta(seconds=error.retry_after))
                return done - 1, max(error.retry_after, 1.0) if error.retry_after <= LONGEST_PAUSE else None
            except Unavailable as error:
                log.info("renewals at %s wait: %s", slug, error.message)
                return done - 1, None
            except AppRejected as error:
                log.error("renewals at %s: %s", slug, error.message)
                _put_off(connection, LATER)
                refused.add(connection.app_id)
    return done, None


def _of_apps(rows: QuerySet[Connection], *, but: set[UUID | None]) -> QuerySet[Connection]:
    """Without those whose app the service has just refused: they would all be refused."""
    rows = rows.exclude(app_id__in=[app_id for app_id in but if app_id is not None])
    return rows.exclude(app=None) if None in but else rows


def _renew(connection: Connection) -> None:
    """Raises RateLimited, Unavailable, and AppRejected for an app of the operator."""
    try:
        renew_token(connection)
    except (RateLimited, Unavailable):
        raise
    except AuthRevoked:
        # Marked and told by then.
        return
    except (ProviderError, DecryptionError) as error:
        if connection.state == ConnectionState.NEEDS_LOGIN:
            return
        if isinstance(error, AppRejected):
            raise
        log.warning("connection %s could not be renewed: %s", connection.pk, type(error).__name__)
        _put_off(connection, LATER)


def _put_off(connection: Connection, wait: timedelta) -> None:
    """Up to half as long again: each by its own part, so that not all come back at once."""
    rows = Connection.objects.filter(pk=connection.pk, token_version=connection.token_version)
    rows.update(token_due_at=timezone.now() + wait * (1 + connection.pk.int % 1000 / 2000))
