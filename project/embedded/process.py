"""Starting a program that dies with us, and stopping it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h: the kernel sends this process a signal when its parent thread ends."""


class ServerFailed(RuntimeError):
    """A server did not start. The message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged user of this machine."""

    uid: int
    gid: int
    name: str


def die_with_parent(last_signal: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: ask the kernel for `last_signal` when we end, however we end. None outside Linux.

    The kernel watches the thread that starts the child: start children from the main thread.
    Python calls preexec_fn after it changed the user, and the change of user would have cleared the wish.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)
        if os.getppid() != parent:  # we died between fork and prctl
            os._exit(1)

    return ask


def spawn(
    args: Sequence[str | Path],
    *,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int | None = subprocess.DEVNULL,
    output: int | IO[bytes] | None = None,
    last_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches us alone and the order of the end is ours."""
    return subprocess.Popen(
        [str(arg) for arg in args],
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=die_with_parent(last_signal),  # noqa: PLW1509 - one system call, no lock and no memory is taken
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def stop(process: subprocess.Popen[bytes], *, ask: signal.Signals, patience: float) -> None:
    """Ask once, wait `patience` seconds, then kill the whole session."""
    if process.poll() is None:
        process.send_signal(ask)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            kill_session(process)
    process.wait()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # gone, or (macOS) only a zombie is left
        process.kill()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_orphan(pid: int, *, mark: str, ask: signal.Signals, patience: float = 10.0) -> None:
    """Stop a server whose launcher was killed. Nothing happens unless its command line or folder holds `mark`."""
    if not is_alive(pid) or mark not in _describe(pid):
        return
    os.kill(pid, ask)
    deadline = time.monotonic() + patience
    # A zombie that waits for its parent is alive to kill(2), but has no command line any more.
    while is_alive(pid) and mark in _describe(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += patience
        time.sleep(0.05)


def _describe(pid: int) -> str:
    """The command line and working folder of a process; "" when it cannot be seen."""
    proc = Path("/proc") / str(pid)
    try:
        return proc.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace") + os.readlink(
            proc / "cwd"
        )
    except OSError:
        pass  # no /proc on macOS: ask ps
    try:
        found = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return found.stdout


def last_lines(log: Path, count: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
