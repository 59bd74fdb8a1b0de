"""The whole house at work: beat, workers, sandbox, PostgreSQL and Valkey as processes of their own, for some minutes.

AniList has its real budget and the fake its real limit; MyAnimeList's are out of the way, so that the workers have
something to do. PEOPLE have a list at both. While it runs somebody edits here now and then, and the way of the edit to
both services is timed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from project.embedded.process import kill_session, spawn
from tests.bench.large import make_entries

if TYPE_CHECKING:
    from integrations.models import Connection

ANILIST, MAL = SIDES = ("anilist", "myanimelist")
PEOPLE, LIST = 300, 10
SECONDS = 180.0
WARM_UP = 10.0
"""Until all processes are up."""
FREE = "60000/60:1000"
WORDS = {"MAL_RATE": FREE, "SYNC_MIN_INTERVAL_MINUTES": "1", "ENISHI_ALLOW_SANDBOX": "true"}
GRACE = 40.0


class Sandbox:
    """The sandbox in a process of its own, by its control API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=f"{url}/_control/", timeout=60)

    def control(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        answer = self._client.request(method, path, json=data)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def sandbox() -> Iterator[tuple[Sandbox, subprocess.Popen[str]]]:
    """Outside Django's environment of the house: it begins before there is one."""
    root = Path(__file__).resolve().parent.parent.parent
    with subprocess.Popen(
        [sys.executable, "manage.py", "runsandbox", "--port", "0", "--quiet"],
        cwd=root,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings.dev"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield Sandbox(process.stdout.readline().split()[2]), process
        finally:
            process.terminate()


def settle_people(box: Sandbox) -> None:
    """People whose lists were read and found at rest, without a limit in the way; AniList's marks are known."""
    from django.conf import settings

    for provider, values in {ANILIST: {"rate_limit": 0, "burst_limit": 0}, MAL: {"shield_rate": 0}}.items():
        box.control("POST", f"{provider}/settings", values)
    settings.PROVIDERS[ANILIST]["rate"] = FREE
    made = {"generate": {"kind": "anime", "count": LIST, "first_id": 900_000}}
    for provider in SIDES:
        box.control("POST", f"{provider}/works", made)
    for number in range(PEOPLE):
        for connection in _settle_one(box, number):
            _run(connection)
    _learn_marks()


def _settle_one(box: Sandbox, number: int) -> list[Connection]:
    from accounts.models import User
    from integrations.models import Connection
    from syncing.services import scheduling

    user = User.objects.create(email=f"p{number}@example.org")
    links = []
    for provider in SIDES:
        account = {"name": f"p{number}", "entries": make_entries(provider, LIST), "token": True}
        told = box.control("POST", f"{provider}/accounts", account)
        link = Connection(
            user=user,
            provider=provider,
            account_id=str(told["id"]),
            account_name=f"p{number}",
            access_token=told["token"]["access_token"],
            asks_first=False,
            # MyAnimeList is looked at every minute, whatever happens there.
            interval_minutes=1 if provider == MAL else 60,
            adapts=provider == ANILIST,
        )
        link.save(force_insert=True)
        scheduling.add_schedule(link, fresh=True)
        links.append(link)
    return links


def _run(connection: Connection) -> None:
    from syncing.services import leases
    from syncing.services.running import run_lease

    lease = leases.claim(connection.pk)
    assert lease is not None
    run = run_lease(lease)
    assert run is not None
    assert run.state == "done", run.message


def _learn_marks() -> None:
    """A first look from outside, and, as if each had run once more after it, the marks stand."""
    from django.utils import timezone

    from syncing.models import Baseline, Schedule
    from syncing.services import marks, probing

    Schedule.objects.update(due_at=timezone.now(), wanted_at=None, interactive=False)
    ids = list(Schedule.objects.filter(provider=ANILIST).values_list("pk", flat=True))
    probing.probe_due(ANILIST, ids)
    for row in Baseline.objects.filter(connection__provider=ANILIST):
        mark = marks.confirm(row.probe_mark, [], now=timezone.now())
        assert mark, row
        Baseline.objects.filter(pk=row.pk).update(probe_mark=mark)


def begin(box: Sandbox) -> None:
    """All are due some time within the next minutes; limits are as in the world, counters at nought."""
    from datetime import timedelta

    from django.utils import timezone

    from integrations.services.providers import redis_client
    from syncing.models import Schedule

    now, draw = timezone.now(), random.Random(1)
    rows = list(Schedule.objects.order_by("pk"))
    for row in rows:
        spread = SECONDS if row.provider == ANILIST else 60.0
        row.due_at = now + timedelta(seconds=WARM_UP + draw.random() * spread)
    Schedule.objects.bulk_update(rows, ["due_at"], batch_size=500)
    box.control("POST", f"{ANILIST}/settings", {"rate_limit": 30, "burst_limit": 10})
    for provider in SIDES:
        box.control("DELETE", f"{provider}/requests")
    redis_client().flushall()


@contextmanager
def processes(environment: Mapping[str, str], logs: Path) -> Iterator[dict[str, list[int]]]:
    """{group: process ids}: the workers as the operator of several machines has them, and beat."""
    from project.workers import BEAT, EACH, workers_of

    commands = {one.name: (one.command, one.connections) for one in workers_of(EACH, postgres=True)}
    commands["beat"] = (BEAT, 0)
    with ExitStack() as stack:
        groups = {}
        for name, (command, pool) in commands.items():
            log = stack.enter_context((logs / f"{name}.log").open("wb"))
            running = spawn(command, env={**environment, "DATABASE_POOL": str(pool)}, output=log)
            stack.callback(_end, running)
            groups[name] = [running.pid]
        yield groups
        for name in commands:
            sys.stderr.write((logs / f"{name}.log").read_text()[-2000:])


def _end(running: subprocess.Popen[bytes]) -> None:
    running.terminate()
    try:
        running.wait(GRACE)
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"process {running.pid} did not end in time\n")
    kill_session(running)
    running.wait()
