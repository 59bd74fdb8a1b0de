"""What a connection's options mean for a run: which kinds, and by which rules."""

from __future__ import annotations

from django.utils import timezone

from integrations.models import Connection, Direction
from integrations.providers.base import Provider
from library.entry import FIELDS, Kind
from syncing.core.model import Rules
from syncing.services.baselines import Ledger


def kinds_of(connection: Connection, provider: Provider) -> frozenset[Kind]:
    chosen = frozenset(Kind(kind) for kind in connection.kinds)
    return (chosen & provider.kinds) if chosen else provider.kinds


def options_of(connection: Connection) -> list[str]:
    """What, when it changes, makes an unchanged list worth another look."""
    return [
        connection.direction,
        connection.policy,
        connection.removals,
        "fields:" + ",".join(sorted(connection.fields)),
        "kinds:" + ",".join(sorted(connection.kinds)),
        f"settings:{sorted(connection.account_settings.items())}",
    ]


def rules_of(connection: Connection, provider: Provider, *, ledger: Ledger) -> dict[Kind, Rules]:
    chosen = frozenset(connection.fields) or frozenset(FIELDS)
    rules = {}
    for kind in provider.kinds:
        capability = provider.capability(kind, connection.account_settings).only(chosen)
        covered = ledger.fields.get(kind)
        rules[kind] = Rules(
            source=provider.slug,
            capability=capability,
            policy=connection.policy,
            takes=connection.direction != Direction.EXPORT_ONLY,
            gives=connection.direction != Direction.IMPORT_ONLY,
            fresh=frozenset() if covered is None else capability.fields - frozenset(covered),
            read_at=timezone.now().timestamp(),
        )
    return rules
