from __future__ import annotations

import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from project.workers import BEAT, LAYOUTS, layout_for, workers_of


class Command(BaseCommand):
    help = "Print the commands that run the workers and beat, for supervisors of your own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--layout", choices=LAYOUTS, help="by default WORKERS, or what suits the database")

    def handle(self, *args: Any, **options: Any) -> None:
        postgres = connection.vendor == "postgresql"
        layout = options["layout"] or layout_for(postgres=postgres)
        workers = workers_of(layout, postgres=postgres)
        most = sum(worker.connections or worker.size for worker in workers)
        self.stdout.write(f"# {layout}: at most {most} connections to the database, web and beat aside.")
        self.stdout.write("# Any number of each, on any machine; beat once, though a second does no harm.")
        for worker in workers:
            self.stdout.write(f"DATABASE_POOL={worker.connections} {shlex.join(worker.command)}")
        self.stdout.write(f"DATABASE_POOL=0 {shlex.join(BEAT)}")
