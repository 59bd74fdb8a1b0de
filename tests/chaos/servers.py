"""The two servers, private, that fall and come back in the same place.

They are as durable as it takes: nothing here survives a power cut, but everything survives the death of the server.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from project.embedded.binaries import find_valkey
from project.embedded.place import bring_program
from project.embedded.postgres import PostgresServer
from project.embedded.process import ServerFailed, stop
from project.embedded.valkey import ValkeyServer

PATIENCE = 20.0


class Postgres(PostgresServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, durable=False)

    def _options(self) -> list[str]:
        # A commit that was told of is with the system by then, and later settings win.
        return [*super()._options(), "-c", "synchronous_commit=on", "-c", "autovacuum=on"]

    def fall(self, *, hard: bool) -> None:
        """hard: at once, without a checkpoint; what was committed is found in the log of changes by the next start."""
        if self._process is not None:
            stop(self._process, ask=signal.SIGQUIT if hard else signal.SIGINT, patience=PATIENCE)
            self._process = None

    def rise(self) -> None:
        self.start()


class Valkey(ValkeyServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, durable=True)

    def fall(self, *, hard: bool) -> None:
        """hard: killed; up to a second of what it was told last is lost."""
        if self._process is not None:
            stop(self._process, ask=signal.SIGKILL if hard else signal.SIGTERM, patience=PATIENCE)
            self._process = None

    def rise(self) -> None:
        """At the same port, where everybody looks for it. Nothing when it is up."""
        if self._process is not None:
            return
        found = find_valkey()
        if not self._try(bring_program(found.program, self.place, parts=found.parts)):
            raise ServerFailed(f"Valkey did not come back at port {self.port}; see {self.log}")


@dataclass(frozen=True, slots=True)
class Servers:
    postgres: Postgres
    valkey: Valkey

    @property
    def urls(self) -> dict[str, str]:
        return {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.valkey.url}


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Raises ServerMissing, PlaceRefused or ServerFailed, each with the cure in its message."""
    with ExitStack() as stack:
        valkey = Valkey(folder / "valkey")
        valkey.start()
        stack.callback(valkey.stop)
        postgres = Postgres(folder / "postgres")
        postgres.start()
        stack.callback(postgres.stop)
        yield Servers(postgres, valkey)


def make_folder() -> Path:
    """A new one for this storm; the unprivileged user that runs the servers for root may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="enishi-chaos-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder
