"""What syncing does when the rooms to its left tell it something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver
from django.utils import timezone

from integrations.models import Connection, ConnectionState
from integrations.signals import (
    connection_changed,
    connection_linked,
    connection_needs_login,
    connection_unlinked,
)
from library.signals import library_edited
from syncing.models import Schedule
from syncing.services import scheduling
from syncing.services.journal import record_edits

_LOOK_AGAIN = frozenset({"direction", "policy", "removals", "fields", "kinds", "options", "asks_first", "intervals"})
_OF_PACE = frozenset({"interval_minutes", "adapts", "automatic"})

if TYPE_CHECKING:
    from accounts.models import User
    from library.services.editing import Edit


@receiver(library_edited)
def on_library_edited(user: User, edits: list[Edit], **_: Any) -> None:
    """Journal the edits in their own transaction, and let them travel after a moment for more of them."""
    record_edits(user, edits)
    scheduling.wake_others(user.pk, after=scheduling.EDIT_DEBOUNCE)


@receiver(connection_linked)
def on_linked(connection: Connection, fresh: bool, **_: Any) -> None:
    scheduling.add_schedule(connection, fresh=fresh)


@receiver(connection_unlinked)
def on_unlinked(connection: Connection, **_: Any) -> None:
    scheduling.drop_schedule(connection)


@receiver(connection_changed)
def on_changed(connection: Connection, names: frozenset[str] = frozenset(), **_: Any) -> None:
    """A pause stops the schedule; options that decide what is synced make what was settled worth another look."""
    if "state" in names:
        is_on = connection.state == ConnectionState.ACTIVE
        Schedule.objects.filter(pk=connection.pk).update(is_on=is_on, due_at=timezone.now())
    if names & _LOOK_AGAIN:
        scheduling.look_again(connection.pk)
    elif names & _OF_PACE:
        scheduling.bring_forward(connection)


@receiver(connection_needs_login)
def on_needs_login(connection: Connection, **_: Any) -> None:
    Schedule.objects.filter(pk=connection.pk).update(is_on=False)
