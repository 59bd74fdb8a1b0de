"""The processes of the service, as `manage.py up` starts them, but more of them; killed and replaced."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from project.embedded.process import kill_session, spawn
from project.workers import BEAT as BEAT_COMMAND
from project.workers import ONE, workers_of

SYNC, CONTROL, UPKEEP, BEAT = "worker", "control", "upkeep", "beat"
GRACE = 30.0


@dataclass(slots=True)
class Member:
    """One process of the crew. number: of its place; lives: how many processes had that place."""

    role: str
    number: int
    lives: int = 0
    process: subprocess.Popen[bytes] | None = None
    killed: bool = False

    @property
    def name(self) -> str:
        return f"{self.role}-{self.number}"

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Crew:
    """killed: how many of each role. ended: log and exit code of those who ended although nobody killed them."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, workers: int, beats: int = 2) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.killed: Counter[str] = Counter()
        self.ended: list[tuple[Path, int | None]] = []
        self.hung: list[str] = []
        self._environment = dict(environment)
        places = {SYNC: workers, CONTROL: 1, UPKEEP: 1, BEAT: beats}
        self.members = [Member(role, number) for role, count in places.items() for number in range(1, count + 1)]
        layout = {one.name: one for one in workers_of(ONE, postgres=True)}
        self._commands = {role: one.command for role, one in layout.items()} | {BEAT: BEAT_COMMAND}
        self._pools = {role: one.connections for role, one in layout.items()} | {BEAT: 0}

    def of(self, role: str) -> list[Member]:
        return [member for member in self.members if member.role == role]

    def fill(self, *, but_killed: bool = False) -> list[str]:
        """Start whoever is missing; their roles. but_killed: only who ended by itself, as a supervisor does."""
        missing = [one for one in self.members if not one.is_up and not (but_killed and one.killed)]
        for member in missing:
            self._start(member)
        return [member.role for member in missing]

    def kill(self, member: Member) -> None:
        """SIGKILL for the process alone: its children see to themselves."""
        if member.process is not None and member.is_up:
            member.killed = True
            member.process.kill()
            member.process.wait()
            self.killed[member.role] += 1

    def kill_child(self, member: Member, chance: random.Random) -> bool:
        """SIGKILL for one of the processes that it forked; False when there is none."""
        children = children_of(member.process.pid) if member.process is not None and member.is_up else []
        if not children:
            return False
        os.kill(chance.choice(children), signal.SIGKILL)
        self.killed[f"child of {member.role}"] += 1
        return True

    def stop(self) -> None:
        """TERM for all, and KILL for who does not end in time."""
        alive = [member.process for member in self.members if member.process is not None]
        for process in alive:
            process.terminate()
        for process in alive:
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.hung.append(f"process {process.pid} did not end within {GRACE:.0f} s of TERM")
            kill_session(process)
            process.wait()

    def _start(self, member: Member) -> None:
        if member.process is not None:
            kill_session(member.process)
            if not member.killed:
                self.ended.append((self._log_of(member), member.process.poll()))
        member.lives += 1
        member.killed = False
        args = [_renamed(arg, member) for arg in self._commands[member.role]]
        with self._log_of(member).open("wb") as log:
            member.process = spawn(
                args,
                env={**self._environment, "DATABASE_POOL": str(self._pools[member.role])},
                cwd=settings.BASE_DIR,
                output=log,
                last_signal=signal.SIGKILL,
            )

    def _log_of(self, member: Member) -> Path:
        return self.logs / f"{member.name}.{member.lives}.log"


def _renamed(arg: str, member: Member) -> str:
    """No two workers of one name, not even one after another."""
    return f"{member.name}-{member.lives}@%h" if arg.endswith("@%h") else arg


def children_of(pid: int) -> list[int]:
    told = subprocess.run(["ps", "-A", "-o", "pid=", "-o", "ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in told.splitlines())
    return [int(child) for child, parent in pairs if int(parent) == pid]
