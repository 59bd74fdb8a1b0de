from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from project.embedded.binaries import ServerMissing
from project.embedded.place import PlaceRefused
from project.embedded.process import ServerFailed
from project.embedded.servers import AlreadyRunning
from project.launch import LaunchFailed, launch
from project.settings import env


class Command(BaseCommand):
    help = "Run the whole service in this terminal: servers unless URLs are set, web, workers, beat."
    requires_system_checks = ()  # they need servers that this command is about to start; it runs them afterwards

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=env.text("HOST", "127.0.0.1"), help="address to listen on")
        parser.add_argument("--port", type=int, default=env.integer("PORT", 8000), help="port to listen on")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            code = launch(host=options["host"], port=options["port"])
        except (LaunchFailed, ServerMissing, ServerFailed, PlaceRefused, AlreadyRunning) as error:
            raise CommandError(str(error)) from error
        if code:
            raise SystemExit(code)
