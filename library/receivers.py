"""What the library does when a room to its left tells it something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from accounts.signals import person_leaving
from library.services.storing import lock_library

if TYPE_CHECKING:
    from accounts.models import User


@receiver(person_leaving)
def on_leaving(user: User, **_: Any) -> None:
    """Whoever changes the person's list holds this lock first: so they are done before its rows go, or too late."""
    lock_library(user.pk)
