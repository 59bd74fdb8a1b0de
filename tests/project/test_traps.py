"""What Redis delivery really does (reliability.md 1.1), with real workers on a real Valkey: nothing is lost, and what
runs again does so a known number of times. Each case ends on counts that cannot change any more: nothing waits, and no
worker has anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from redis import Redis

from project.celery import app
from project.embedded.binaries import find_valkey
from project.embedded.place import bring_program
from project.embedded.valkey import ValkeyServer
from project.watchdog import EXIT_CODE
from project.workers import Worker
from tests.project.staff import GO, Hired, Staff, left, told, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EMPTY = {"control": 0, "upkeep": 0, "unacked": 0}
CONTROL = Worker("control", ("control",), 2)
UPKEEP = Worker("upkeep", ("upkeep",), 1, forks=True)


@pytest.fixture
def staff(tmp_path: Path) -> Iterator[Staff]:
    with Staff(tmp_path) as hired:
        yield hired


def send(name: str, *args: Any, **options: Any) -> None:
    app.send_task(f"trap.{name}", args=list(args), **{"queue": "control", **options})


def settle(redis_client: Redis, count: int, *hired: Hired) -> Counter[str]:
    """What was told, once `count` words are there and nothing is left that could tell more."""
    wait_for(lambda: len(told(redis_client)) >= count and left(redis_client) == EMPTY, *hired)
    return Counter(told(redis_client))


def test_trap_a_killed_child_s_task_is_started_again_at_once(staff: Staff, redis_client: Redis) -> None:
    (upkeep,) = staff.hire(UPKEEP)
    send("die", "once", 1, queue="upkeep")
    assert settle(redis_client, 2, upkeep) == {"once": 2}
    assert upkeep.process.poll() is None


def test_trap_a_poisonous_task_is_started_again_three_times_and_no_more(staff: Staff, redis_client: Redis) -> None:
    (upkeep,) = staff.hire(UPKEEP)
    send("die", "poison", 99, queue="upkeep")
    assert settle(redis_client, 4, upkeep) == {"poison": 4}
    send("tell", "next", queue="upkeep")
    assert settle(redis_client, 5, upkeep) == {"poison": 4, "next": 1}


def test_trap_a_killed_worker_s_messages_come_back(staff: Staff, redis_client: Redis) -> None:
    (first,) = staff.hire(CONTROL, TRAP_HOLD="3")
    send("hold", "one")
    wait_for(lambda: told(redis_client) == ["one-begun"], first)
    first.kill()
    assert left(redis_client)["unacked"] == 1
    redis_client.set(GO, 1)
    (second,) = staff.hire(CONTROL, TRAP_HOLD="3")
    assert settle(redis_client, 3, second) == {"one-begun": 2, "one-done": 1}


def test_trap_a_waiting_task_is_run_once_though_two_workers_look(staff: Staff, redis_client: Redis) -> None:
    hired = staff.hire(CONTROL, Worker("other", ("control",), 2), TRAP_HOLD="12")
    for number in range(4):
        send("tell", f"waited-{number}", countdown=3)
    assert settle(redis_client, 4, *hired) == {f"waited-{number}": 1 for number in range(4)}


def test_trap_term_ends_busy_threads_with_nothing_unacked(staff: Staff, redis_client: Redis) -> None:
    (control,) = staff.hire(CONTROL)
    for number in range(20):
        send("hold", f"task-{number}")
    wait_for(lambda: len(told(redis_client)) == 2, control)
    assert left(redis_client) == {**EMPTY, "control": 18, "unacked": 2}  # one message a thread
    control.process.terminate()
    wait_for(lambda: "Warm shutdown" in control.said(), control)
    redis_client.set(GO, 1)
    assert control.process.wait(timeout=60) == 0
    words = Counter(word.rpartition("-")[2] for word in told(redis_client))
    assert words["begun"] == words["done"] >= 2
    assert left(redis_client) == {**EMPTY, "control": 20 - words["done"]}


def test_trap_waiting_messages_go_back_when_their_worker_ends(staff: Staff, redis_client: Redis) -> None:
    (control,) = staff.hire(CONTROL)
    for number in range(3):
        send("tell", f"later-{number}", countdown=250)
    wait_for(lambda: left(redis_client) == {**EMPTY, "unacked": 3}, control)
    assert control.stop() == 0
    assert left(redis_client) == {**EMPTY, "control": 3}
    assert told(redis_client) == []


@pytest.mark.parametrize("forks", [False, True], ids=["threads", "prefork"])
def test_trap_a_restart_of_redis_loses_none_of_six(tmp_path: Path, redis_client: Redis, forks: bool) -> None:
    server = ValkeyServer(tmp_path / "valkey", durable=True)
    server.start()
    try:
        with Staff(tmp_path, REDIS_URL=server.url, TRAP_NOTES=str(settings.REDIS_URL)) as staff:
            (worker,) = staff.hire(Worker("control", ("control",), 2, forks=forks))
            with app.connection_for_write(url=server.url) as line:
                for number in range(6):
                    send("hold", f"task-{number}", connection=line)
            wait_for(lambda: len(told(redis_client)) == 2, worker)
            server.stop()
            assert server._try(bring_program(find_valkey().program, server.place, parts=find_valkey().parts))
            redis_client.set(GO, 1)
            expected = {f"task-{number}-done" for number in range(6)}
            wait_for(lambda: expected <= set(told(redis_client)), worker)
            assert worker.process.poll() is None
    finally:
        server.stop()


def test_a_thread_that_hangs_ends_its_process_and_says_where(staff: Staff, redis_client: Redis) -> None:
    (control,) = staff.hire(CONTROL, TRAP_QUICK="1")
    send("hang", "for-ever")
    assert control.process.wait(timeout=60) == EXIT_CODE
    assert "trap.hang hangs far beyond its time limit" in control.said()
    assert "hang_for_ever" in control.said()
    assert told(redis_client) == ["for-ever"]


def test_a_worker_does_not_begin_with_a_task_that_outlives_its_message(staff: Staff, redis_client: Redis) -> None:
    send("tell", "waits")
    control = staff.start(CONTROL.name, CONTROL.command, TRAP_LIMIT="870")
    assert control.process.wait(timeout=60) == 1
    assert "trap.tell may wait 300 s and run 870 s, but after 900 s" in control.said()
    assert "Let its time_limit be under 600 s" in control.said()
    assert "Traceback" not in control.said()
    assert (left(redis_client), told(redis_client)) == ({**EMPTY, "control": 1}, [])
