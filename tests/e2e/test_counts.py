"""What a run costs: requests, queries, written rows and memory. Requests are counted by the services themselves.

Queries are all statements that go to the database in a run, its claim included, and BEGIN, COMMIT and SAVEPOINT among
them: each is a round trip.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from integrations.models import Connection
from integrations.providers import registry
from integrations.sandbox.server import Running
from library.entry import Kind
from library.models import ListEntry
from library.services.editing import edit_entry
from syncing.models import Change, SyncRun
from syncing.services import leases
from syncing.services.running import run_lease
from tests.bench.large import FIRST_ID, add_works, make_entries
from tests.e2e.conftest import Link
from tests.e2e.lists import ANILIST, MAL, SIDES, account, clear_counts, listed, media_of, writes_of
from tests.e2e.test_kills import environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e, pytest.mark.slow]

SIZE = 1_000
FEW_QUERIES = 12
FORMATS = ("POINT_100", "POINT_10_DECIMAL", "POINT_10", "POINT_5", "POINT_3")
SCORES = (1, 5, 14, 35, 50, 55, 64, 65, 87, 90, 94, 95, 100)
"""Edges of the scales' ranges, and values that only a finer scale can say."""


class Town:
    """Alice's two lists of `size` entries that say the same, met once by each connection."""

    def __init__(self, sandbox: Running, link: Link, alice: User, *, size: int) -> None:
        self.sandbox, self.alice, self.size = sandbox, alice, size
        add_works(sandbox, size)
        self.links = {provider: link(alice, provider, make_entries(provider, size)) for provider in SIDES}
        self.first = {provider: run(connection) for provider, connection in self.links.items()}
        self.rest()

    def rest(self) -> None:
        """Counters at nought, and the one row that runs without changes are folded into is there."""
        for connection in self.links.values():
            run(connection)
        clear_counts(self.sandbox)

    def asked(self, provider: str) -> dict[str, int]:
        """{endpoint: how many requests} since the last rest."""
        counted = self.sandbox.control("GET", f"{provider}/requests")["by_endpoint"]
        return {name: sum(statuses.values()) for name, statuses in counted.items()}

    def edit_here(self, *numbers: int, **changes: Any) -> None:
        media = media_ids()
        for number in numbers:
            edit_entry(self.alice, media_id=media[FIRST_ID + number], changes=changes)

    def edit_there(self, provider: str, *numbers: int, notes: str) -> None:
        words: dict[str, dict[str, Any]] = {ANILIST: {"notes": notes}, MAL: {"comments": notes}}
        keys = {
            ANILIST: lambda number: {"mediaId": FIRST_ID + number},
            MAL: lambda number: {"kind": "anime", "id": FIRST_ID + number},
        }
        edits = [keys[provider](number) | words[provider] for number in numbers]
        self.sandbox.control("POST", f"{provider}/accounts/{account(provider)}/edit", {"upsert": edits})


