"""Pausing without unlinking: the tokens are kept, and kept alive."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from integrations import signals
from integrations.models import Connection, ConnectionState


def set_paused(connection_id: UUID, *, paused: bool) -> bool:
    """True when the state changed: active becomes paused or paused becomes active; no other state is touched.

    For operators and for syncing, which have checked whose connection it is. Raises Connection.DoesNotExist.
    """
    before, after = (
        (ConnectionState.ACTIVE, ConnectionState.PAUSED) if paused else (ConnectionState.PAUSED, ConnectionState.ACTIVE)
    )
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection_id)
        if row.state != before:
            return False
        row.state = after
        row.save(update_fields=["state"])
        signals.connection_changed.send(Connection, connection=row, names=frozenset({"state"}))
    return True
