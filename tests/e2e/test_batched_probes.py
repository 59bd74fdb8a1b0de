"""Checks of many people in one request: against the fake over HTTP, counted by the fake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from celery import current_app
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection, ConnectionState
from integrations.providers.anilist.provider import AniList
from integrations.providers.base import ProbeTarget
from integrations.sandbox.server import Running
from library.models import Library, ListEntry
from library.services.editing import edit_entry
from syncing import tasks
from syncing.models import Baseline, Schedule, SyncRun
from syncing.services import leases, marks, probing, ripeness
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import ANILIST, clear_counts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

COWBOY_BEBOP, MONSTER = 1, 30001
ENTRY = {"mediaId": COWBOY_BEBOP, "status": "CURRENT", "progress": 3}


def probe() -> None:
    """The tick, and the messages that it sends."""
    for name, args in sent_by(tasks.probe_batches):
        current_app.tasks[name](*args)


def sent_by(tick: Callable[[], None]) -> list[tuple[str, list[Any]]]:
    """(task, arguments) of the batches that a tick asks a provider's queue for."""
    sent: list[tuple[str, list[Any], str]] = []
    with patch.object(current_app, "send_task", lambda name, *, args, queue, **_: sent.append((name, args, queue))):
        tick()
    assert {queue for _, _, queue in sent} <= {ANILIST}
    return [(name, args) for name, args, _ in sent]


class Street:
    """People at AniList whose lists were read and brought to rest; the rows of a run are made by hand."""

    def __init__(self, sandbox: Running, size: int) -> None:
        self.sandbox = sandbox
        self.connections: list[Connection] = []
        for number in range(size):
            user = User.objects.create(email=f"p{number}@example.org")
            made = sandbox.control("POST", f"{ANILIST}/accounts", {"name": f"p{number}", "entries": [ENTRY]})
            connection = Connection.objects.create(user=user, provider=ANILIST, account_id=str(made["id"]))
            Schedule.objects.create(connection=connection, user=user, provider=ANILIST)
            Baseline.objects.create(connection=connection, user=user, digest="x", complete_at=timezone.now())
            self.connections.append(connection)

    def settle(self) -> None:
        """The first marks are told, and a read confirms them."""
        self.probe()
        for baseline in Baseline.objects.all():
            mark = marks.confirm(baseline.probe_mark, [], now=timezone.now())
            Baseline.objects.filter(pk=baseline.pk).update(probe_mark=mark)
        clear_counts(self.sandbox)

    def probe(self) -> datetime:
        """Everybody is due, and the task runs; returns what they were due at."""
        due = timezone.now()
        Schedule.objects.update(due_at=due)
        probe()
        return due

    def edit(self, number: int, **changes: Any) -> None:
        self.sandbox.control("POST", "clock", {"step": 2})
        self.sandbox.control("POST", f"{ANILIST}/accounts/p{number}/edit", changes)

    def asked(self) -> int:
        counted = self.sandbox.control("GET", f"{ANILIST}/requests")["by_endpoint"]
        return sum(sum(statuses.values()) for statuses in counted.values())

    def moved_on(self) -> list[int]:
        """Numbers of those whose next check is an interval away."""
        later = timezone.now() + timedelta(minutes=50)
        done = set(Schedule.objects.filter(due_at__gt=later, lease_until=None).values_list("pk", flat=True))
        return [number for number, connection in enumerate(self.connections) if connection.pk in done]


@pytest.mark.slow
def test_a_hundred_people_cost_four_requests_and_only_who_edited_stays_due(sandbox: Running) -> None:
    street = Street(sandbox, 100)
    street.settle()
    street.probe()
    assert (street.asked(), street.moved_on()) == (4, list(range(100)))
    assert SyncRun.objects.filter(state="done", checks=1, requests=0).count() == 100
    clear_counts(sandbox)
    for number in (7, 30, 99):
        street.edit(number, upsert=[{"mediaId": COWBOY_BEBOP, "progress": 4}])
    street.probe()
    assert (street.asked(), street.moved_on()) == (4, [number for number in range(100) if number not in (7, 30, 99)])
    # Folded: a second check is no second row.
    assert SyncRun.objects.filter(checks=2).count() == 97
    assert Schedule.objects.filter(due_at__lte=timezone.now(), lease_until=None).count() == 3


