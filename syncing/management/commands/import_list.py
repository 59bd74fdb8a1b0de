"""Take a list file into one person's library: shown first, done with --yes, and undone like any run."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts.management.person import PersonCommand
from accounts.models import User
from library.files.model import FileRefused, Format, Reading
from library.files.reading import read_list
from syncing.core.intake import POLICIES
from syncing.models import ChangeState, SyncRun
from syncing.services.importing import preview_import
from syncing.services.importing_applying import approve_import

TOLD = 20
"""Entries that were left out, as they are printed one by one."""


class Command(PersonCommand):
    help = __doc__ or ""
    examples = (
        "import_list animelist.xml.gz --user mei@example.org --dry-run",
        "import_list animelist.xml.gz --user mei@example.org --policy file --yes",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="MyAnimeList's XML, JSON or CSV, also packed with gzip")
        super().add_arguments(parser)
        parser.add_argument("--format", choices=["auto", *map(str, Format)], default="auto")
        parser.add_argument(
            "--policy", choices=list(POLICIES), default="newest", help="who wins where both say something different"
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--dry-run", action="store_true", help="say what would change and forget it")
        what.add_argument("--yes", action="store_true", help="do it; without it the person approves it on its page")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        user = self.person(options["user"])
        reading = self._read(options["file"], options["format"])
        with transaction.atomic():
            self._import(user, reading, options)
            # Not even a plan that waits gives way to a dry run.
            transaction.set_rollback(options["dry_run"])

    def _import(self, user: User, reading: Reading, options: dict[str, Any]) -> None:
        run = preview_import(user, reading, policy=options["policy"], trigger="command")
        planned = {
            action: run.changes.filter(state=ChangeState.PLANNED, action=action).count()
            for action in ("create", "update")
        }
        left_out = list(run.changes.filter(state=ChangeState.FAILED).values_list("title", "message"))
        if options["yes"]:
            run = approve_import(user, run_id=run.pk)
        self._report(run, planned=planned, left_out=left_out, as_json=options["json"])

    def _read(self, path: str, name: str) -> Reading:
        try:
            with open(path, "rb") as stream:
                return read_list(stream, file_format=None if name == "auto" else Format(name))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from error
        except FileRefused as error:
            raise CommandError(str(error)) from error

    def _report(self, run: SyncRun, *, planned: dict[str, int], left_out: list[tuple[str, str]], as_json: bool) -> None:
        figures = {
            "run": str(run.pk),
            "state": run.state,
            "read": run.entries_read,
            "would_add": planned["create"],
            "would_change": planned["update"],
            "library_changes": run.library_changes,
            "skipped": run.skipped,
            "left_out": len(left_out),
            "message": run.message,
        }
        if as_json:
            told = [{"title": title, "why": why} for title, why in left_out]
            self.stdout.write(json.dumps({**figures, "left_out_entries": told}))
            return
        self.stdout.write(", ".join(f"{name} {value}" for name, value in figures.items() if value not in ("", 0)))
        for title, why in left_out[:TOLD]:
            self.stdout.write(f"  left out: {title}: {why}")
        if len(left_out) > TOLD:
            self.stdout.write(f"  … and {len(left_out) - TOLD} more; --json tells all")
