"""One Valkey (or Redis) of our own: loopback, a free port, a password, gone when we are gone."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from project.embedded.binaries import find_valkey
from project.embedded.place import Place, bring_program, open_log, prepare_place, write_private
from project.embedded.process import ServerFailed, end_orphan, last_lines, spawn, stop

START_PATIENCE = 20.0
STOP_PATIENCE = 10.0
TRIES = 5
"""Another process may take the free port between our look and the server's."""
DATABASES = 64
"""Enough for each parallel test worker to have its own."""


class ValkeyServer:
    """`durable`: keep the queue over restarts (append-only file, flushed each second); False for tests.

    Raises ServerMissing, PlaceRefused or ServerFailed, each with the cure in its message.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.durable = durable
        self.place: Place = prepare_place(folder)
        self.log = self.place.folder / "valkey.log"
        self.port = 0
        self._password = secrets.token_urlsafe(24)
        self._pid_file = self.place.folder / "valkey.pid"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        found = find_valkey()
        program = bring_program(found.program, self.place, parts=found.parts)
        end_orphan(self._old_pid(), mark=str(self.place.folder), ask=signal.SIGTERM)
        for _ in range(TRIES):
            self.port = free_port()
            if self._try(program):
                write_private(self._pid_file, f"{self.pid}\n")
                return
        raise ServerFailed(f"Valkey did not start; {self.log} ends with:\n{last_lines(self.log)}")

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, ask=signal.SIGTERM, patience=STOP_PATIENCE)
            self._process = None
            self._pid_file.unlink(missing_ok=True)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def ended(self) -> bool:
        """True when it was started and runs no more, without being stopped by us."""
        return self._process is not None and self._process.poll() is not None

    def _try(self, program: Path) -> bool:
        with open_log(self.log) as log:
            self._process = spawn(
                [program, "-"],
                account=self.place.account,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                cwd=self.place.folder,
                stdin=subprocess.PIPE,
                output=log,
            )
        assert self._process.stdin is not None
        try:
            # The settings go in by stdin: an argument would show the password to everyone on the machine.
            self._process.stdin.write(self._settings().encode())
            self._process.stdin.close()
        except BrokenPipeError:
            return False
        return self._wait()

    def _settings(self) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._password}",
            "protected-mode yes",
            f'dir "{self.place.folder}"',
            f"databases {DATABASES}",
            # A queue must refuse rather than forget: every evicting policy deletes tasks silently.
            "maxmemory-policy noeviction",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            "set-proc-title no",
        ]
        return "\n".join(lines) + "\n"

    def _wait(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return True
            time.sleep(0.01)
        self.stop()
        return False

    def _answers(self) -> bool:
        """+PONG to our password: a stranger who took the port would not know it."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                line.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                got = b""
                while b"PONG" not in got:
                    part = line.recv(256)
                    # -LOADING while the append-only file is read
                    if not part or b"-" in part[:1]:
                        return False
                    got += part
                return got.startswith(b"+OK")
        except OSError:
            return False

    def _old_pid(self) -> int:
        try:
            return int(self._pid_file.read_text())
        except (OSError, ValueError):
            return 0


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
