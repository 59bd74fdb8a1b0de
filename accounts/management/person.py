"""Commands about one person: who is meant, a help with examples, and what the exit codes say.

0: done. 1: something of it was not done; the standard error says what and why. 2: it cannot be asked like this.
"""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any, ClassVar, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter

from accounts.models import User

FAILED, USAGE = 1, 2


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's order of the options; lines of the description and of the examples as they were written."""


class PersonCommand(BaseCommand):
    """examples: what may follow `manage.py`, in the order a newcomer needs them."""

    examples: ClassVar[tuple[str, ...]] = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        lines = "\n".join(f"  manage.py {example}" for example in self.examples)
        kwargs = {"formatter_class": HelpFormatter, "epilog": f"Examples:\n{lines}", **kwargs}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="ADDRESS", help="the person's e-mail address")

    def person(self, address: str) -> User:
        try:
            return User.objects.get(email=address.lower())
        except User.DoesNotExist as error:
            raise CommandError(f"nobody here has the address {address}", returncode=USAGE) from error

    def refuse(self, why: str, *, cause: Exception | None = None) -> NoReturn:
        """It cannot be asked like this."""
        raise CommandError(why, returncode=USAGE) from cause
