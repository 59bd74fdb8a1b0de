"""Real workers and beats for tests, started as `manage.py workers` says; all are gone in the end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from django.conf import settings
from redis import Redis

from project.embedded.process import kill_session, spawn
from project.workers import BEAT, Worker

TRAPPED = "tests.project.trapped"
TOLD, GO = "trap:told", "trap:go"
"""Where the tasks of `trapped` tell what happened to them, and what `trap.hold` waits for."""
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Hired:
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """All of it, as when its machine ends."""
        kill_session(self.process)
        self.process.wait()

    def stop(self) -> int:
        """Exit code after TERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


class Staff:
    """Use as a context manager. environment: on top of what every process of ours needs."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._hired: list[Hired] = []
        self._environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "project.settings.test",
            "DATABASE_URL": os.environ["DATABASE_URL"],
            "REDIS_URL": str(settings.REDIS_URL),
            "ENISHI_VAR": os.environ["ENISHI_VAR"],
            "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
            **environment,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for one in self._hired:
            one.kill()

    def hire(self, *workers: Worker, **environment: str) -> list[Hired]:
        """Started together; returns when all are ready."""
        hired = [self.start(worker.name, worker.command, **environment) for worker in workers]
        wait_for(lambda: all(" ready." in one.said() or one.process.poll() is not None for one in hired), *hired)
        assert [one.process.poll() for one in hired] == [None] * len(hired), "\n".join(one.said() for one in hired)
        return hired

    def hire_beat(self, **environment: str) -> Hired:
        return self.start("beat", BEAT, **environment)

    def start(self, name: str, command: Sequence[str], **environment: str) -> Hired:
        path = self._folder / f"{len(self._hired)}-{name}.log"
        args = [TRAPPED if part == "project" else part for part in command]
        with path.open("wb") as log:
            process = spawn(
                args,
                env={**self._environment, **environment},
                cwd=settings.BASE_DIR,
                output=log,
                last_signal=signal.SIGKILL,
            )
        self._hired.append(Hired(process, path))
        return self._hired[-1]


def wait_for(condition: Callable[[], bool], *hired: Hired) -> None:
    """Other processes are at work: it is looked at again and again; their logs are told when nothing happens."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "\n\n".join(one.said()[-3000:] for one in hired) or "nothing happened"
        time.sleep(0.02)


def told(notes: Redis) -> list[str]:
    rows: list[bytes] = notes.lrange(TOLD, 0, -1)  # type: ignore[assignment]
    return [row.decode() for row in rows]


def left(broker: Redis, queues: Sequence[str] = ("control", "upkeep")) -> Mapping[str, int]:
    """Messages that wait, by queue, and those that some worker has."""
    found = {queue: int(broker.llen(queue)) for queue in queues}  # type: ignore[arg-type]
    return {**found, "unacked": int(broker.hlen("unacked"))}  # type: ignore[arg-type]