def test_who_spoils_the_answer_costs_one_request_more_and_is_left_out_for_a_day(sandbox: Running) -> None:
    street = Street(sandbox, 6)
    street.settle()
    street.edit(2, settings={"private": True})
    sandbox.control("DELETE", f"{ANILIST}/accounts/p4")
    street.probe()
    assert (street.asked(), street.moved_on()) == (2, [0, 1, 3, 5])
    clear_counts(sandbox)
    street.probe()
    assert (street.asked(), street.moved_on()) == (1, [0, 1, 3, 5])
    apart = {one.connection_id: one.probe_mark[:1] for one in Baseline.objects.filter(probe_mark__startswith="!")}
    assert apart == {street.connections[number].pk: "!" for number in (2, 4)}


@pytest.mark.parametrize(
    "changes",
    [
        {"upsert": [{"mediaId": COWBOY_BEBOP, "progress": 4}]},
        {"upsert": [{"mediaId": MONSTER, "status": "PLANNING"}]},
        {"delete": [COWBOY_BEBOP]},
        {"settings": {"score_format": "POINT_5"}},
    ],
    ids=["edit", "new entry of the other kind", "removal", "score format"],
)
def test_what_moves_a_mark(sandbox: Running, changes: dict[str, Any]) -> None:
    sandbox.control("POST", f"{ANILIST}/settings", {"statistics_age": 0})
    street = Street(sandbox, 2)
    street.settle()
    street.edit(0, **changes)
    street.probe()
    assert street.moved_on() == [1]
    # Once told it is not asked about again before its own run has read the list.
    clear_counts(sandbox)
    Schedule.objects.update(due_at=timezone.now())
    probe()
    assert street.asked() == 0


def _wanted(street: Street) -> None:
    Schedule.objects.filter(pk=street.connections[0].pk).update(wanted_at=timezone.now())


def _schedule(**values: Any) -> Any:
    return lambda street: Schedule.objects.filter(pk=street.connections[0].pk).update(**values)


def _baseline(**values: Any) -> Any:
    return lambda street: Baseline.objects.filter(pk=street.connections[0].pk).update(**values)


def _connection(**values: Any) -> Any:
    return lambda street: Connection.objects.filter(pk=street.connections[0].pk).update(**values)


def _library(street: Street) -> None:
    Library.objects.update_or_create(user=street.connections[0].user, defaults={"revision": 5})


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "prepare",
    [
        _wanted,
        _library,
        _schedule(interactive=True),
        _schedule(full=True),
        _schedule(preview=True),
        _schedule(failures=1),
        _schedule(is_on=False),
        _schedule(not_before=timezone.now() + HOUR),
        _schedule(lease_until=timezone.now() + HOUR),
        _baseline(digest=""),
        _baseline(complete_at=timezone.now() - 25 * HOUR),
        _connection(state=ConnectionState.PAUSED),
        _connection(message="?", message_code="guard"),
        _connection(token_expires_at=timezone.now() - HOUR),
    ],
    ids=[
        "asked for",
        "the library moved",
        "a person waits",
        "full",
        "preview",
        "failed lately",
        "off",
        "told to stay away",
        "held by a run",
        "to be looked at again",
        "the daily read is due",
        "paused",
        "held by a guard",
        "expired sign-in",
    ],
)
def test_who_is_left_to_their_own_run(sandbox: Running, prepare: Any) -> None:
    street = Street(sandbox, 3)
    street.settle()
    prepare(street)
    before = Schedule.objects.values().get(pk=street.connections[0].pk)
    due = street.probe()
    after = Schedule.objects.values().get(pk=street.connections[0].pk)
    assert (street.moved_on(), after) == ([1, 2], before | {"due_at": due})


def test_who_is_not_due_is_taken_along_when_somebody_is(sandbox: Running) -> None:
    street = Street(sandbox, 5)
    street.settle()
    now = timezone.now()
    # (minutes since the last check, minutes until the next): only the second is near its time.
    times = ((60, 0), (50, 10), (10, 10), (100, 16), (0, 5))
    for connection, (since, until) in zip(street.connections, times, strict=True):
        Schedule.objects.filter(pk=connection.pk).update(due_at=now + timedelta(minutes=until))
        Connection.objects.filter(pk=connection.pk).update(last_synced_at=now - timedelta(minutes=since))
    probe()
    assert street.moved_on() == [0, 1]


def test_nobody_is_looked_at_while_nobody_is_due(sandbox: Running) -> None:
    street = Street(sandbox, 3)
    street.settle()
    Schedule.objects.update(due_at=timezone.now() + timedelta(minutes=5))
    probe()
    assert street.asked() == 0


