"""How long an import of 10,000 entries takes, its undo and its export, and how much memory: `python -m
tests.bench.bench_files`. On PostgreSQL, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from library.entry import Entry, Kind, Status
from library.files.mal_writing import write_mal_xml
from library.files.model import FileEntry, FileWork, Format
from library.files.reading import read_list
from project.embedded.servers import EmbeddedServers
from tests.bench.one_run import peak_megabytes

T = TypeVar("T")
ENTRIES = 10_000
GOALS = {"read": 5.0, "preview": 20.0, "approve": 30.0, "undo": 30.0, "export": 10.0, "account": 30.0}
"""Seconds."""
MOST_MEGABYTES = 250.0
"""More than the idle process has."""


def make_file() -> bytes:
    statuses = list(Status)
    entries = [
        FileEntry(
            FileWork(
                Kind.ANIME, {"myanimelist": str(number)}, (f"A title of some length, number {number}",), "tv", 2020, 24
            ),
            Entry(statuses[number % 6], number % 24, score=number % 101, notes="A line or two of a note. " * 4),
        )
        for number in range(1, ENTRIES + 1)
    ]
    counts = Counter(each.entry.status for each in entries)
    return "".join(write_mal_xml(entries, kind=Kind.ANIME, counts=counts)).encode()


class Watch:
    """Seconds and queries of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.queries: dict[str, int] = {}

    def time(self, name: str, work: Callable[[], T]) -> T:
        from django.db import connection

        count = 0

        def note(execute: Any, *args: Any) -> Any:
            nonlocal count
            count += 1
            return execute(*args)

        started, used = time.perf_counter(), time.process_time()
        with connection.execute_wrapper(note):
            done = work()
        self.seconds[name], self.queries[name] = round(time.perf_counter() - started, 2), count
        self.cpu[name] = round(time.process_time() - used, 2)
        return done


def measure() -> int:
    """In the child: everything once, in the fresh database of DATABASE_URL; prints JSON."""
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import User
    from library.services.exporting import export_list
    from syncing.services.exporting import export_account
    from syncing.services.importing import preview_import
    from syncing.services.importing_applying import approve_import
    from syncing.services.undoing import undo_run

    call_command("migrate", verbosity=0, run_syncdb=True)
    user = User.objects.create_user("alice@example.org")
    idle, watch = peak_megabytes(), Watch()
    with open(sys.argv[-1], "rb") as file:
        reading = watch.time("read", lambda: read_list(file))
    run = watch.time("preview", lambda: preview_import(user, reading))
    done = watch.time("approve", lambda: approve_import(user, run_id=run.pk))
    peak = peak_megabytes()
    sizes = {
        "json": watch.time("export", lambda: sum(map(len, export_list(user, file_format=Format.JSON)))),
        "zip": watch.time("account", lambda: sum(map(len, export_account(user)))),
    }
    back = watch.time("undo", lambda: undo_run(user, run_id=run.pk))
    assert (done.library_changes, back.library_changes) == (ENTRIES, ENTRIES)
    memory = {"idle_mb": round(idle), "more_mb": round(peak - idle, 1), "all_mb": round(peak_megabytes() - idle, 1)}
    figures = {"seconds": watch.seconds, "cpu": watch.cpu, "queries": watch.queries, **memory, "sizes": sizes}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def run_measure(url: str, file: Path) -> dict[str, Any]:
    more = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "project.settings.test", "ENISHI_TEST_MIGRATIONS": "no"}
    command = [sys.executable, "-m", "tests.bench.bench_files", "--measure", str(file)]
    done = subprocess.run(command, env=os.environ | more, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Prints a line a step and one JSON object last; 1 when a goal is missed."""
    if "--measure" in sys.argv:
        return measure()
    with tempfile.TemporaryDirectory(prefix="enishi-bench-") as name:
        folder = Path(name)
        # The unprivileged user that runs the servers for root must be able to pass through.
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        file = folder / "anime.xml"
        file.write_bytes(make_file())
        size = file.stat().st_size
        with EmbeddedServers(folder, database="postgres", given={}, durable=False) as servers:
            found = run_measure(servers.urls["DATABASE_URL"], file)
    print(f"{ENTRIES:,} entries in a file of {size / 2**20:.1f} MB")
    for step, seconds in found["seconds"].items():
        used, count = found["cpu"][step], found["queries"][step]
        print(f"  {step:<8} {seconds:6.2f} s (goal {GOALS[step]:.0f}), of it {used:5.2f} s our own, {count} queries")
    print(f"  memory   {found['more_mb']:.0f} MB more than idle for the import, {found['all_mb']:.0f} MB for all of it")
    ok = found["more_mb"] <= MOST_MEGABYTES and all(found["seconds"][step] <= goal for step, goal in GOALS.items())
    print(json.dumps({"bench": "files", "ok": ok, **found}))
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
