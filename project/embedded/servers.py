"""The servers of one run or one test session."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from project.embedded.place import make_parents, write_private
from project.embedded.postgres import PostgresServer
from project.embedded.valkey import ValkeyServer

DATABASES = ("sqlite", "postgres")
URLS_FILE = "embedded.env"
"""In the data folder while servers run: their URLs, so that `manage.py` commands beside them find them."""


class AlreadyRunning(RuntimeError):
    """Another launcher holds the data folder."""


class EmbeddedServers:
    """Start what no URL was given for; stop it in the end. Use as a context manager, from the main thread.

    folder:   where data goes; one launcher at a time.
    database: "sqlite" (nothing to start) or "postgres", when `given` has no DATABASE_URL.
    given:    DATABASE_URL and REDIS_URL that somebody set; those servers are not started.
    durable:  False for tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database: str = "sqlite",
        given: Mapping[str, str] | None = None,
        durable: bool = True,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        if database not in DATABASES:
            raise ValueError(f"EMBEDDED_DATABASE is {database!r}; write one of {', '.join(DATABASES)}")
        self.folder = folder
        self.urls: dict[str, str] = {name: url for name, url in (given or {}).items() if url}
        self._database = database
        self._durable = durable
        self._tell = tell
        self._exit = ExitStack()
        self._servers: list[PostgresServer | ValkeyServer] = []

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._exit.close)
            self._exit.enter_context(_sole_launcher(self.folder))
            if "REDIS_URL" not in self.urls:
                self._start("REDIS_URL", ValkeyServer(self.folder / "valkey", durable=self._durable))
            if "DATABASE_URL" not in self.urls and self._database == "postgres":
                self._start("DATABASE_URL", PostgresServer(self.folder / "postgres", durable=self._durable))
            self._write_urls()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _start(self, name: str, server: PostgresServer | ValkeyServer) -> None:
        if server.place.note:
            self._tell(server.place.note)
        server.start()
        self._exit.callback(server.stop)
        self._servers.append(server)
        self.urls[name] = server.url
        self._tell(f"{_name(server)} is up (process {server.pid})")

    def lost(self) -> str:
        """The name of a server that ended although nobody stopped it; "" while all run."""
        return next((_name(server) for server in self._servers if server.ended), "")

    def _write_urls(self) -> None:
        path = self.folder / URLS_FILE
        lines = {**self.urls, "LAUNCHER_PID": str(os.getpid())}
        write_private(path, "".join(f"{name}={value}\n" for name, value in lines.items()))
        self._exit.callback(path.unlink, missing_ok=True)


def _name(server: PostgresServer | ValkeyServer) -> str:
    return type(server).__name__.removesuffix("Server")


def _sole_launcher(folder: Path) -> IO[str]:
    """A lock that the kernel drops when we end, however we end; the file names its holder."""
    make_parents(folder.absolute())
    file = (folder / "launcher.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise AlreadyRunning(
            f"process {holder} already runs servers in {folder}; stop it first, or set ENISHI_VAR"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
