"""What beat starts in every house, and what costs the database something: by its doors, as a worker calls it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.core.management import call_command

from accounts.models import User
from integrations.services import devices, expiring, tables
from library.entry import Kind
from library.models import Media
from syncing import tasks
from syncing.models import Schedule
from syncing.services import alarms, dispatching, waking

ANILIST = "anilist"


def persons_tick() -> None:
    tasks.start_persons_runs(str(User.objects.order_by("pk")[0].pk))


def learn_ids() -> None:
    """A run learns 50 ids for which nobody waits."""
    media_id = Media.objects.order_by("-pk")[0].pk + 1
    waking.make_due("myanimelist", Kind.ANIME, {str(number): media_id + number for number in range(100_000, 100_050)})


def clear_sessions() -> None:
    assert Session.objects.count() == 0
    call_command("clearsessions")


TICKS: dict[str, Callable[[], object]] = {
    "start_due_runs": tasks.start_due_runs,
    "start_persons_runs": persons_tick,
    "room_of": lambda: dispatching.room_of(ANILIST),
    "probe_batches": tasks.probe_batches,
    "sweep": tasks.sweep,
    "alarms": alarms.read_alarms,
    "refresh_expiring": expiring.attend_tokens,
    "poll_device_links": devices.poll_device_links,
    "check_id_tables": tables.claim_due,
    "purge_link_attempts": expiring.purge_link_attempts,
    "prune": tasks.prune,
    "new ids": learn_ids,
    "clear_sessions": clear_sessions,
}
"""By the names in docs/scale.md. "new ids" is no tick: each run that learns something does it."""

GROWING = (
    "accounts_user",
    "integrations_connection",
    "library_library",
    "library_listentry",
    "syncing_baseline",
    "syncing_change",
    "syncing_schedule",
    "syncing_syncrun",
    "syncing_unmatched",
)
"""Tables with as many rows as there are people, or more: nothing that runs all day may read one from end to end."""


def rest() -> None:
    """Nobody holds anything, as before the first tick."""
    Schedule.objects.exclude(lease_until=None).update(lease_until=None, begun_at=None)