def run(connection: Connection) -> SyncRun:
    """One run that is due by its schedule, as a worker does it, without the asking for it."""
    lease = leases.claim(connection.pk)
    assert lease is not None
    done = run_lease(lease)
    assert done is not None
    assert (done.state, done.error_code) == ("done", ""), done.message
    return done


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements that are sent inside the block; filled at its end."""
    seen: list[str] = []
    with CaptureQueriesContext(database) as captured:
        yield seen
    seen += [query["sql"] for query in captured.captured_queries]


def media_ids() -> dict[int, int]:
    """{the id at both services: our media id} of the large lists."""
    rows = Change.objects.filter(side="library", action="create", source=ANILIST)
    return {int(remote_id): media_id for remote_id, media_id in rows.values_list("remote_id", "media_id")}


@pytest.fixture
def town(sandbox: Running, link: Link, alice: User) -> Town:
    return Town(sandbox, link, alice, size=SIZE)


@pytest.fixture
def village(sandbox: Running, link: Link, alice: User) -> Town:
    """As a town, for what does not depend on the size."""
    return Town(sandbox, link, alice, size=250)


def saves(asked: dict[str, int]) -> int:
    return sum(count for name, count in asked.items() if "Save" in name or name.startswith("PATCH"))


# Requests ---------------------------------------------------------------------------------------------------


def test_first_reads_and_runs_without_changes_cost_one_or_two_requests(town: Town) -> None:
    assert {provider: first.requests for provider, first in town.first.items()} == {ANILIST: 1, MAL: 2}
    assert {provider: first.entries_read for provider, first in town.first.items()} == {ANILIST: SIZE, MAL: SIZE}
    assert town.first[ANILIST].library_changes == SIZE
    for provider, most in ((ANILIST, 1), (MAL, 2)):
        clear_counts(town.sandbox)
        done = run(town.links[provider])
        asked = sum(town.asked(provider).values())
        assert (done.requests, done.writes, done.library_changes) == (asked, 0, 0)
        assert asked <= most, town.asked(provider)


def test_a_longer_list_is_probed_and_not_read(sandbox: Running, link: Link, alice: User) -> None:
    """More than two pages a kind, were they of one kind: two small requests are the cheaper way to see an edit."""
    town = Town(sandbox, link, alice, size=3_500)
    assert registry.get(MAL).read_requests({Kind.ANIME: town.size, Kind.MANGA: 0}) > 2
    run(town.links[MAL])
    clear_counts(sandbox)
    assert run(town.links[MAL]).requests == 2
    limits = {latest["endpoint"] for latest in sandbox.control("GET", f"{MAL}/requests")["latest"]}
    assert limits == {"GET /users/@me/animelist", "GET /users/@me/mangalist"}
    town.edit_there(MAL, 3_499, notes="seen by the probe")
    assert run(town.links[MAL]).library_changes == 1


@pytest.mark.parametrize("changed", [1, 25, 26, 60])
def test_changed_entries_are_sent_to_anilist_in_batches_and_to_mal_one_by_one(town: Town, changed: int) -> None:
    town.edit_here(*range(changed), notes="edited here")
    for provider, expected in ((ANILIST, -(-changed // 25)), (MAL, changed)):
        read = 1 if provider == ANILIST else 2
        done = run(town.links[provider])
        assert saves(town.asked(provider)) == expected, town.asked(provider)
        assert (done.writes, done.requests) == (changed, read + expected)
        assert writes_of(town.sandbox, provider) == {f"anime:{FIRST_ID + number}": 1 for number in range(changed)}
    assert_rest(town)


def test_what_is_edited_on_one_service_is_written_once_on_the_other_and_not_back(town: Town) -> None:
    town.edit_there(ANILIST, *range(30), notes="from AniList")
    town.sandbox.control("POST", "clock", {"step": 60})
    town.edit_there(MAL, *range(20, 70), notes="from MyAnimeList")
    for provider in (ANILIST, MAL, ANILIST):
        run(town.links[provider])
    there = {provider: writes_of(town.sandbox, provider) for provider in SIDES}
    # Of the ten that were edited on both the later edit wins.
    assert there[MAL] == {f"anime:{FIRST_ID + number}": 1 for number in range(20)}
    assert there[ANILIST] == {f"anime:{FIRST_ID + number}": 1 for number in range(20, 70)}
    assert_rest(town)


def assert_rest(town: Town) -> None:
    """Two more rounds write nothing anywhere, and nothing was written twice before."""
    for provider in SIDES:
        assert set(writes_of(town.sandbox, provider).values()) == {1}
    clear_counts(town.sandbox)
    for _ in range(2):
        for connection in town.links.values():
            done = run(connection)
            assert (done.writes, done.library_changes) == (0, 0)
    assert {provider: town.sandbox.control("GET", f"{provider}/requests")["written"] for provider in SIDES} == {
        ANILIST: 0,
        MAL: 0,
    }


# Queries ----------------------------------------------------------------------------------------------------


def test_queries_of_a_run_without_changes_do_not_grow_with_the_list(
    sandbox: Running, link: Link, alice: User, bob: User
) -> None:
    counts: dict[str, set[int]] = {ANILIST: set(), MAL: set()}
    for person, size in ((alice, 10), (bob, SIZE)):
        town = Town(sandbox, link, person, size=size)
        for provider, connection in town.links.items():
            with queries() as sent:
                run(connection)
            counts[provider].add(len(sent))
    assert {provider: len(numbers) for provider, numbers in counts.items()} == {ANILIST: 1, MAL: 1}, counts
    assert max(max(numbers) for numbers in counts.values()) <= FEW_QUERIES


def test_the_first_run_without_changes_after_one_with_changes_is_as_cheap(village: Town) -> None:
    """It makes the row that the next ones are folded into."""
    village.edit_there(ANILIST, 0, notes="edited")
    run(village.links[ANILIST])
    with queries() as sent:
        run(village.links[ANILIST])
    assert len(sent) <= FEW_QUERIES, sent


@pytest.mark.parametrize(("provider", "group"), [(ANILIST, 25), (MAL, 10)])
def test_queries_of_writes_are_a_constant_and_a_few_a_batch(village: Town, provider: str, group: int) -> None:
    """Two commits a batch: renew and mark as sending; renew, settle and remember. Single writes share them, with one
    renewal more between any two."""
    numbers = {}
    for changed in (1, 2 * group, 4 * group):
        village.edit_here(*range(changed), notes=f"{changed} edited")
        with queries() as sent:
            assert run(village.links[provider]).writes == changed
        numbers[changed] = len(sent)
    batch = registry.get(provider).write_batch
    between = 0 if batch > 1 else group - 1
    each = 9 + between
    assert numbers[4 * group] - numbers[2 * group] == 2 * each, numbers
    constant = numbers[2 * group] - 2 * each
    assert constant == numbers[1] - 9, numbers
    # The last of them asks whom to tell of it.
    assert constant <= 53, numbers


def test_queries_of_taking_in_are_constant_within_a_batch(village: Town) -> None:
    numbers = []
    for changed in (1, 10, 100):
        village.edit_there(ANILIST, *range(changed), notes=f"{changed} edited")
        with queries() as sent:
            assert run(village.links[ANILIST]).library_changes == changed
        numbers.append(len(sent))
    assert len(set(numbers)) == 1, numbers
    assert numbers[0] <= 58


def test_a_run_without_changes_writes_only_its_schedule_its_tally_and_its_time(village: Town) -> None:
    for provider, connection in village.links.items():
        before = SyncRun.objects.filter(connection=connection).count()
        with queries() as sent:
            run(connection)
        assert written(sent) == {
            "syncing_schedule": {"lease_token", "lease_until", "begun_at", "not_before", "due_at", "interactive"}
            | {"full", "preview", "failures", "trouble", "failing_since", "deaths", "trigger", "backlog"},
            "integrations_connection": {"last_synced_at"},
            "syncing_syncrun": {"checks", "requests", "entries_read", "finished_at"},
        }, provider
        assert SyncRun.objects.filter(connection=connection).count() == before


def written(statements: list[str]) -> dict[str, set[str]]:
    """{table: columns} of all that changes rows; an insert or delete shows as the column "*"."""
    found: dict[str, set[str]] = {}
    for sql in statements:
        verb = sql.split(maxsplit=1)[0]
        if verb in ("INSERT", "DELETE"):
            table = re.search(r'(?:INTO|FROM) "(\w+)"', sql)
            assert table is not None
            found.setdefault(table[1], set()).add("*")
        elif verb == "UPDATE":
            parts = re.fullmatch(r'UPDATE "(\w+)" SET (.*?) WHERE .*', sql, re.DOTALL)
            assert parts is not None
            found.setdefault(parts[1], set()).update(re.findall(r'(?:^|, )"(\w+)" = ', parts[2]))
        else:
            assert verb in ("SELECT", "BEGIN", "COMMIT"), sql
    return found


def test_runs_without_changes_are_one_row(village: Town) -> None:
    connection = village.links[ANILIST]
    rows = SyncRun.objects.filter(connection=connection).count()
    last = SyncRun.objects.filter(connection=connection).order_by("-started_at")[0]
    for _ in range(14):
        run(connection)
    assert SyncRun.objects.filter(connection=connection).count() == rows
    folded = SyncRun.objects.get(pk=last.pk)
    assert (folded.checks, folded.requests) == (last.checks + 14, last.requests + 14)
    assert (folded.entries_read, folded.writes, folded.library_changes) == (village.size, 0, 0)
    assert folded.finished_at is not None
    assert last.finished_at is not None
    assert folded.finished_at > last.finished_at
    village.edit_there(ANILIST, 0, notes="edited")
    run(connection)
    run(connection)
    assert SyncRun.objects.filter(connection=connection).count() == rows + 2


# Memory -----------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_a_run_over_ten_thousand_entries_stays_under_200_megabytes(sandbox: Running, link: Link, alice: User) -> None:
    """In a process that does nothing else: first import, first contact, 1 % to take in, 1 % to write, nothing."""
    size = 10_000
    add_works(sandbox, size)
    links = {provider: link(alice, provider, make_entries(provider, size)) for provider in SIDES}
    figures = [run_apart(sandbox, links[provider]) for provider in SIDES]
    assert [(done["library_changes"], done["writes"]) for done in figures] == [(size, 0), (0, 0)]
    edits = [{"mediaId": FIRST_ID + number, "notes": "edited"} for number in range(100)]
    sandbox.control("POST", f"{ANILIST}/accounts/{account(ANILIST)}/edit", {"upsert": edits})
    figures += [run_apart(sandbox, links[provider]) for provider in (ANILIST, MAL, ANILIST)]
    changes = [(done["library_changes"], done["writes"]) for done in figures]
    assert changes[2:] == [(100, 0), (0, 100), (0, 0)]
    assert [done["entries_read"] for done in figures] == [size] * 5
    assert max(done["peak_mb"] for done in figures) < 200, figures


def run_apart(sandbox: Running, connection: Connection) -> dict[str, Any]:
    """One run in a process of its own, with its peak memory as `peak_mb`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.one_run", str(connection.pk)],
        env=environment(sandbox),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert (figures["state"], figures["error_code"]) == ("done", ""), figures
    return figures


