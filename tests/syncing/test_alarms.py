"""Failures of ours end where somebody sees them: in the log, on a page for staff, and at an address for monitors."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import DatabaseError
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.breaker import FAILURES, Breaker
from integrations.limits import RedisLimiter
from integrations.models import Connection
from integrations.providers import registry
from integrations.services import providers
from project import alarms as page
from syncing import tasks
from syncing.models import Parked, Schedule
from syncing.services import alarms
from syncing.services.alarms import Alarm, read_alarms
from tests.web import rows

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ANILIST = "anilist"


@pytest.fixture(autouse=True)
def _fresh_pool(redis_client: Redis) -> Any:
    providers.redis_client.cache_clear()
    yield
    providers.redis_client().close()
    providers.redis_client.cache_clear()


@pytest.fixture
def connection(alice: User) -> Connection:
    return rows.make_connection(alice)


def ago(time: timedelta) -> Any:
    return timezone.now() - time


def codes() -> dict[str, int]:
    return {alarm.code: alarm.count for alarm in read_alarms()}


def break_(connection: Connection, **columns: Any) -> None:
    Schedule.objects.filter(pk=connection.pk).update(**columns)


def park(connection: Connection, **values: Any) -> Parked:
    values = {"kind": "anime", "remote_id": "1", "wanted": "x", "failures": 1, **values}
    return Parked.objects.create(user=connection.user, connection=connection, **values)


def fail_run(connection: Connection, code: str, at: timedelta) -> None:
    rows.make_run(
        connection, state="failed", error_code=code, started_at=ago(at + timedelta(minutes=1)), finished_at=ago(at)
    )


CASES: list[tuple[Callable[[Connection], Any], dict[str, int]]] = [
    (lambda one: None, {}),
    (lambda one: fail_run(one, "internal", HOUR / 2), {"run_internal": 1}),
    (lambda one: fail_run(one, "app_rejected", HOUR / 2), {"run_app_rejected": 1}),
    (lambda one: fail_run(one, "", HOUR / 2), {"run_unknown": 1}),
    (lambda one: fail_run(one, "internal", 1.1 * HOUR), {}),
    (lambda one: rows.make_run(one, state="halted", error_code="transient"), {}),
    (lambda one: break_(one, trouble="malformed", failing_since=ago(2 * HOUR)), {"stuck_malformed": 1}),
    (lambda one: break_(one, trouble="worker_lost", failing_since=ago(2 * HOUR)), {"stuck_worker_lost": 1}),
    (lambda one: break_(one, trouble="malformed", failing_since=ago(HOUR / 2)), {}),
    (lambda one: break_(one, trouble="transient", failing_since=ago(9 * HOUR)), {}),
    (lambda one: break_(one, trouble="internal", failing_since=ago(9 * HOUR), is_on=False), {}),
    (lambda one: break_(one, lease_until=ago(timedelta(minutes=3))), {"leases_unswept": 1}),
    (lambda one: break_(one, lease_until=ago(timedelta(minutes=1))), {}),
    (lambda one: park(one, cause="fault"), {"entries_set_aside": 1}),
    (lambda one: park(one, cause="fault", last_failed_at=ago(timedelta(days=2))), {}),
    (lambda one: (park(one, cause="refused", failures=3), park(one, cause="lost", remote_id="2")), {}),
    (lambda one: rows.make_unmatched(one, reason="fault"), {"entries_not_understood": 1}),
    (lambda one: rows.make_unmatched(one, reason="unclear"), {}),
    (lambda one: break_(one, due_at=ago(1.5 * HOUR)), {"overdue.anilist": 1}),
    (lambda one: break_(one, due_at=ago(1.5 * HOUR), interactive=True), {"people_wait.anilist": 1}),
    (lambda one: break_(one, due_at=ago(HOUR / 2)), {}),
    (lambda one: break_(one, due_at=ago(2 * HOUR), is_on=False), {}),
    (lambda one: break_(one, due_at=ago(2 * HOUR), not_before=ago(-HOUR)), {}),
    (lambda one: break_(one, due_at=ago(2 * HOUR), lease_until=ago(-HOUR)), {}),
]


@pytest.mark.parametrize(("happens", "alarm"), CASES, ids=range(len(CASES)))
def test_what_is_an_alarm_and_what_is_not(connection: Connection, happens: Any, alarm: dict[str, int]) -> None:
    happens(connection)
    assert codes() == alarm


def test_counts_stop_where_more_would_change_nothing(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "AT_MOST", 2)
    for minutes in (10, 20, 30):
        fail_run(connection, "internal", timedelta(minutes=minutes))
    (alarm,) = read_alarms()
    assert alarm.count == 2
    assert alarm.since is not None
    assert timedelta(minutes=19) < timezone.now() - alarm.since < timedelta(minutes=21)


def break_service(redis: Redis, *, ago: float) -> None:
    now = timezone.now().timestamp() - ago
    breaker = Breaker(redis, ANILIST, clock=lambda: now)
    for _ in range(FAILURES):
        breaker.failed()


def test_an_outage_is_an_alarm_after_an_hour_and_excuses_what_is_overdue(
    connection: Connection, redis_client: Redis
) -> None:
    break_(connection, due_at=ago(3 * HOUR))
    break_service(redis_client, ago=1800)
    assert codes() == {}
    redis_client.flushdb()
    break_service(redis_client, ago=3700)
    (alarm,) = read_alarms()
    assert (alarm.code, alarm.count) == ("away.anilist", 1)
    assert alarm.since is not None
    assert abs((timezone.now() - alarm.since).total_seconds() - 3700) < 60


def test_a_service_that_wants_to_be_left_alone_excuses_what_is_overdue(
    connection: Connection, redis_client: Redis
) -> None:
    break_(connection, due_at=ago(3 * HOUR))
    limiter = RedisLimiter(redis_client, ANILIST, providers.budgets_for(registry.get(ANILIST)))
    limiter.acquire()
    limiter.penalise(600)
    assert codes() == {}


def test_a_service_that_is_switched_off_is_no_alarm(connection: Connection, redis_client: Redis, settings: Any) -> None:
    settings.PROVIDERS = {ANILIST: {"enabled": False}}
    break_(connection, due_at=ago(3 * HOUR))
    break_service(redis_client, ago=9000)
    assert codes() == {}


def test_without_our_counter_nothing_is_asked_and_that_is_an_alarm(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    monkeypatch.setattr(providers, "redis_client", lambda: lost)
    assert codes() == {f"budgets_unknown.{slug}": 1 for slug in registry.slugs()}
    monkeypatch.undo()


def test_the_number_of_queries_does_not_depend_on_what_is_wrong(
    connection: Connection, bob: User, charlie: User
) -> None:
    counts = []
    for people in ([], [connection], [rows.make_connection(bob), rows.make_connection(charlie)]):
        for one in people:
            fail_run(one, "internal", HOUR / 2)
            break_(one, trouble="internal", failing_since=ago(2 * HOUR), due_at=ago(3 * HOUR))
            park(one, cause="fault")
        with CaptureQueriesContext(database) as sent:
            read_alarms()
        counts.append(len(sent))
    assert len(set(counts)) == 1, counts
    assert counts[0] == 9 + 2 * len(registry.slugs())


@pytest.mark.postgres
def test_each_question_goes_by_an_index(connection: Connection) -> None:
    with CaptureQueriesContext(database) as sent:
        read_alarms()
    plans = {}
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for one in sent:
            cursor.execute(f"EXPLAIN {one['sql']}")
            plans[one["sql"]] = "\n".join(line for (line,) in cursor.fetchall())
    names = ("run_failed", "schedule_trouble", "schedule_lease", "parked_due", "unmatched_faults", "schedule_next")
    used = {sql: [name for name in names if name in plan] for sql, plan in plans.items()}
    assert [sql for sql, found in used.items() if not found] == [], plans
    assert {name for found in used.values() for name in found} == set(names)
    assert [plan for plan in plans.values() if "Seq Scan" in plan] == []


# The log ----------------------------------------------------------------------------------------------------


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def test_each_alarm_is_told_once_an_hour_and_not_once_a_tick(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    fail_run(connection, "internal", HOUR / 2)
    tasks.tell_alarms()
    tasks.tell_alarms()
    (told,) = errors(caplog)
    assert told.startswith("alarm run_internal: 1, since 20")
    break_(connection, lease_until=ago(HOUR))
    assert alarms.tell_alarms() == 1
    assert "leases_unswept" in errors(caplog)[-1]
    cache.clear()
    assert alarms.tell_alarms() == 2


def test_a_line_names_nobody(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    rows.make_run(connection, state="failed", error_code="internal", message="planted words of an error")
    rows.make_unmatched(connection, reason="fault", title="planted title")
    alarms.tell_alarms()
    for told in errors(caplog):
        for text in (connection.user.email, str(connection.pk), "planted"):
            assert text not in told


# For monitors -----------------------------------------------------------------------------------------------


def test_all_is_well(client: Client) -> None:
    answer = client.get("/alarmz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/alarmz").status_code == 405


def test_an_alarm_turns_it_red_and_says_how_much_of_what(client: Client, connection: Connection) -> None:
    at = ago(HOUR / 2)
    rows.make_run(connection, state="failed", error_code="internal", finished_at=at, message="planted words")
    answer = client.get("/alarmz")
    assert answer.status_code == 503
    since = at.isoformat(timespec="seconds")
    assert answer.json() == {"alarms": [{"code": "run_internal", "count": 1, "since": since}]}
    for text in (connection.user.email, str(connection.pk), "planted"):
        assert text not in answer.content.decode()


def test_everybody_gets_one_answer_for_a_while(client: Client, connection: Connection) -> None:
    """Whoever asks a thousand times a second costs the database nothing."""
    client.get("/alarmz")
    fail_run(connection, "internal", HOUR / 2)
    with CaptureQueriesContext(database) as sent:
        assert client.get("/alarmz").status_code == 200
    assert len(sent) == 0
    cache.delete(page.KEY)
    assert client.get("/alarmz").status_code == 503


def test_a_database_that_is_away_is_an_alarm_without_its_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[Alarm]:
        raise DatabaseError("host planted-host is away")

    monkeypatch.setattr(page, "read_alarms", refuse)
    answer = client.get("/alarmz")
    assert (answer.status_code, answer.json()["alarms"][0]["code"]) == (503, "unknown")
    assert b"planted" not in answer.content


# For staff --------------------------------------------------------------------------------------------------


def staff_client(*permissions: str) -> Client:
    user = User.objects.create(email=f"{'-'.join(permissions) or 'plain'}@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_staff_read_each_alarm_in_words(connection: Connection) -> None:
    address = reverse("operators_alarms")
    client = staff_client("view_syncrun")
    assert "Nothing is wrong." in client.get(address).content.decode()
    fail_run(connection, "app_rejected", HOUR / 2)
    break_(connection, trouble="internal", failing_since=ago(2 * HOUR), due_at=ago(3 * HOUR))
    rows.make_unmatched(connection, reason="fault", title="planted title")
    text = client.get(address).content.decode()
    for words in ("registration was refused", "keep failing", "Lists on AniList", "cannot match", "overdue.anilist"):
        assert words in text, words
    for secret in (connection.user.email, str(connection.pk), "planted"):
        assert secret not in text


def test_every_code_has_words() -> None:
    from syncing.core.retry import TABLE, WAKES
    from syncing.web.alarms import _tell

    wakes = [code for code, rule in TABLE.items() if rule.whose in WAKES]
    found = [f"{head}_{code}" for head in ("run", "stuck") for code in wakes]
    found += ["leases_unswept", "entries_set_aside", "entries_not_understood"]
    found += [f"{head}.anilist" for head in ("budgets_unknown", "away", "overdue", "people_wait")]
    told = {code: _tell(Alarm(code, 1)) for code in found}
    assert [code for code, words in told.items() if code in words["words"] or "{" in words["words"]] == []
    assert len({words["words"] for words in told.values()}) == len(found)
    assert _tell(Alarm("away.anilist", alarms.AT_MOST))["count"] == f"{alarms.AT_MOST} or more"


def test_the_page_is_for_staff_who_may_see_runs(alice: User) -> None:
    address = reverse("operators_alarms")
    assert staff_client().get(address).status_code == 403
    person = Client()
    person.force_login(alice)
    assert person.get(address).status_code == 302
    assert Client().get(address).status_code == 302
    assert staff_client("view_syncrun").post(address).status_code == 405
    assert (
        reverse("operators_alarms") in staff_client("view_syncrun", "view_connection").get("/admin/").content.decode()
    )
