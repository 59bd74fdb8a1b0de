"""How one person's services do: linked as whom, synced when, due when, and what waits."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from accounts.management.person import PersonCommand
from integrations.providers import registry
from syncing import queries
from syncing.queries import Standing


class Command(PersonCommand):
    help = __doc__ or ""
    examples = (
        "status --user mei@example.org",
        "status --user mei@example.org --json",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        user = self.person(options["user"])
        found = {standing.connection.provider: _figures(standing) for standing in queries.standings_for_user(user)}
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        if not found:
            self.stdout.write("No service is linked. Link one: manage.py connect --user … --provider …")
        for slug, figures in found.items():
            told = ", ".join(f"{name} {value}" for name, value in figures.items() if value not in ("", 0, None))
            self.stdout.write(f"{registry.get(slug).name}: {told}")


def _figures(standing: Standing) -> dict[str, Any]:
    connection, schedule, last = standing.connection, standing.schedule, standing.last
    return {
        "username": connection.account_name,
        "state": connection.state,
        "direction": connection.direction,
        "synced": _text(connection.last_synced_at),
        "due": _text(schedule.due_at) if schedule is not None and schedule.is_on else None,
        "last": last.state if last is not None else "",
        "reviews": standing.reviews,
        "unmatched": standing.unmatched,
        "parked": standing.parked,
        "message": connection.message,
    }


def _text(at: Any) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
