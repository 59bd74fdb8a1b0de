"""`make demo` as people start it: a process of its own, everything beside it, and nothing left when it has ended.

The pacing of the real services, a minute of waiting, is lifted on both sides: our budgets and the sandbox's limits.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

KEYS = {
    "people",
    "entries_read",
    "library",
    "library_changes",
    "writes",
    "requests",
    "unmatched",
    "seconds",
    "second_run_writes",
    "second_run_requests",
    "trouble",
    "ok",
}
"""What `make demo ONCE=1` promises to print, and no more."""


class Demo:
    """`python -m project.demo` at work. lines: what it has printed so far."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.lines: list[str] = []

    def read_until(self, words: str) -> None:
        """Up to the line that says so. Raises AssertionError when it ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if words in line:
                return
        raise AssertionError(f"{words!r} was never said:\n{self.told()}")

    def finish(self, *, seconds: float) -> int:
        """Its exit code, and the rest of its lines."""
        rest, _ = self.process.communicate(timeout=seconds)
        self.lines += rest.splitlines()
        return self.process.returncode

    def told(self) -> str:
        return "\n".join(self.lines[-60:])

    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.lines[-1])
        return found

    def others(self) -> list[str]:
        """Command lines of processes that work in its folder, itself left out."""
        mark = str(self.folder).encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                command, variables = (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
            except OSError:
                continue  # ended meanwhile, or somebody else's
            if int(place.name) != self.process.pid and mark in command + variables:
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        return found


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own: run as root, the servers' unprivileged user must be able to pass through.
    with tempfile.TemporaryDirectory(prefix="enishi-demo-") as made:
        Path(made).chmod(0o711 if os.geteuid() == 0 else 0o700)
        yield Path(made) / "data"


@contextmanager
def demo(folder: Path, *flags: str) -> Iterator[Demo]:
    """With nothing of the test run's environment; killed in the end if it has not ended by itself."""
    command = [sys.executable, "-m", "project.demo", "--unpaced", "--port", str(free_port()), *flags]
    command += ["--sandbox-port", str(free_port())]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with subprocess.Popen(
        command,
        env={**kept, "ENISHI_DEMO_VAR": str(folder)},
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        running = Demo(process, folder)
        try:
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=30)


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")


@needs_proc
def test_once_walks_the_whole_way_prints_its_result_and_leaves_no_process(folder: Path) -> None:
    with demo(folder, "--once") as running:
        running.read_until("A person with lists on four services")
        # Web, two workers, beat, the sandbox, the guide, and Valkey.
        assert len(running.others()) >= 7, running.others()
        code = running.finish(seconds=180)
        assert code == 0, running.told()
        result = running.result()
        assert running.others() == []
    assert set(result) == KEYS
    assert (result["ok"], result["trouble"], result["people"]) == (True, [], 1)
    slugs = {"anilist", "myanimelist", "kitsu", "trakt"}
    for name in ("entries_read", "writes", "requests", "second_run_requests"):
        assert set(result[name]) == slugs, name
    assert min(result["entries_read"].values()) >= 200
    assert min(result["writes"].values()) > 0
    assert min(result["library"], result["library_changes"]) >= 300
    assert result["second_run_writes"] == 0
    assert result["second_run_requests"] == {"anilist": 1, "myanimelist": 2, "kitsu": 1, "trakt": 1}
    assert 0 < result["seconds"] < 150
    assert json.loads((folder / "result.json").read_text())["ok"] is True


@needs_proc
@pytest.mark.parametrize("moment", ["Look around", "A person with lists on four services"])
def test_one_interrupt_ends_everything_within_seconds(folder: Path, moment: str) -> None:
    """At rest, and in the middle of a first sync."""
    with demo(folder) as running:
        running.read_until(moment)
        started = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        code = running.finish(seconds=30)
        seconds = time.monotonic() - started
        assert code == 0, running.told()
        assert seconds < 15, running.told()
        assert running.others() == []
