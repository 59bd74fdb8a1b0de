"""One PostgreSQL of our own: private folder, Unix socket only, password, gone when we are gone.

Only the programs of a distribution or a wheel are used (initdb, postgres). The wheels' own Python starters
open the modes of every parent folder when root runs them (reliability.md 3.2, read 2026-11-21).
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from project.embedded.binaries import find_postgres
from project.embedded.place import Place, bring_program, give, open_log, prepare_place, write_private
from project.embedded.process import ServerFailed, end_orphan, last_lines, spawn, stop

USER = "enishi"
LONGEST_SOCKET = 103
"""Bytes of a socket's path that fit on macOS; Linux takes 107. Both count the closing NUL on top."""
SOCKET_NAME = ".s.PGSQL.5432"
FIRST_BUILTIN_LOCALE = 17
"""From here on C.UTF-8 comes with PostgreSQL itself, the same on every machine."""
ACCESS = "local all all scram-sha-256\n"
"""pg_hba.conf: by Unix socket and password, nobody else, not from anywhere else."""
STOP_PATIENCE = 20.0
START_PATIENCE = 60.0


class PostgresServer:
    """`durable`: False for tests: nothing waits for the disk, and a power cut may cost everything.

    Raises ServerMissing, PlaceRefused or ServerFailed, each with the cure in its message.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.durable = durable
        self.place: Place = prepare_place(folder)
        self.data = self.place.folder / "data"
        self.log = self.place.folder / "postgres.log"
        self._sockets = self.place.folder / "socket"
        self._short_sockets: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        found = find_postgres(self._made_by())
        programs = bring_program(found.folder / "postgres", self.place, parts=found.parts).parent
        end_orphan(self._server_pid(), mark=str(self.data), ask=signal.SIGINT)
        if not (self.data / "PG_VERSION").exists():
            self._create(programs, found.version)
        self._open_socket_folder()
        with open_log(self.log) as log:
            self._process = spawn(
                [programs / "postgres", "-D", self.data, *self._options()],
                account=self.place.account,
                env=_environment(),
                cwd=self.place.folder,
                output=log,
                last_signal=signal.SIGINT if self.durable else signal.SIGQUIT,
            )
        self._wait()

    def stop(self) -> None:
        if self._process is not None:
            # INT: end the sessions and write a checkpoint. QUIT: end at once, tests need no checkpoint.
            stop(self._process, ask=signal.SIGINT if self.durable else signal.SIGQUIT, patience=STOP_PATIENCE)
            self._process = None
        if self._short_sockets is not None:
            shutil.rmtree(self._short_sockets, ignore_errors=True)

    @property
    def url(self) -> str:
        host = quote(str(self._short_sockets or self._sockets), safe="")
        password = self._password_file.read_text().strip()
        return f"postgres://{USER}:{password}@/{USER}?host={host}"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def ended(self) -> bool:
        """True when it was started and runs no more, without being stopped by us."""
        return self._process is not None and self._process.poll() is not None

    @property
    def _password_file(self) -> Path:
        return self.place.folder / "password"

    def _create(self, programs: Path, version: int) -> None:
        """initdb, and the database named like the user. A half-made folder of a killed attempt is removed first."""
        making = self.place.folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        write_private(self._password_file, secrets.token_urlsafe(24) + "\n")
        give(self._password_file, self.place.account)
        command: list[str | Path] = [
            programs / "initdb",
            "-D",
            making,
            "-U",
            USER,
            "--encoding=UTF8",
            *_locale(version),
        ]
        command += ["--auth=scram-sha-256", f"--pwfile={self._password_file}"]
        self._run(command if self.durable else [*command, "--no-sync"], "initdb")
        # By the server's user: as root we would follow a link that this user planted under the name.
        self._run(["/bin/sh", "-c", 'cat > "$1"', "sh", making / "pg_hba.conf"], "pg_hba.conf", said=ACCESS)
        single: list[str | Path] = [programs / "postgres", "--single", "-F", "-D", making, "postgres"]
        self._run(single, "creating the database", said=f"CREATE DATABASE {USER}\n")
        making.rename(self.data)

    def _run(self, command: list[str | Path], what: str, said: str = "") -> None:
        account = self.place.account
        done = subprocess.run(
            command,
            input=said.encode(),
            capture_output=True,
            env=_environment(),
            cwd=self.place.folder,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(f"{what} failed:\n{(done.stdout + done.stderr).decode(errors='replace')[-2000:]}")

    def _open_socket_folder(self) -> None:
        if len(str(self._sockets / SOCKET_NAME).encode()) > LONGEST_SOCKET:
            self._short_sockets = Path(tempfile.mkdtemp(prefix="enishi-", dir="/tmp"))
            give(self._short_sockets, self.place.account)
            return
        self._sockets.mkdir(exist_ok=True, mode=0o700)
        give(self._sockets, self.place.account)

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._short_sockets or self._sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "log_min_messages": "warning",
            # Queue-like tables die of dead rows that a forgotten transaction keeps (reliability.md 8.3).
            "idle_in_transaction_session_timeout": "300s",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _wait(self) -> None:
        """postmaster.pid says "ready" in its eighth line; pg_ctl waits for the same word."""
        assert self._process is not None
        deadline = time.monotonic() + START_PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            lines = self._pid_lines()
            if len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                return
            time.sleep(0.02)
        self.stop()
        raise ServerFailed(f"PostgreSQL did not start; {self.log} ends with:\n{last_lines(self.log)}")

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _server_pid(self) -> int:
        lines = self._pid_lines()
        return int(lines[0]) if lines and lines[0].isdigit() else 0

    def _made_by(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except OSError:
            return None


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _locale(version: int) -> list[str]:
    """Upper and lower case beyond ASCII, sorting by code point: the same answers on every machine."""
    if version >= FIRST_BUILTIN_LOCALE:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"]
