"""What links do when a room to their left tells them something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from accounts.signals import person_leaving
from integrations.services import revoking

if TYPE_CHECKING:
    from accounts.models import User


@receiver(person_leaving)
def on_leaving(user: User, shared_access: bool, **_: Any) -> Callable[[], Sequence[str]]:
    return partial(revoking.give_back, revoking.take_access(user, shared=shared_access))
