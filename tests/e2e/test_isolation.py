"""A service that hangs holds its own threads and nobody else's: real workers, one for each service and one for people.

Nothing here is measured in seconds: AniList does not answer as long as the test runs, so whoever had to wait for one of
its threads would never be done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from integrations.sandbox.server import Running
from project.workers import EACH, workers_of
from syncing.models import Schedule, SyncRun
from syncing.services import dispatching
from tests.e2e.conftest import Link
from tests.e2e.lists import ANILIST, MAL, break_, listed
from tests.e2e.test_kills import environment
from tests.project.staff import Hired, Staff, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.slow, pytest.mark.postgres]

SHARE = 1
FOREVER = 30.0
"""Seconds until AniList answers: as long as a request is waited for."""


@pytest.fixture
def staff(tmp_path: Path, sandbox: Running, redis_client: Any) -> Iterator[Staff]:
    with Staff(tmp_path, **environment(sandbox)) as hired:
        yield hired


@pytest.fixture
def hired(staff: Staff, settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[Hired]:
    """Of AniList, MyAnimeList and the queue for people, as `WORKERS=each` starts them, with two threads a service."""
    settings.SYNC_INTERACTIVE_SHARE = SHARE
    monkeypatch.setenv("WORKER_THREADS", "2")
    return staff.hire(
        *(worker for worker in workers_of(EACH, postgres=True) if worker.name in (ANILIST, MAL, "interactive"))
    )


def link_all(link: Link, count: int, *, waits: bool) -> None:
    """waits: people who asked for it, or checks by schedule."""
    for provider in (ANILIST, MAL):
        for number in range(count):
            user = User.objects.create(email=f"{provider}{number}@example.org")
            link(user, provider, [listed(provider, 1)])
    Schedule.objects.update(interactive=waits)


def done() -> Counter[str]:
    return Counter(SyncRun.objects.filter(state="done").values_list("provider", flat=True))


def stuck(sandbox: Running) -> int:
    return sum(int(fault["hits"]) for fault in sandbox.control("GET", f"{ANILIST}/faults"))


def hand_out_with_a_stuck_service(sandbox: Running, *, stuck_first: int, hired: list[Hired]) -> None:
    """AniList's runs are at work, and hang, before the first of MyAnimeList's is handed out."""
    break_(sandbox, ANILIST, "latency", seconds=FOREVER, times=None)
    later = Schedule.objects.filter(provider=MAL)
    later.update(is_on=False)
    dispatching.start_due()
    wait_for(lambda: stuck(sandbox) >= stuck_first, *hired)
    later.update(is_on=True)
    dispatching.start_due()


def test_checks_of_others_go_on_while_a_service_hangs(sandbox: Running, link: Link, hired: list[Hired]) -> None:
    link_all(link, 4, waits=False)
    hand_out_with_a_stuck_service(sandbox, stuck_first=2, hired=hired)
    wait_for(lambda: done()[MAL] == 4, *hired)
    assert done()[ANILIST] == 0


def test_people_who_wait_for_others_go_on_while_a_service_hangs(
    sandbox: Running, link: Link, hired: list[Hired]
) -> None:
    """Five people press Sync at AniList, more than the queue for people has threads; then five at MyAnimeList."""
    link_all(link, 5, waits=True)
    hand_out_with_a_stuck_service(sandbox, stuck_first=SHARE + 2, hired=hired)
    wait_for(lambda: done()[MAL] == 5, *hired)
    assert done()[ANILIST] == 0
