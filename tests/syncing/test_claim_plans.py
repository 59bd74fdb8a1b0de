"""What the ticks do inside PostgreSQL among many rows: told by its own plans and counts, not by a clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker
from redis import Redis

from syncing.services import leases, pruning, ripeness
from tests.bench.scale_fill import fill
from tests.bench.scale_plans import Told, explained
from tests.bench.scale_ticks import ANILIST, GROWING, TICKS

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.slow]

PEOPLE = 50_000
CLAIM = 500
PAGES_A_ROW = 30
"""A claimed row is found, found again to be changed, written anew, and entered into each of its indexes."""
MOST_ROWS = {
    # The next minute's room at four services is 231: each is found and found again, and is then counted as held.
    "start_due_runs": 1_000,
    "room_of": 300,
    # Some chunks are looked through for the next minute's batches; each row leads to its list, person and library.
    "probe_batches": 4 * 6 * ripeness.CHUNK,
    "prune": pruning.BATCH,
    # It counts whoever is overdue by more than an hour: half of a twelfth.
    "alarms": PEOPLE // 12,
}
"""Rows that a tick may read, where it is more than a handful."""
A_HANDFUL = 10


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    """50,000 people, half of them at AniList; of these more than 2,000 are overdue. Each test's changes are undone."""
    with django_db_blocker.unblock():
        fill(PEOPLE, written_out=100)
        yield PEOPLE
        call_command("flush", interactive=False, verbosity=0)


def test_a_claim_of_500_is_one_statement_along_its_index(crowd: int) -> None:
    taken: list[Any] = []
    (told,) = explained(lambda: taken.extend(leases.claim_due(ANILIST, limit=CLAIM, interactive=False)))
    assert len(taken) == CLAIM
    assert told.sql.startswith('UPDATE "syncing_schedule" SET ')
    assert (told.sequential, told.sorted_rows) == ([], 0)
    (found,) = [node for node in told.nodes if node.get("Index Name") == "schedule_next"]
    assert (found["Actual Rows"], found.get("Rows Removed by Filter", 0)) == (CLAIM, 0)
    assert told.rows <= 2 * CLAIM
    assert told.buffers <= CLAIM * PAGES_A_ROW


def test_a_claim_passes_over_what_is_held_and_looks_at_no_more(crowd: int) -> None:
    held = len(leases.claim_due(ANILIST, limit=100, interactive=False))
    (told,) = explained(lambda: leases.claim_due(ANILIST, limit=12, interactive=False))
    (found,) = [node for node in told.nodes if node.get("Index Name") == "schedule_next"]
    assert (held, found["Actual Rows"], found["Rows Removed by Filter"]) == (100, 12, 100)


def test_no_tick_reads_a_table_of_people_from_end_to_end(crowd: int, redis_client: Redis, sent: list[Any]) -> None:
    told = {name: explained(tick) for name, tick in TICKS.items()}
    assert {name: _read_whole(statements) for name, statements in told.items()} == {name: [] for name in told}
    rows = {name: sum(statement.rows for statement in statements) for name, statements in told.items()}
    assert {name: count for name, count in rows.items() if count > MOST_ROWS.get(name, A_HANDFUL)} == {}
    sorts = {name: max((one.sorted_rows for one in statements), default=0) for name, statements in told.items()}
    assert {name for name, count in sorts.items() if count > A_HANDFUL} <= {"probe_batches", "alarms"}
    # Along the index nothing is sorted; a bitmap, which the planner takes at times, sorts what is due before the cut.
    assert sorts["probe_batches"] <= 4 * ripeness.CHUNK
    assert sorts["alarms"] <= MOST_ROWS["alarms"]


def _read_whole(statements: Collection[Told]) -> list[str]:
    return sorted({table for one in statements for table in one.sequential if table in GROWING})
