"""`manage.py runsandbox`: imitations of the services over HTTP on 127.0.0.1, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

if TYPE_CHECKING:
    from integrations.sandbox.base import Exchange

DEFAULT_PORT = 8800


class Command(BaseCommand):
    help = "Play AniList, MyAnimeList and the other services on this machine (docs/sandbox.md)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s; 0 = any free port")
        parser.add_argument("--quiet", action="store_true", help="do not show each request")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            # Here, because an installed service has no need of the sandbox and not its libraries.
            from integrations.sandbox.server import serve
        except ModuleNotFoundError as error:
            raise CommandError(f"The sandbox needs requirements/dev.txt ({error.name} is missing).") from error
        try:
            running = serve(options["port"], observe=None if options["quiet"] else self._show)
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} cannot be used: {error.strerror}. Choose one with --port."
            ) from error
        done = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            done.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        with running:
            self.stdout.write(f"Sandbox on {running.url} for {', '.join(sorted(running.state.fakes))}. Ctrl-C ends it.")
            self.stdout.write(f"Use it with ENISHI_SANDBOX_URL={running.url}")
            self.stdout.flush()
            done.wait()

    def _show(self, exchange: Exchange, status: int) -> None:
        """The endpoint's name, never the URL: a query may carry a code."""
        self.stdout.write(f"{status} {exchange.host} {exchange.endpoint}")
        self.stdout.flush()  # behind a pipe too: who watches wants to see it now
