"""A pytest plugin: real PostgreSQL and Valkey for one test run, started before settings are read.

DATABASE_URL or REDIS_URL set: that server is used. ENISHI_TEST_DB=sqlite: the smaller set on SQLite.
With xdist the controller starts them once; its workers inherit the URLs, and each has its own database
(pytest-django) and its own Redis database number (tests/conftest.py).
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

# Before anything of ours is imported: project/celery.py would name other settings.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.test")

from project.embedded.binaries import ServerMissing
from project.embedded.place import PlaceRefused
from project.embedded.process import ServerFailed
from project.embedded.servers import EmbeddedServers

CHOICES = ("postgres", "sqlite")
_stack = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> Generator[None]:
    """A wrapper, because pytest-django reads the settings in a plain `tryfirst` hook of this name."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if not is_worker and not {"--help", "-h", "--version", "-V"} & set(args):
        _start_servers()
    return (yield)


# Not a pytest hook: none is called after broken settings.
atexit.register(_stack.close)


def pytest_report_header() -> list[str]:
    database = os.environ.get("DATABASE_URL", "").partition(":")[0]
    return [f"servers: {database or 'no database'}, {'valkey' if os.environ.get('REDIS_URL') else 'no valkey'}"]


def _start_servers() -> None:
    choice = os.environ.get("ENISHI_TEST_DB", "postgres")
    if choice not in CHOICES:
        raise pytest.UsageError(f"ENISHI_TEST_DB is {choice!r}; write one of {', '.join(CHOICES)}")
    folder = Path(tempfile.mkdtemp(prefix="enishi-test-"))
    _stack.callback(shutil.rmtree, folder, ignore_errors=True)
    # Ours alone, but the unprivileged user that runs the servers for root must be able to pass through.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    os.environ["ENISHI_VAR"] = str(folder)
    if choice == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/test.sqlite3"
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    try:
        servers = _stack.enter_context(EmbeddedServers(folder, database="postgres", given=given, durable=False))
    except (ServerMissing, PlaceRefused, ServerFailed) as error:
        _stack.close()
        print(f"\nThe tests need real servers, and one is missing.\n\n{error}\n", file=sys.stderr)
        raise pytest.UsageError("a server for the tests is missing, see above") from None
    os.environ.update(servers.urls)
