"""Which workers there are: what is printed is what is started."""

from __future__ import annotations

import io
import shlex
from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command

from project import checks
from project.launch import service_processes
from project.queues import INTERACTIVE, provider_queues, queue_names
from project.workers import EACH, LAYOUTS, ONE, layout_for, workers_of

FREE_FOR_PEOPLE = 97
"""Of PostgreSQL's 100 connections three are for superusers."""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_queue_has_one_kind_of_worker(layout: str) -> None:
    served = Counter(queue for worker in workers_of(layout, postgres=True) for queue in worker.queues)
    assert served == dict.fromkeys(queue_names(), 1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_machine_of_its_own_stays_under_the_connections_of_postgresql(layout: str) -> None:
    processes = service_processes(host="127.0.0.1", port=1, postgres=True, layout=layout)
    pools = {process.name: int(process.env["DATABASE_POOL"]) for process in processes}
    forking = sum(worker.size for worker in workers_of(layout, postgres=True) if worker.forks)
    assert sum(pools.values()) + pools["web"] + forking <= FREE_FOR_PEOPLE  # web: two processes


def test_services_stand_apart_where_each_has_its_own() -> None:
    workers = {worker.name: worker for worker in workers_of(EACH, postgres=True)}
    assert [workers[slug].queues for slug in provider_queues()] == [(slug,) for slug in provider_queues()]


@pytest.mark.parametrize("share", [1, 4])
def test_people_who_wait_have_a_lane_for_each_service(settings: Any, share: int) -> None:
    settings.SYNC_INTERACTIVE_SHARE = share
    (people,) = [worker for worker in workers_of(EACH, postgres=True) if worker.queues == (INTERACTIVE,)]
    assert people.size == share * len(provider_queues())


def test_only_upkeep_forks() -> None:
    for layout in LAYOUTS:
        assert [worker.name for worker in workers_of(layout, postgres=True) if worker.forks] == ["upkeep"]


def test_the_database_decides_unless_the_operator_does(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WORKERS = ""
    assert (layout_for(postgres=True), layout_for(postgres=False)) == (EACH, ONE)
    settings.WORKERS = ONE
    assert layout_for(postgres=True) == ONE
    monkeypatch.setenv("WORKER_THREADS", "3")
    assert workers_of(ONE, postgres=True)[0].size == 3


def test_sqlite_gets_few_threads() -> None:
    assert workers_of(ONE, postgres=False)[0].size == 4


@pytest.mark.postgres
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_printed_is_what_is_started(layout: str) -> None:
    out = io.StringIO()
    call_command("workers", layout=layout, stdout=out)
    lines = [shlex.split(line) for line in out.getvalue().splitlines() if not line.startswith("#")]
    started = service_processes(host="127.0.0.1", port=1, postgres=True, layout=layout)[1:]
    assert lines == [[f"DATABASE_POOL={process.env['DATABASE_POOL']}", *process.args] for process in started]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WORKERS", "many", "project.E010"),
        ("SYNC_INTERACTIVE_SHARE", 0, "project.E011"),
        ("CELERY_BROKER_URL", "kafka://localhost", "project.E009"),
        ("CELERY_BROKER_URL", "localhost:5672", "project.E009"),
    ],
)
def test_what_is_wrong_is_told_with_the_cure(settings: Any, name: str, value: Any, expected: str) -> None:
    setattr(settings, name, value)
    (told,) = checks.check_workers(None)
    assert told.id == expected
    assert told.hint is not None
    assert told.hint.startswith("Write ")


@pytest.mark.parametrize("url", ["redis://h/0", "rediss://h/0", "amqp://u:p@h/v", "amqps://u:p@h/v"])
def test_brokers_that_are_known(settings: Any, url: str) -> None:
    settings.CELERY_BROKER_URL = url
    assert checks.check_workers(None) == []
