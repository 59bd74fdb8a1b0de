"""How long a full import of the public id tables takes, and how much memory: `python -m tests.bench.bench_mappings`.

Real snapshots from ../shared/data; without them nothing is measured. Each database in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from project.embedded.servers import EmbeddedServers
from tests.bench.one_run import peak_megabytes

DATA = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data"
SOURCES = ("fribb", "arm", "anitrakt_shows", "anitrakt_movies", "anime_lists")
GOALS = {"postgresql": (60.0, 300.0), "sqlite": (180.0, 300.0)}
"""Seconds and megabytes of the first import of all five."""


def measure() -> int:
    """In the child: imports everything twice into the fresh database of DATABASE_URL; prints JSON."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from integrations.management.commands.import_mappings import Command
    from library.models import EpisodeRange, IdPair

    call_command("migrate", verbosity=0)
    idle = peak_megabytes()
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        # Forced, or the second time nothing would be read.
        call_command(Command(stdout=sys.stderr), *SOURCES, place=str(DATA), force=True)
        seconds.append(round(time.perf_counter() - started, 1))
    figures = {
        "database": connection.vendor,
        "first": seconds[0],
        "again": seconds[1],
        "peak_mb": round(peak_megabytes()),
        "idle_mb": round(idle),
        "pairs": IdPair.objects.count(),
        "ranges": EpisodeRange.objects.count(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def run(url: str) -> dict[str, float]:
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "project.settings.test"}
    command = [sys.executable, "-m", "tests.bench.bench_mappings", "--measure"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Prints a line a database and one JSON object last; 1 when a goal is missed."""
    if "--measure" in sys.argv:
        return measure()
    if not DATA.is_dir():
        print("id tables: the snapshots are not here, nothing was measured")
        print(json.dumps({"bench": "mappings", "ok": True}))
        return 0
    found = {}
    with tempfile.TemporaryDirectory(prefix="enishi-bench-") as name:
        folder = Path(name)
        # The unprivileged user that runs the servers for root must be able to pass through.
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        found["sqlite"] = run(f"sqlite:///{folder}/bench.sqlite3")
        with EmbeddedServers(folder, database="postgres", given={}, durable=False) as servers:
            found["postgresql"] = run(servers.urls["DATABASE_URL"])
    missed = [
        name for name, goal in GOALS.items() if found[name]["first"] > goal[0] or found[name]["peak_mb"] > goal[1]
    ]
    for name, figures in found.items():
        print(
            f"id tables, {name:<11} first {figures['first']:5.1f} s (goal {GOALS[name][0]:.0f} s), again "
            f"{figures['again']:5.1f} s, peak {figures['peak_mb']:.0f} MB (goal {GOALS[name][1]:.0f} MB, idle "
            f"{figures['idle_mb']:.0f} MB), {figures['pairs']} pairs, {figures['ranges']} ranges"
        )
    for name in missed:
        print(f"missed: {name}", file=sys.stderr)
    print(json.dumps({"bench": "mappings", **found, "ok": not missed}))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
