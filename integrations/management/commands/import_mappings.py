from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.services.tables import update_table
from library.mappings.sources import SOURCES, Source
from library.models import TableState
from library.services.id_tables import Outcome, import_table

SHOWN = (
    *("rows", "pairs", "ranges", "conflicts", "refused", "flagged", "unmapped"),
    *("added", "gone", "back", "changed", "seconds"),
)
ENDINGS = (".json", ".xml", ".json.gz", ".xml.gz")


class Command(BaseCommand):
    help = (
        "Imports the public id tables, all or those named. A table that is broken, too small or changed too much is "
        "not taken, and the one before stays in use. Safe while the service runs, and to run again. "
        "Exit code 1 when a table was not taken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="*", metavar="SOURCE", help=f"of: {', '.join(SOURCES)}")
        parser.add_argument(
            "--from", dest="place", metavar="PATH", help="a file, or a folder of files, not the network"
        )
        parser.add_argument(
            "--force", action="store_true", help="read anew, and take it though it is small or changed much"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a table")

    def handle(self, *args: Any, **options: Any) -> None:
        unknown = [name for name in options["sources"] if name not in SOURCES]
        if unknown:
            raise CommandError(f"{unknown[0]} is no table; write {', '.join(SOURCES)}")
        wanted = [SOURCES[name] for name in options["sources"] or SOURCES]
        place = Path(options["place"]) if options["place"] else None
        if place and not place.exists():
            raise CommandError(f"{place} does not exist")
        if place and place.is_file() and len(options["sources"]) != 1:
            raise CommandError("With a file, name the one table that it is.")
        failed = 0
        for source in wanted:
            outcome = self._import(source, place, force=options["force"])
            self._show(source, outcome, as_json=options["json"])
            failed += outcome is not None and outcome.state != TableState.GOOD
        if failed:
            raise CommandError(f"{failed} of {len(wanted)} tables were not taken")

    def _import(self, source: Source, place: Path | None, *, force: bool) -> Outcome | None:
        if place is None or source.is_ours:
            return update_table(source, force=force)
        file = place if place.is_file() else _newest(source, place)
        if file is None:
            return None
        with file.open("rb") as stream:
            return import_table(source, stream, force=force)

    def _show(self, source: Source, outcome: Outcome | None, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"source": source.slug} | (asdict(outcome) if outcome else {"state": "off"})))
        elif outcome is None:
            self.stdout.write(f"{source.slug}: no address or file")
        elif outcome.state != TableState.GOOD or not outcome.is_changed:
            word = "unchanged" if outcome.state == TableState.GOOD else outcome.state
            self.stdout.write(f"{source.slug}: {word}{f': {outcome.message}' if outcome.message != word else ''}")
        else:
            figures = ", ".join(f"{name} {outcome.figures.get(name, 0)}" for name in SHOWN)
            self.stdout.write(f"{source.slug}: {figures}")


def _newest(source: Source, folder: Path) -> Path | None:
    """The last by name of a folder's files that are called like this table."""
    files = sorted(file for file in folder.iterdir() if file.name.endswith(ENDINGS))
    named = [file for file in files for name in source.files if file.name.startswith(name)]
    return named[-1] if named else None