# Scores -----------------------------------------------------------------------------------------------------

ANIME = tuple(range(FIRST_ID, FIRST_ID + len(SCORES)))
"""One title a score."""


@pytest.mark.parametrize("shape", FORMATS)
@pytest.mark.parametrize("first", SIDES)
def test_scores_meet_once_and_rest_with_the_finer_value_kept(
    sandbox: Running, link: Link, alice: User, shape: str, first: str
) -> None:
    """The same opinions on both services, each rounded to what a person can say there."""
    add_works(sandbox, len(ANIME))
    scale = registry.get(ANILIST).capability(Kind.ANIME, {"score_format": shape}).scale
    ten = registry.get(MAL).capability(Kind.ANIME, {}).scale
    opinions = dict(zip(ANIME, SCORES, strict=True))
    lists = {
        ANILIST: [listed(ANILIST, media_id, score=scale.mark(score)) for media_id, score in opinions.items()],
        MAL: [listed(MAL, media_id, score=ten.mark(score)) for media_id, score in opinions.items()],
    }
    links = {provider: link(alice, provider, lists[provider], **_settings(provider, shape)) for provider in SIDES}
    before = {provider: scores_at(sandbox, provider) for provider in SIDES}
    order = (first, MAL if first == ANILIST else ANILIST)
    for provider in order:
        run(links[provider])
    finer = {ANILIST: scale, MAL: ten}
    expected = {}
    for media_id, score in opinions.items():
        width = {side: _width(finer[side].opinions(finer[side].mark(score))) for side in SIDES}
        # Equally fine says equally much: whoever was there first stays.
        best = min(order, key=lambda side: width[side])
        expected[media_id] = finer[best].mark(score)
    assert scores_here(alice) == expected
    for _ in range(2):
        assert [(run(links[provider]).writes, provider) for provider in order] == [(0, side) for side in order]
    assert {provider: scores_at(sandbox, provider) for provider in SIDES} == before
    assert scores_here(alice) == expected


