"""`python -m tests.chaos --runs 300 --seed 7`: 0 when everything came right again, 1 when an invariant is broken.

Its last line is one JSON object with the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import django

from integrations.sandbox.server import serve
from tests.chaos.servers import make_folder, servers

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    options = read_options()
    if options.seed is None:
        options.seed = random.randrange(1_000_000)
    folder = make_folder()
    told = [f"--{name}" if value is True else f"--{name} {value}" for name, value in vars(options).items() if value]
    say(f"python -m tests.chaos {' '.join(told)}")
    with ExitStack() as stack:
        both = stack.enter_context(servers(folder))
        sandbox = stack.enter_context(serve())
        environment = environment_of(
            {**both.urls, "ENISHI_VAR": str(folder), "ENISHI_SANDBOX_URL": sandbox.url}, options
        )
        os.environ |= environment
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input", "-v0"], env=environment, cwd=ROOT, check=True
        )
        django.setup()
        # Only now: it knows our models.
        from tests.chaos.course import run_course

        broken, figures = run_course(options, both, sandbox, folder=folder, tell=say)
    for line in broken:
        say(f"BROKEN: {line}")
    if broken or options.keep:
        say(f"logs and what was done are in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"ok": not broken, "seed": options.seed, **figures}))
    return 1 if broken else 0


def say(line: str) -> None:
    print(line, flush=True)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="how many syncs the storm lasts")
    parser.add_argument("--seed", type=int, help="of the order in which things happen; a new one by default")
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--titles", type=int, default=24, help="on each person's list in the beginning")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--pace", type=float, default=0.2, help="seconds between two things that happen, on average")
    parser.add_argument("--lease", type=int, default=8, help="seconds")
    parser.add_argument("--small", action="store_true", help="rounds of a few dozen things, for the tests")
    parser.add_argument("--keep", action="store_true", help="keep the logs when all is well, too")
    return parser.parse_args()


def environment_of(addresses: dict[str, str], options: argparse.Namespace) -> dict[str, str]:
    """Of all processes, ours included."""
    return {
        **addresses,
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "ENISHI_TEST_MIGRATIONS": "yes",
        "ENISHI_LOG": "json",
        "SYNC_LEASE_SECONDS": str(options.lease),
        # Of each worker; `project.launch` gives it a pool of connections to fit.
        "WORKER_THREADS": "4",
        "DATABASE_POOL": "0",
        "PYTHONUNBUFFERED": "1",
        # Celery warns of root in eight lines a process.
        "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
    }


if __name__ == "__main__":
    raise SystemExit(main())
