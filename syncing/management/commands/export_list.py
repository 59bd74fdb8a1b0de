"""Write one person's list to a file, or to the standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.person import PersonCommand
from library.entry import Kind
from library.files.model import Format
from library.services.exporting import CannotExport, export_list
from syncing.services.exporting import pack


class Command(PersonCommand):
    help = __doc__ or ""
    examples = (
        "export_list --user mei@example.org --format json -o list.json.gz",
        "export_list --user mei@example.org --format mal_xml --kind anime -o anime.xml.gz",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--format", choices=[str(each) for each in Format], default="json")
        parser.add_argument("--kind", choices=[str(kind) for kind in Kind], help="only these; mal_xml holds one kind")
        parser.add_argument(
            "--without-private", action="store_true", help="leave private entries out; mal_xml cannot mark them"
        )
        parser.add_argument(
            "-o", "--output", default="-", help="a file that does not exist yet; .gz packs it; - = here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = self.person(options["user"])
        try:
            pieces = export_list(
                user,
                file_format=Format(options["format"]),
                kind=Kind(options["kind"]) if options["kind"] else None,
                with_private=not options["without_private"],
            )
        except CannotExport as error:
            raise CommandError(str(error)) from error
        if options["output"] == "-":
            for piece in pieces:
                self.stdout.write(piece, ending="")
            return
        packed = pack(pieces) if options["output"].endswith(".gz") else (piece.encode() for piece in pieces)
        self._write(options["output"], packed)

    def _write(self, path: str, pieces: Iterable[bytes]) -> None:
        """A list may tell much of a person: nobody else on the machine may read the file."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
        sys.stderr.write(f"written to {path}\n")
