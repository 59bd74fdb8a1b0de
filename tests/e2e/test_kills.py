"""A real process and a real signal, in the middle of a write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import connection as database

from accounts.models import User
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from syncing.models import Change
from syncing.services import leases, sweeping
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    SIDES,
    WRITES,
    assert_at_rest,
    break_,
    clear_counts,
    held,
    let_lease_expire,
    listed,
    media_of,
    writes_of,
)

# PostgreSQL, because Django's test database on SQLite is in the memory of one process.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.postgres]


@pytest.mark.parametrize("provider", SIDES)
def test_a_run_killed_while_a_write_is_on_its_way(sandbox: Running, link: Link, alice: User, provider: str) -> None:
    """The write arrives after its sender is dead, and is not sent again."""
    connection = link(alice, provider, [listed(provider, media_id, progress=1) for media_id in (1, 57)])
    sync(connection)
    for media_id in (1, 57):
        edit_entry(alice, media_id=media_of(media_id), changes={"progress": 9})
    clear_counts(sandbox)
    break_(sandbox, provider, "latency", endpoint=WRITES[provider], seconds=1.0)
    with subprocess.Popen(
        [sys.executable, "manage.py", "sync", "--user", alice.email, "--provider", provider],
        env=environment(sandbox),
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        wait_until(lambda: any(fault["hits"] for fault in sandbox.control("GET", f"{provider}/faults")), process)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=10) == -signal.SIGKILL
    written = 2 if provider == ANILIST else 1
    wait_until(lambda: writes_of(sandbox, provider).total() == written)
    assert leases.claim(connection.pk) is None
    let_lease_expire(connection)
    assert sweeping.sweep() == 1
    assert set(Change.objects.filter(side=provider).values_list("state", flat=True)) == {"unknown"}
    sync(connection)
    assert writes_of(sandbox, provider) == {"anime:1": 1, "anime:57": 1}
    assert [entry["progress"] for entry in held(sandbox, provider).values()] == [9, 9]
    assert_at_rest(sandbox, [connection])


def environment(sandbox: Running) -> dict[str, str]:
    """For a process of ours that works on this test's database, Valkey and sandbox."""
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "project.settings.test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": str(settings.REDIS_URL),
        "ENISHI_VAR": os.environ["ENISHI_VAR"],
        "ENISHI_SANDBOX_URL": sandbox.url,
        "ANILIST_RATE": "60000/60:1000",
        "MAL_RATE": "60000/60:1000",
    }


def database_url() -> str:
    made = {name: str(value) for name, value in settings.DATABASES["default"].items()}
    place = {"host": made["HOST"], "port": made["PORT"]}
    options = urlencode({name: value for name, value in place.items() if value})
    name = quote(str(database.settings_dict["NAME"]))
    return f"postgres://{quote(made['USER'])}:{quote(made['PASSWORD'])}@/{name}?{options}"


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    """Another process is at work: it is looked at again and again, for at most 20 s."""
    ends = time.monotonic() + 20
    while not condition():
        if process is not None and process.poll() is not None and process.stderr is not None:
            raise AssertionError(process.stderr.read().decode())
        assert time.monotonic() < ends, "nothing happened for 20 s"
        time.sleep(0.02)
