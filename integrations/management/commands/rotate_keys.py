from __future__ import annotations

from itertools import count
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.crypto import KeyringError, new_key
from integrations.fields import current_keyring
from integrations.services.rotating import Tally, rotate, rows_per_key


class Command(BaseCommand):
    help = (
        "Seals every stored secret under the first key of TOKEN_KEYS. Safe while the service runs, and to run again. "
        "To rotate: put a new key first, restart everything, run this, then take the old key out. "
        "Exit code 1 while any value is not under the first key."
    )
    # --new-key must work where the system checks refuse the ring.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="values a transaction (default 500)")
        parser.add_argument("--dry-run", action="store_true", help="open everything, change nothing")
        parser.add_argument(
            "--new-key", metavar="ID", nargs="?", const="", help="print a random key for TOKEN_KEYS and end"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"] is not None:
            self._print_new_key(options["new_key"])
        else:
            self._rotate(options)

    def _rotate(self, options: dict[str, Any]) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch must be at least 1")
        try:
            first = current_keyring().ids[0]
        except KeyringError as error:
            raise CommandError(str(error)) from error
        self._show("before", rows_per_key())
        tally = rotate(batch=options["batch"], dry_run=options["dry_run"])
        after = rows_per_key()
        self._show("after", after)
        self._conclude(tally, dry_run=options["dry_run"], left=sum(after.values()) - after.get(first, 0))

    def _print_new_key(self, key_id: str) -> None:
        """Under the given id, or under the first of k1, k2, … that the ring does not use."""
        try:
            taken = current_keyring().ids
        except KeyringError:
            taken = ()
        free = next(name for name in (f"k{number}" for number in count(1)) if name not in taken)
        try:
            self.stdout.write(new_key(key_id or free))
        except KeyringError as error:
            raise CommandError(str(error)) from error

    def _show(self, when: str, counts: dict[str, int]) -> None:
        listing = ", ".join(f"{key}: {rows}" for key, rows in counts.items())
        self.stdout.write(f"{when}: {listing or 'nothing is sealed yet'}")

    def _conclude(self, tally: Tally, *, dry_run: bool, left: int) -> None:
        verb = "would seal anew" if dry_run else "sealed anew"
        self.stdout.write(f"{verb}: {tally.moved}, changed by others meanwhile: {tally.overtaken}")
        for place, row in tally.unreadable:
            self.stderr.write(f"cannot be opened: {place} of {row}")
        if tally.unreadable:
            raise CommandError(f"{len(tally.unreadable)} values cannot be opened; their people have to link again")
        if left and not dry_run:
            raise CommandError(
                f"{left} values are not under the first key: some process still writes with an older ring; "
                "restart it, then run this again"
            )