@pytest.mark.parametrize("shape", FORMATS)
def test_a_score_given_here_reaches_both_and_comes_back_unchanged(
    sandbox: Running, link: Link, alice: User, shape: str
) -> None:
    add_works(sandbox, len(ANIME))
    lists = {provider: [listed(provider, media_id) for media_id in ANIME] for provider in SIDES}
    links = {provider: link(alice, provider, lists[provider], **_settings(provider, shape)) for provider in SIDES}
    for connection in links.values():
        run(connection)
    given = dict(zip(ANIME, SCORES, strict=True))
    for media_id, score in given.items():
        edit_entry(alice, media_id=media_of(media_id), changes={"score": score})
    clear_counts(sandbox)
    assert [run(connection).writes for connection in links.values()] == [len(given), len(given)]
    ten = registry.get(MAL).capability(Kind.ANIME, {}).scale
    # AniList stores 0..100 whatever the person is shown.
    assert scores_at(sandbox, ANILIST) == given
    assert scores_at(sandbox, MAL) == {media_id: ten.mark(score) // 10 for media_id, score in given.items()}
    for _ in range(2):
        assert [run(connection).writes for connection in links.values()] == [0, 0]
    assert scores_here(alice) == given
    assert {side: set(writes_of(sandbox, side).values()) for side in SIDES} == {ANILIST: {1}, MAL: {1}}


def _settings(provider: str, shape: str) -> dict[str, Any]:
    return {"settings": {"score_format": shape}} if provider == ANILIST else {}


def _width(opinions: tuple[int, int]) -> int:
    return opinions[1] - opinions[0]


def scores_at(sandbox: Running, provider: str) -> dict[int, int]:
    """As the service stores them: 0..100 at AniList, 0..10 at MyAnimeList."""
    entries = sandbox.control("GET", f"{provider}/accounts/{account(provider)}")["entries"]
    if provider == ANILIST:
        return {entry["mediaId"]: entry["scoreRaw"] for entry in entries}
    return {entry["id"]: entry["score"] for entry in entries}


def scores_here(user: User) -> dict[int, int]:
    rows = ListEntry.objects.filter(user=user, removed_at=None).values_list("media_id", "score")
    ids = {media_of(media_id): media_id for media_id in ANIME}
    return {ids[media_id]: score for media_id, score in rows}
