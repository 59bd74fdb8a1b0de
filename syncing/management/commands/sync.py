"""Sync one person's lists, here and now, and say what happened: once, or again and again with --interval.

Guards and approvals hold here too. Exit codes: 0 all is done (or, with --interval, it was asked to end); 1 something
was not done, the standard error says what and why; 2 it cannot be asked like this.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import Error, close_old_connections

from accounts.management.person import FAILED, PersonCommand
from accounts.models import User
from integrations import stopping
from integrations.errors import Stopping
from integrations.models import Connection
from integrations.providers import registry
from syncing.management import loudness, telling, wishing
from syncing.management.watching import watch_on
from syncing.models import SyncRun
from syncing.services import asking, by_hand


class Command(PersonCommand):
    help = __doc__ or ""
    examples = (
        "sync --user mei@example.org",
        "sync --user mei@example.org --provider mal --dry-run",
        "sync --user mei@example.org --mode anilist-to-mal",
        "sync --user mei@example.org --provider trakt --external-id 154587 --kind anime",
        "sync --user mei@example.org --interval 360 --json",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("--provider", action="append", help="a service, again for more; by default all that are linked")
        often = parser.add_mutually_exclusive_group()
        often.add_argument("--once", action="store_true", help="the default")
        often.add_argument(
            "--interval", type=wishing.read_minutes, metavar="MINUTES", help="again and again until SIGTERM, Ctrl-C"
        )
        add("--dry-run", action="store_true", help="show what would change; nothing does")
        add(
            "--limit",
            type=wishing.read_count,
            default=20,
            help="changes that a dry run tells one by one (default %(default)s)",
        )
        add("--full", action="store_true", help="read and compare everything, whatever seems unchanged")
        add(
            "--mode",
            type=str.lower,
            help="set the directions first, for good: bidirectional, import-only or export-only for the services that "
            "are synced; A-to-B (anilist-to-mal) takes from A and gives to B, and syncs these two",
        )
        one = parser.add_mutually_exclusive_group()
        one.add_argument("--media", type=wishing.read_count, metavar="ID", help="only this work of the library")
        one.add_argument("--external-id", metavar="ID", help="or the work that the one --provider calls so")
        add("--kind", choices=("anime", "manga"), help="of --external-id")
        add("--log-level", choices=loudness.LEVELS, help="what of our own log is shown, on the standard error")
        add("--json", action="store_true", help="print one JSON object a run, each on its line")

    def handle(self, *args: Any, **options: Any) -> None:
        self.options = options
        user = self.person(options["user"])
        wanted = wishing.read_wish(self, user, options)
        for row in wishing.set_mode(self, user, wanted):
            if not options["json"]:
                name = registry.get(row.provider).name
                self.stdout.write(f"{name}: {row.get_direction_display()} from now on")
        with stopping.at_signals(), loudness.shown_from(options["log_level"]):
            if options["interval"]:
                self._repeat(user, wanted, minutes=options["interval"])
                return
            try:
                troubles = self._sync(user, wanted)
            except Stopping:
                troubles = []
        if stopping.is_asked():
            troubles.append("Stopped; what is left is done by the next sync.")
        if troubles:
            raise CommandError("\n".join(troubles), returncode=FAILED)

    def _repeat(self, user: User, wanted: wishing.Wanted, *, minutes: int) -> None:
        """Until this process is asked to end. What goes wrong is told, and tried again the next time."""
        while True:
            try:
                troubles = self._sync(user, wanted)
            except Stopping:
                return
            except Error as error:
                logging.getLogger(__name__).warning("the database: %s", type(error).__name__)
                troubles = ["The database did not answer as it should."]
            for trouble in troubles:
                self.stderr.write(trouble)
            close_old_connections()
            try:
                stopping.pause(minutes * 60.0)
            except Stopping:
                return

    def _sync(self, user: User, wanted: wishing.Wanted) -> list[str]:
        """Once each, and what stood in the way. Raises Stopping."""
        ready, troubles = [], []
        for connection in wishing.connections_of(user, wanted):
            try:
                asking.check_may_sync(connection)
                ready.append(connection)
            except asking.CannotSync as error:
                troubles.append(str(error))
        with watch_on(self.stdout, quiet=self.options["json"]) as watch:
            found = list(self._tell_each(by_hand.sync_in_rounds(ready, wanted.wish, watch=watch)))
        return troubles + found

    def _tell_each(self, outcomes: Iterator[tuple[Connection, SyncRun | asking.CannotSync]]) -> Iterator[str]:
        """Shows each as it comes, and gives back what went wrong."""
        for connection, outcome in outcomes:
            name = registry.get(connection.provider).name
            if isinstance(outcome, asking.CannotSync):
                yield f"{name}: {outcome}"
                continue
            self._tell(outcome)
            if outcome.state not in by_hand.GOOD:
                yield f"{name}: {telling.clean(outcome.message) or f'the run ended as {outcome.state}'}"
            elif outcome.failed:
                yield f"{name}: {outcome.failed} changes failed; the page of the run says why"

    def _tell(self, run: SyncRun) -> None:
        figures = telling.figures_of(run)
        changes = telling.planned_of(run, limit=self.options["limit"])
        more = figures.get("planned", 0) - len(changes)
        if self.options["json"]:
            planned = {"changes": [telling.figures_of_change(change) for change in changes], "more": more}
            self.stdout.write(json.dumps(figures | (planned if "planned" in figures else {})))
        else:
            self.stdout.write(telling.words_of_figures(figures))
            for change in changes:
                self.stdout.write(f"  {telling.words_of_change(change)}")
            if changes and more:
                self.stdout.write(f"  … and {more} more; --limit tells more, the page of the run all")
        self.stdout.flush()
