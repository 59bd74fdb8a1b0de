"""Sync one person's list with one provider, here and now, and say what happened."""

from __future__ import annotations

import json
import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from accounts.models import User
from integrations.models import Connection, ConnectionState, Direction
from integrations.providers import registry
from integrations.queries import connection_for_user
from syncing.models import RunState, SyncRun
from syncing.services import leases, scheduling
from syncing.services.desk import Tell
from syncing.services.running import run_lease

GOOD = (RunState.DONE, RunState.PARTIAL, RunState.PREVIEW)
STAGES = {"read": "read", "plan": "planned", "library": "library", "write": "written"}


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="the person's e-mail address")
        parser.add_argument("--provider", required=True, help="anilist, myanimelist (mal)")
        parser.add_argument("--dry-run", action="store_true", help="show what would change; nothing does")
        parser.add_argument("--full", action="store_true", help="read and compare everything, whatever seems unchanged")
        parser.add_argument("--mode", choices=Direction.values, help="set the connection's direction first")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = self._connection(options["user"], options["provider"])
        if options["mode"] and options["mode"] != connection.direction:
            Connection.objects.filter(pk=connection.pk).update(direction=options["mode"])
        scheduling.request_sync(
            connection.user,
            provider=connection.provider,
            full=options["full"],
            preview=options["dry_run"],
            trigger="command",
        )
        lease = leases.claim(connection.pk)
        if lease is None:
            raise CommandError("A sync of this connection is running already. Try again when it has ended.")
        logging.getLogger("httpx").setLevel(logging.WARNING)
        run = self._run(lease, quiet=options["json"])
        if run is None:
            raise CommandError("Nothing was run: the connection was paused or taken over meanwhile.")
        self._report(run, as_json=options["json"])

    def _connection(self, email: str, provider: str) -> Connection:
        try:
            user = User.objects.get(email=email.lower())
            slug = registry.get(provider).slug
            connection = connection_for_user(user, slug)
        except User.DoesNotExist as error:
            raise CommandError(f"nobody here has the address {email}") from error
        except registry.UnknownProvider as error:
            raise CommandError(str(error)) from error
        except Connection.DoesNotExist as error:
            raise CommandError(f"{email} has not connected {provider}") from error
        if connection.state != ConnectionState.ACTIVE:
            raise CommandError(
                f"the connection is {connection.get_state_display()}: {connection.message or 'resume it first'}"
            )
        return connection

    def _run(self, lease: leases.Lease, *, quiet: bool) -> SyncRun | None:
        if quiet:
            return run_lease(lease, trigger="command")
        console = Console(file=self.stdout, highlight=False)  # type: ignore[arg-type]
        if not console.is_terminal:
            return run_lease(lease, trigger="command", tell=self._lines())
        with Progress(console=console) as progress:
            bars: dict[str, Any] = {}

            def tell(stage: str, done: int, total: int) -> None:
                if stage not in bars:
                    bars[stage] = progress.add_task(STAGES[stage], total=total)
                progress.update(bars[stage], completed=done, total=total)

            return run_lease(lease, trigger="command", tell=tell)

    def _lines(self) -> Tell:
        def tell(stage: str, done: int, total: int) -> None:
            self.stdout.write(f"{STAGES[stage]}: {done} of {total}")

        return tell

    def _report(self, run: SyncRun, *, as_json: bool) -> None:
        figures = {
            "run": str(run.pk),
            "state": run.state,
            "read": run.entries_read,
            "library_changes": run.library_changes,
            "writes": run.writes,
            "skipped": run.skipped,
            "failed": run.failed,
            "requests": run.requests,
            "message": run.message,
        }
        if run.state == RunState.PREVIEW:
            figures |= {"planned": run.changes.count()}
        if as_json:
            self.stdout.write(json.dumps(figures))
        else:
            self.stdout.write(", ".join(f"{name} {value}" for name, value in figures.items() if value not in ("", 0)))
        if run.state not in GOOD:
            raise CommandError(run.message or f"the run ended as {run.state}")