def test_a_service_that_is_away_leaves_everybody_as_they_were(sandbox: Running) -> None:
    street = Street(sandbox, 3)
    street.settle()
    rows = list(Baseline.objects.order_by("pk").values("pk", "probe_mark"))
    sandbox.control("POST", f"{ANILIST}/faults", {"kind": "error", "status": 503, "times": None})
    due = street.probe()
    assert set(Schedule.objects.values_list("due_at", "lease_until", "failures")) == {(due, None, 0)}
    assert list(Baseline.objects.order_by("pk").values("pk", "probe_mark")) == rows


def test_an_edit_during_the_question_is_not_forgotten(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street(sandbox, 2)
    street.settle()
    wish = timezone.now() + timedelta(seconds=1)

    def ask(*_: Any) -> dict[str, str | None]:
        Schedule.objects.filter(pk=street.connections[0].pk).update(due_at=wish, wanted_at=wish)
        return {
            connection.account_id: Baseline.objects.get(pk=connection.pk).probe_mark
            for connection in street.connections
        }

    monkeypatch.setattr("integrations.providers.anilist.probing.probe_many", ask)
    street.probe()
    assert (street.moved_on(), Schedule.objects.get(pk=street.connections[0].pk).due_at) == ([1], wish)


def test_a_lease_that_was_lost_meanwhile_stays_with_who_has_it(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = Street(sandbox, 2)
    street.settle()

    def ask(*_: Any) -> dict[str, str | None]:
        Schedule.objects.update(lease_token=77)
        return {connection.account_id: "another" for connection in street.connections}

    monkeypatch.setattr("integrations.providers.anilist.probing.probe_many", ask)
    street.probe()
    assert Schedule.objects.filter(lease_token=77, lease_until__gt=timezone.now()).count() == 2
    assert Baseline.objects.filter(probe_mark__startswith="?").count() == 0


def test_two_messages_for_the_same_people_ask_once(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street(sandbox, 2)
    street.settle()
    Schedule.objects.update(due_at=timezone.now())
    ((_, args),) = sent_by(tasks.probe_batches)
    asked: list[int] = []

    def ask(_: Any, targets: Sequence[ProbeTarget]) -> dict[str, str | None]:
        asked.append(len(targets))
        tasks.probe_batch(*args)
        rows = Baseline.objects.select_related("connection")
        return {row.connection.account_id: row.probe_mark for row in rows}

    monkeypatch.setattr("integrations.providers.anilist.probing.probe_many", ask)
    tasks.probe_batch(*args)
    tasks.probe_batch(*args)
    assert (asked, street.moved_on()) == ([2], [0, 1])


def test_the_tick_asks_the_providers_queue_when_it_pays(sandbox: Running) -> None:
    street = Street(sandbox, 2)
    Schedule.objects.filter(pk=street.connections[0].pk).update(due_at=timezone.now() + HOUR)
    assert sent_by(tasks.probe_batches) == []
    first, second = timezone.now() - HOUR, timezone.now()
    for connection, due_at in zip(street.connections, (second, first), strict=True):
        Schedule.objects.filter(pk=connection.pk).update(due_at=due_at)
    whom = [str(street.connections[number].pk) for number in (1, 0)]
    assert sent_by(tasks.probe_batches) == [("syncing.probe_batch", [ANILIST, *whom])]


def test_no_more_is_asked_for_than_the_next_minutes_checks(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spread over several messages, so that workers behind several addresses can share them."""
    Street(sandbox, 12)
    monkeypatch.setattr(AniList, "probe_batch", 2)
    monkeypatch.setattr(probing, "TURN_BATCHES", 2)
    monkeypatch.setattr(probing, "checks_of_next_minute", lambda _, *, klass: {"checks": 5}[klass])
    assert [len(args[1:]) for _, args in sent_by(tasks.probe_batches)] == [4, 4, 2]
    monkeypatch.setattr(probing, "checks_of_next_minute", lambda _, *, klass: 0)
    assert sent_by(tasks.probe_batches) == []


def test_who_must_run_themselves_keeps_nobody_out_however_many_they_are(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six whose lists say nothing to others are due before two others; four are looked through in one turn."""
    street = Street(sandbox, 8)
    now = timezone.now()
    for number, connection in enumerate(street.connections):
        Schedule.objects.filter(pk=connection.pk).update(due_at=now - HOUR + timedelta(seconds=number // 3))
        if number < 6:
            Baseline.objects.filter(pk=connection.pk).update(probe_mark=marks.set_apart(now))
    monkeypatch.setattr(ripeness, "CHUNK", 2)
    monkeypatch.setattr(ripeness, "MOST_CHUNKS", 2)
    turns = [ripeness.ripe(ANILIST, size=30, most=300) for _ in range(5)]
    last = sorted(connection.pk for connection in street.connections[6:])
    # The third finds the end of the line, and the next begins at its head.
    assert turns == [[], last, [], [], last]


def test_a_whole_read_that_is_late_keeps_nobody_waiting_longer_but_not_for_ever(sandbox: Running) -> None:
    """Only a house whose budget is spent is late: whoever is in time has it by their own run."""
    street = Street(sandbox, 4)
    street.settle()
    now = timezone.now()
    times = ((25 * HOUR, ripeness.LATE / 2), (25 * HOUR, 2 * ripeness.LATE), (8 * 24 * HOUR, HOUR), (HOUR, HOUR))
    for connection, (unread, late) in zip(street.connections, times, strict=True):
        Baseline.objects.filter(pk=connection.pk).update(complete_at=now - unread)
        Schedule.objects.filter(pk=connection.pk).update(due_at=now - late)
    probe()
    assert street.moved_on() == [1, 3]


@pytest.mark.parametrize(
    ("mark", "may"),
    [("", True), ("anime:1@2/3 POINT_10", True), ("?anime:1@2/3", False), ("!99", True), ("!{later}", False)],
    ids=["none yet", "settled", "offered", "apart until then", "apart"],
)
def test_the_database_says_of_a_mark_what_we_say(sandbox: Running, mark: str, may: bool) -> None:
    street = Street(sandbox, 1)
    now = timezone.now()
    held = mark.format(later=int(now.timestamp()) + 1)
    Baseline.objects.update(probe_mark=held)
    assert marks.may_ask(held, now) is may
    assert Baseline.objects.filter(marks.askable("probe_mark", now)).exists() is may
    assert len(ripeness.ripe(ANILIST, size=1, most=1)) == len(street.connections) * may


@pytest.mark.slow
def test_the_whole_way_of_two_people(sandbox: Running, link: Link, alice: User, bob: User) -> None:
    """First marks cost one run more; then a check is half a request, an edit is seen, and an own edit still travels."""
    links = [link(person, ANILIST, [ENTRY | {"updatedAt": 1_700_000_000}]) for person in (alice, bob)]
    for connection in links:
        sync(connection)
    _be_due(links)
    probe()
    assert [_run(connection).library_changes for connection in links] == [0, 0]
    before = timezone.now()
    checks = sum(SyncRun.objects.values_list("checks", flat=True))
    _be_due(links)
    clear_counts(sandbox)
    probe()
    assert sum(sandbox.control("GET", f"{ANILIST}/requests")["by_endpoint"]["graphql:User+Page"].values()) == 1
    assert Schedule.objects.filter(due_at__gt=timezone.now() + timedelta(minutes=5)).count() == 2
    assert Connection.objects.filter(last_synced_at__gt=before).count() == 2
    assert sum(SyncRun.objects.values_list("checks", flat=True)) == checks + 2
    _be_due(links)
    sandbox.control("POST", "clock", {"step": 2})
    edit = {"upsert": [{"mediaId": COWBOY_BEBOP, "progress": 9}]}
    sandbox.control("POST", f"{ANILIST}/accounts/alice_anilist/edit", edit)
    edit_entry(bob, media_id=ListEntry.objects.get(user=bob).media_id, changes={"progress": 5})
    probe()
    assert [_run(links[0]).library_changes, _run(links[1]).writes] == [1, 1]


def _be_due(links: list[Connection]) -> None:
    """By the schedule, and long after anybody asked."""
    hour_ago = timezone.now() - HOUR
    Schedule.objects.filter(pk__in=[one.pk for one in links]).update(due_at=timezone.now(), wanted_at=hour_ago)


def _run(connection: Connection) -> SyncRun:
    lease = leases.claim(connection.pk)
    assert lease is not None
    done = run_lease(lease)
    assert done is not None
    return done


def test_private_entries_keep_a_list_out_of_the_batches(sandbox: Running, link: Link, alice: User) -> None:
    connection = link(alice, ANILIST, [ENTRY, {"mediaId": MONSTER, "status": "PLANNING", "private": True}])
    sync(connection)
    first = Baseline.objects.get().probe_mark
    assert first[:1] == "!"
    _be_due([connection])
    _run(connection)
    assert Baseline.objects.get().probe_mark == first
