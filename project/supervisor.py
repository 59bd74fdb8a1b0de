"""Several programs in one terminal: one prefixed stream of lines, one Ctrl-C, one end for all.

Everything happens in the main thread: the kernel ties "die with your parent" to the thread that starts a child.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

from project.embedded.process import kill_session, spawn

COLOURS = ("36", "32", "33", "35", "34", "96", "92", "93")
"""ANSI foreground colours, one a process in turn."""
GRACE = 90.0
"""Seconds between TERM and KILL: work may end well, a worker that hangs (reliability.md 1.1) may not stay."""
BEAT = 0.2
STEADY = 30.0
"""Seconds. Who ended sooner would end again."""


@dataclass(frozen=True, slots=True)
class Process:
    """One program. env: on top of the supervisor's. raw: its lines are passed on as they are, without a prefix.
    again: started again when it ends by itself after a steady life, instead of ending all."""

    name: str
    args: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    raw: bool = False
    again: bool = False


@dataclass(slots=True)
class _Child:
    process: Process
    running: subprocess.Popen[bytes]
    colour: str
    since: float
    rest: bytes = b""


class Supervisor:
    """Run `processes` until one ends, the job ends, or somebody asks (Ctrl-C, TERM). Call from the main thread.

    ready:  asked a few times a second until it says True; then `greeting` is printed and the job starts.
    lost:   asked as often; a name: something outside that all need is gone, which ends everything like a death.
    steady: seconds that a process must have lived to be started again.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        env: Mapping[str, str] | None = None,
        out: TextIO | None = None,
        grace: float = GRACE,
        ready: Callable[[], bool] = lambda: True,
        greeting: str = "",
        lost: Callable[[], str] = str,
        steady: float = STEADY,
    ) -> None:
        self.processes = processes
        self.env = dict(os.environ if env is None else env)
        self.out = out or sys.stdout
        self.grace = grace
        self._ready = ready
        self._greeting = greeting
        self._lost = lost
        self._steady = steady
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._asked = 0
        self._width = max((len(process.name) for process in processes), default=0)
        self._coloured = self.out.isatty() and "NO_COLOR" not in os.environ

    def run(self, job: Process | None = None) -> int:
        """0 when asked to stop; the job's exit code when it ended; 1 when another process ended by itself."""
        with ExitStack() as undo:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                undo.callback(signal.signal, number, signal.signal(number, self._ask))
            undo.callback(self._selector.close)
            undo.callback(self._end_all)
            for process in self.processes:
                self._start(process)
            return self._watch(job)

    def tell(self, line: str, *, name: str = "enishi", colour: str = "1") -> None:
        prefix = f"{name:<{self._width}} │ "
        self.out.write(f"\033[{colour}m{prefix}\033[0m{line}\n" if self._coloured else f"{prefix}{line}\n")
        self.out.flush()

    def _watch(self, job: Process | None) -> int:
        runner: _Child | None = None
        is_ready = False
        while not self._asked:
            self._pass_lines(BEAT)
            if not is_ready and self._ready():
                is_ready = True
                if self._greeting:
                    self.tell(self._greeting)
                runner = self._start(job) if job else None
            for child in tuple(self._children):
                code = child.running.poll()
                if code is None:
                    continue
                if child is runner:
                    return code if code >= 0 else 1
                if not self._replace(child, code):
                    return 1
            if name := self._lost():
                self.tell(f"{name} ended by itself; stopping the rest")
                return 1
        self.tell("stopping; once more to stop at once")
        return 0

    def _replace(self, child: _Child, code: int) -> bool:
        """False when its end is the end of all."""
        reason = f"{child.process.name} ended by itself ({describe_exit(code)})"
        if not child.process.again or time.monotonic() - child.since < self._steady:
            self.tell(f"{reason}; stopping the rest")
            return False
        self.tell(f"{reason}; starting it again")
        kill_session(child.running)  # what it forked
        self._children.remove(child)
        self._start(child.process, colour=child.colour)
        return True

    def _start(self, process: Process, *, colour: str = "") -> _Child:
        running = spawn(process.args, env={**self.env, **process.env}, output=subprocess.PIPE)
        child = _Child(process, running, colour or COLOURS[len(self._children) % len(COLOURS)], time.monotonic())
        self._children.append(child)
        assert running.stdout is not None
        os.set_blocking(running.stdout.fileno(), False)
        self._selector.register(running.stdout, selectors.EVENT_READ, child)
        return child

    def _pass_lines(self, patience: float) -> None:
        if not self._selector.get_map():
            time.sleep(patience)  # all pipes are closed, their processes are about to end
            return
        for key, _ in self._selector.select(patience):
            child: _Child = key.data
            data = os.read(key.fd, 65_536)
            if not data:
                self._selector.unregister(key.fileobj)
                self._close(child)
            *lines, child.rest = (child.rest + data).split(b"\n")
            if not data and child.rest:
                lines, child.rest = [child.rest], b""
            for line in lines:
                if line.strip() or child.process.raw:
                    self._print(child, line.decode(errors="replace"))

    def _print(self, child: _Child, line: str) -> None:
        if child.process.raw:
            self.out.write(line + "\n")
            self.out.flush()
        else:
            self.tell(line, name=child.process.name, colour=child.colour)

    def _end_all(self) -> None:
        """TERM for all at once; KILL, session by session, after the grace or the second request."""
        asked = self._asked
        for child in self._children:
            if child.running.poll() is None:
                child.running.terminate()
        deadline = time.monotonic() + self.grace
        while any(child.running.poll() is None for child in self._children):
            if time.monotonic() > deadline or self._asked > max(asked, 1):
                break
            self._pass_lines(BEAT)
        for child in self._children:
            if child.running.poll() is None:
                self.tell(f"{child.process.name} did not end in time and was killed")
            kill_session(child.running)
            child.running.wait()
        self._drain()

    def _drain(self) -> None:
        while self._selector.get_map() and self._selector.select(0):
            self._pass_lines(0)
        for child in self._children:
            self._close(child)

    def _close(self, child: _Child) -> None:
        if child.running.stdout is not None:
            child.running.stdout.close()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1


def describe_exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
