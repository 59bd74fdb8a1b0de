"""Asking for runs by name: each gets a row at once, which a worker takes up and ends, so that whoever asked can watch.

Two that ask for the same are given the same run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, ConnectionState
from integrations.providers import registry
from integrations.queries import connection_for_user, connections_for_user
from library.models import Media
from syncing.models import RunState, SyncRun
from syncing.services import scheduling

if TYPE_CHECKING:
    from accounts.models import User

ALL = "all"


class CannotSync(Exception):
    """Nothing can be synced as asked; the message says why, and what to do."""


def ask_for_runs(
    user: User, *, provider: str = ALL, full: bool = False, preview: bool = False, media: Media | None = None
) -> list[SyncRun]:
    """One run for each service that was asked for: queued, or the one that waits already for the same.

    provider: slug, alias, or ALL = every service that is linked and not paused. preview: only show what would be done.
    media: do nothing but what concerns this work. Raises Connection.DoesNotExist, CannotSync.
    """
    if provider == ALL:
        rows = list(connections_for_user(user).filter(state=ConnectionState.ACTIVE))
        if not rows:
            raise CannotSync("No service is linked that could be synced. Link one, or let a paused one go on.")
    else:
        rows = [connection_for_user(user, provider)]
    return [_ask(user, row, full=full, preview=preview, media=media) for row in rows]


def check_may_sync(connection: Connection) -> None:
    """Raises CannotSync."""
    name = registry.get(connection.provider).name
    if connection.state == ConnectionState.PAUSED:
        raise CannotSync(f"{name} is paused. Let it go on first.")
    if connection.state != ConnectionState.ACTIVE:
        raise CannotSync(f"{name} does not let us in any more. Link it again first.")


def _ask(user: User, connection: Connection, *, full: bool, preview: bool, media: Media | None) -> SyncRun:
    check_may_sync(connection)
    with transaction.atomic():
        # The connection first, as everybody takes it: of two that ask at once the second finds the row of the first.
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        waiting = SyncRun.objects.filter(connection=connection, state=RunState.QUEUED).exclude(purpose="undo").first()
        run = waiting or SyncRun(
            user=user, connection=connection, provider=connection.provider, trigger="person", state=RunState.QUEUED
        )
        if waiting is not None and (waiting.media_id, waiting.purpose) != _wish(media, preview=preview):
            # One run can do but one of the two: the wider wish wins, a sync before a preview.
            media, preview = None, False
        run.media, run.full = media, run.full or full
        run.purpose = "preview" if preview else "sync"
        run.started_at = timezone.now()
        if waiting is None:
            run.save(force_insert=True)
        else:
            run.save(update_fields=["media", "full", "purpose", "started_at"])
        scheduling.request_sync(user, provider=connection.provider, full=full, preview=preview)
    return run


def _wish(media: Media | None, *, preview: bool) -> tuple[int | None, str]:
    return (None if media is None else media.pk, "preview" if preview else "sync")


def take_up(run: SyncRun, connection: Connection) -> bool:
    """Makes of `run`, which has no row, the one that somebody asked for by name, where one waits. An undo goes first:
    then the next run takes it up."""
    waiting = SyncRun.objects.filter(connection=connection, state=RunState.QUEUED)
    rows = list(waiting.order_by("started_at"))
    if not rows or any(row.purpose == "undo" for row in rows):
        return False
    asked = rows[0]
    now = timezone.now()
    mine = SyncRun.objects.filter(pk=asked.pk, state=RunState.QUEUED)
    if not mine.update(state=RunState.RUNNING, lease_token=run.lease_token, purpose=run.purpose, started_at=now):
        return False
    run.pk, run.media_id, run.full, run.trigger = asked.pk, asked.media_id, run.full or asked.full, asked.trigger
    run.started_at = now
    run._state.adding = False  # noqa: SLF001 - it has a row from now on, made before it
    return True
