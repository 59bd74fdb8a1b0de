"""Take over a setup of anilist-mal-sync for one person: config.yaml, tokens.json, and mappings.yaml if there is one.

Stop that program first: two that write one list get into each other's way, and MyAnimeList's access can be renewed by
one of them only. Delete tokens.json afterwards. No token is ever printed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.person import PersonCommand
from syncing.services.foreign_reading import SetupRefused, is_open_to_others, read_setup
from syncing.services.foreign_setup import take_over


class Command(PersonCommand):
    help = __doc__ or ""
    examples = ("import_anilist_mal_sync config.yaml --tokens tokens.json --user mei@example.org",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("config", type=Path, help="its config.yaml")
        super().add_arguments(parser)
        parser.add_argument("--tokens", type=Path, help="its tokens.json")
        parser.add_argument("--mappings", type=Path, help="its mappings.yaml: what to ignore, and pairs by hand")
        parser.add_argument("--json", action="store_true", help="print the result as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        user = self.person(options["user"])
        try:
            setup = read_setup(options["config"], options["tokens"], options["mappings"])
        except SetupRefused as error:
            raise CommandError(str(error)) from error
        for path in filter(None, (options["config"], options["tokens"])):
            if is_open_to_others(path):
                self.stderr.write(f"warning: others on this machine can read {path}; chmod 600 it, or delete it")
        moved = take_over(user, setup)
        if options["json"]:
            self.stdout.write(json.dumps({"done": moved.done, "left": moved.left}))
            return
        for title, lines in (("Taken over:", moved.done), ("Not taken over, or for you to do:", moved.left)):
            if lines:
                self.stdout.write("\n".join([title, *(f"  {line}" for line in lines)]))
