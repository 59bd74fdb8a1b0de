"""Several programs in one terminal."""

from __future__ import annotations

import io
import os
import select
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from project.supervisor import Process, Supervisor, describe_exit

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent
FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(60)"


def python(name: str, code: str, *, raw: bool = False) -> Process:
    return Process(name, (sys.executable, "-u", "-c", textwrap.dedent(code)), raw=raw)


def supervise(*processes: Process, job: Process | None = None, grace: float = 5.0) -> tuple[int, str]:
    out = io.StringIO()
    code = Supervisor(processes, out=out, grace=grace, greeting="hello").run(job)
    return code, out.getvalue()


def ends(pid: int) -> bool:
    """True when a process that is not our child ends within 10 s (or is gone already)."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return select.select([handle], [], [], 10)[0] == [handle]
    finally:
        os.close(handle)


linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="pidfd and the parent-death signal are Linux's"
)


def test_lines_carry_the_name_of_who_said_them() -> None:
    code, said = supervise(python("web", FOREVER), job=python("worker", "print('one')\nprint('twö')"))
    assert code == 0
    assert "worker │ one\n" in said
    assert "worker │ twö\n" in said
    assert "\033" not in said


def test_a_death_ends_the_rest_and_is_explained() -> None:
    code, said = supervise(python("web", FOREVER), python("beat", "raise SystemExit(3)"))
    assert code == 1
    assert "beat ended by itself (exit code 3); stopping the rest" in said


def test_a_worker_that_dies_after_a_steady_life_is_started_again(tmp_path: Path) -> None:
    """It dies twice; the job ends when the third has come up."""
    book = tmp_path / "lives"
    mortal = f"""
        import os, pathlib, signal, time
        book = pathlib.Path({str(book)!r})
        with book.open("a") as lives: lives.write("x")
        if len(book.read_text()) < 3: os.kill(os.getpid(), signal.SIGKILL)
        print("steady", flush=True)
        time.sleep(60)
    """
    waits = f"""
        import pathlib, time
        book = pathlib.Path({str(book)!r})
        while not book.exists() or len(book.read_text()) < 3: time.sleep(0.05)
        time.sleep(0.5)
    """
    worker = replace(python("worker", mortal), again=True)
    out = io.StringIO()
    supervisor = Supervisor([python("web", FOREVER), worker], out=out, grace=5, steady=0)
    assert supervisor.run(python("job", waits)) == 0
    said = out.getvalue()
    assert said.count("worker ended by itself (killed by SIGKILL); starting it again") == 2
    assert "worker │ steady\n" in said
    assert book.read_text() == "xxx"


def test_a_worker_that_dies_at_once_ends_the_rest_like_any_other() -> None:
    code, said = supervise(python("web", FOREVER), replace(python("worker", "raise SystemExit(1)"), again=True))
    assert code == 1
    assert "worker ended by itself (exit code 1); stopping the rest" in said


@linux_only
def test_what_a_dead_worker_forked_does_not_stay_beside_the_new_one(tmp_path: Path) -> None:
    book = tmp_path / "children"
    forks = f"""
        import os, pathlib, subprocess, sys, time
        book = pathlib.Path({str(book)!r})
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        with book.open("a") as lives: lives.write(f"{{child.pid}}\\n")
        if len(book.read_text().splitlines()) == 1: os._exit(70)
        time.sleep(60)
    """
    looks = f"""
        import pathlib, time
        from tests.project.test_supervisor import ends
        book = pathlib.Path({str(book)!r})
        while not book.exists() or len(book.read_text().splitlines()) < 2: time.sleep(0.05)
        raise SystemExit(0 if ends(int(book.read_text().splitlines()[0])) else 3)
    """
    worker = replace(python("worker", forks), again=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    supervisor = Supervisor([worker], env=environment, out=io.StringIO(), grace=5, steady=0)
    assert supervisor.run(python("job", looks)) == 0


def test_a_server_that_is_lost_ends_the_rest_too() -> None:
    out = io.StringIO()
    code = Supervisor([python("web", FOREVER)], out=out, grace=5, lost=lambda: "Valkey").run()
    assert code == 1
    assert "Valkey ended by itself; stopping the rest" in out.getvalue()


def test_the_code_of_the_job_is_ours() -> None:
    code, said = supervise(python("web", FOREVER), job=python("job", "print('{}')\nraise SystemExit(7)", raw=True))
    assert code == 7
    assert "\n{}\n" in said


def test_a_last_line_without_newline_is_not_lost() -> None:
    _, said = supervise(python("web", FOREVER), job=python("job", "import sys; sys.stdout.write('end')"))
    assert "job" in said
    assert "│ end\n" in said


def test_a_child_that_does_not_listen_is_killed() -> None:
    deaf = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(60)
    """
    waits = "import time; time.sleep(0.5)"
    code, said = supervise(python("deaf", deaf), job=python("job", waits), grace=0.5)
    assert code == 0
    assert "deaf did not end in time and was killed" in said


@linux_only
def test_grandchildren_do_not_stay_behind(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    parent = f"""
        import pathlib, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(60)"])
        pathlib.Path({str(note)!r}).write_text(str(child.pid))
        time.sleep(60)
    """
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(note)!r}).exists(): time.sleep(0.05)"
    supervise(python("parent", parent), job=python("job", waits))
    assert ends(int(note.read_text()))


SUPERVISED = """
import sys
from project.supervisor import Process, Supervisor
sleeper = Process("sleeper", (sys.executable, "-u", "-c", "import os, time; print(os.getpid()); time.sleep(60)"))
sys.exit(Supervisor([sleeper], grace=5).run())
"""


def supervised() -> tuple[subprocess.Popen[str], int]:
    """A supervisor in a process of its own, and the pid of its child."""
    running = subprocess.Popen([sys.executable, "-u", "-c", SUPERVISED], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    return running, int(running.stdout.readline().rpartition("│ ")[2])


@linux_only
def test_one_ctrl_c_ends_all_with_code_0() -> None:
    running, child = supervised()
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=10)
    assert running.returncode == 0
    assert "stopping" in said
    assert ends(child)


def test_term_is_as_good_as_ctrl_c() -> None:
    running, _ = supervised()
    running.terminate()
    running.communicate(timeout=10)
    assert running.returncode == 0


@linux_only
def test_children_of_a_killed_supervisor_end() -> None:
    running, child = supervised()
    running.kill()
    running.communicate(timeout=10)
    assert ends(child)


def test_exits_are_told_in_words() -> None:
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "killed by SIGKILL"
