from __future__ import annotations

import logging
import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.core import mail
from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from integrations import lifetimes, signals
from integrations.crypto import Keyring, UnknownKey, new_key
from integrations.errors import AuthRevoked, Malformed, Transient, Unavailable
from integrations.fields import Sealed, current_keyring
from integrations.models import Connection, ConnectionState, LinkAttempt
from integrations.oauth import AppRejected
from integrations.services import apps, connecting, pausing, sessions
from integrations.tasks import purge_link_attempts, refresh_expiring
from tests.integrations.conftest import World
from tests.integrations.doubles import plain
from tests.integrations.test_connecting import hears, link, start

HOUR = timedelta(hours=1)
INVALID_GRANT = {"error": "invalid_grant", "message": "no"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(world: World, alice: User) -> Connection:
    """Alice's connection with a token that lives for an hour; no calls and no lines counted yet."""
    connection = link(world, alice, "7")
    world.server.calls.clear()
    world.opened.clear()
    return connection


def age(connection: Connection, *, expires: timedelta, due: timedelta = -HOUR) -> Connection:
    """Moves the end of the token and the time of its renewal, both from now."""
    now = timezone.now()
    rows = Connection.objects.filter(pk=connection.pk)
    rows.update(token_expires_at=now + expires, token_due_at=now + due)
    return rows.get()


# Opening a session -------------------------------------------------------------------------------------------


def test_a_session_carries_the_token_and_the_account(
    world: World, mine: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mine = Connection.objects.select_related("app").get(pk=mine.pk)
    with django_assert_num_queries(0):
        session = sessions.open_session(mine, klass="writes")
    assert session.send("GET", "https://api.toy.test/me").status == 200
    assert (session.account_id, session.account_settings) == ("7", {"score_format": "POINT_10"})
    assert world.opened == [("toy", "writes", "toy-env-id", str(mine.pk))]
    assert len(world.server.calls) == 1


@pytest.mark.parametrize(
    ("interactive", "reads", "opened"),
    [(False, "checks", {"checks", "writes"}), (True, "interactive", {"interactive"})],
)
def test_writes_spend_their_own_share_unless_a_person_waits(
    world: World, mine: Connection, interactive: bool, reads: str, opened: set[str]
) -> None:
    session = sessions.open_session(mine, interactive=interactive)
    session.send("GET", "https://api.toy.test/me")
    # Most runs write nothing: a line for it is opened when there is need.
    assert [klass for _, klass, _, _ in world.opened] == [reads]
    for _ in range(2):
        with session.writing():
            session.send("GET", "https://api.toy.test/me")
    session.send("GET", "https://api.toy.test/me")
    classes = [klass for _, klass, _, _ in world.opened]
    assert (set(classes), classes.count("writes") <= 1) == (opened, True)
    assert {token for _, _, _, token in world.opened} == {str(mine.pk)}
    assert (session.requests, len(world.server.calls)) == (4, 4)


def test_after_a_write_that_failed_reads_spend_their_share_again(world: World, mine: Connection) -> None:
    session = sessions.open_session(mine)
    reading = session._line

    def fail() -> None:
        with session.writing():
            assert session._line is not reading
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert session._line is reading


def test_a_provider_that_is_switched_off_is_unavailable(mine: Connection, settings: Settings) -> None:
    settings.PROVIDERS = {"toy": {"enabled": False}}
    with pytest.raises(Unavailable):
        sessions.open_session(mine)


@pytest.mark.parametrize("state", [ConnectionState.NEEDS_LOGIN, ConnectionState.UNLINKED])
def test_a_dead_connection_has_no_session(world: World, mine: Connection, state: str) -> None:
    mine.state = state
    with pytest.raises(AuthRevoked):
        sessions.open_session(mine)
    assert world.server.calls == []


# Renewing ----------------------------------------------------------------------------------------------------


def test_a_fresh_token_costs_no_call(world: World, mine: Connection) -> None:
    assert sessions.fresh_token(mine).reveal() == "planted-access-7-1"
    assert world.server.calls == []


@pytest.mark.parametrize(("expires", "due"), [(HOUR, -HOUR), (timedelta(minutes=5), HOUR), (-HOUR, HOUR)])
def test_a_due_token_is_renewed_and_stored_before_its_use(
    world: World, mine: Connection, expires: timedelta, due: timedelta
) -> None:
    mine = age(mine, expires=expires, due=due)
    assert sessions.fresh_token(mine).reveal() == "planted-access-7-2"
    stored = Connection.objects.get(pk=mine.pk)
    assert plain(stored.access_token) == "planted-access-7-2"
    assert plain(stored.refresh_token) == "planted-refresh-7-2"
    assert stored.token_version == mine.token_version == 2
    assert stored.token_due_at is not None
    assert stored.token_due_at > timezone.now()
    assert stored.token_expires_at is not None
    assert HOUR - timedelta(minutes=1) < stored.token_expires_at - timezone.now() <= HOUR + timedelta(days=1000)
    assert [call["refresh_token"] for call in world.server.token_calls] == ["planted-refresh-7-1"]
    assert world.opened == [("toy", "refresh", "toy-env-id", str(mine.pk))]
    assert sessions.fresh_token(mine).reveal() == "planted-access-7-2"
    assert len(world.server.calls) == 1


def test_a_refresh_token_that_does_not_come_again_is_kept(world: World, mine: Connection) -> None:
    world.server.answers = [httpx.Response(200, json={"access_token": "planted-new", "expires_in": 3600})]
    sessions.renew_token(mine)
    stored = Connection.objects.get()
    assert (plain(stored.access_token), plain(stored.refresh_token)) == ("planted-new", "planted-refresh-7-1")


def test_a_401_renews_once_and_sends_again(world: World, mine: Connection) -> None:
    session = sessions.open_session(mine)
    del world.server.people["planted-access-7-1"]
    assert session.send("GET", "https://api.toy.test/me").status == 200
    assert [path for path, _ in world.server.calls] == ["/me", "/oauth/token", "/me"]
    assert Connection.objects.get().token_version == 2


def test_a_token_renewed_by_another_worker_is_taken_without_a_call(world: World, mine: Connection) -> None:
    behind = Connection.objects.get(pk=mine.pk)
    sessions.renew_token(mine)
    assert sessions.renew_token(behind).reveal() == "planted-access-7-2"
    assert len(world.server.calls) == 1
    assert behind.token_version == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.Response(500, json=INVALID_GRANT),
        httpx.Response(502, html="<p>"),
        httpx.Response(503, json=INVALID_GRANT),
        httpx.Response(403, html="<p>blocked"),
        httpx.Response(403, json=INVALID_GRANT),
        httpx.Response(429),
        httpx.Response(200, html="<p>just a moment"),
        httpx.Response(400, json={"error": "what"}),
        httpx.Response(401, json={"error": "invalid_client"}),
    ],
)
def test_an_outage_or_our_own_mistake_disconnects_nobody(world: World, mine: Connection, answer: Any) -> None:
    before = age(mine, expires=HOUR)
    world.server.answers = [answer]
    assert sessions.fresh_token(before).reveal() == "planted-access-7-1"
    world.server.answers = [answer]
    before = age(mine, expires=timedelta(seconds=30))
    with pytest.raises((Transient, Malformed, AppRejected)):
        sessions.fresh_token(before)
    stored = Connection.objects.get()
    assert (stored.state, stored.token_version, stored.message) == (ConnectionState.ACTIVE, 1, "")
    assert plain(stored.refresh_token) == "planted-refresh-7-1"
    assert mail.outbox == []


def test_without_any_app_nobody_is_disconnected(world: World, mine: Connection, settings: Settings) -> None:
    settings.PROVIDER_APPS = {}
    with pytest.raises(AppRejected):
        sessions.renew_token(mine)
    assert Connection.objects.get().state == ConnectionState.ACTIVE


# The end of a token ------------------------------------------------------------------------------------------


def assert_needs_login(code: str, *, mails: int = 1) -> None:
    stored = Connection.objects.get()
    assert (stored.state, stored.message_code, stored.token_due_at) == (ConnectionState.NEEDS_LOGIN, code, None)
    assert "Please link" in stored.message
    assert len(mail.outbox) == mails
    assert mail.outbox[0].to == ["alice@example.org"]
    assert "planted" not in f"{mail.outbox[0].subject}{mail.outbox[0].body}{stored.message}"


@pytest.mark.django_db(transaction=True)
def test_a_dead_refresh_token_asks_the_person_once(world: World, mine: Connection) -> None:
    world.server.refresh_tokens.clear()
    behind = Connection.objects.get()
    with hears(signals.connection_needs_login) as heard, pytest.raises(AuthRevoked):
        sessions.renew_token(mine)
    assert_needs_login("needs_login")
    assert mine.state == ConnectionState.NEEDS_LOGIN
    assert len(heard) == 1
    for connection in (mine, behind):
        with pytest.raises(AuthRevoked):
            sessions.renew_token(connection)
        with pytest.raises(AuthRevoked):
            sessions.open_session(connection)
    assert len(world.server.calls) == 1
    assert_needs_login("needs_login")


@pytest.mark.django_db(transaction=True)
def test_a_renewed_token_that_is_refused_too_asks_the_person(world: World, mine: Connection) -> None:
    session = sessions.open_session(mine)
    world.server.people.clear()
    world.server.answers = [
        httpx.Response(401, json={}),
        httpx.Response(200, json={"access_token": "planted-dead", "refresh_token": "planted-r", "expires_in": 60}),
        httpx.Response(401, json={}),
    ]
    with pytest.raises(AuthRevoked):
        session.send("GET", "https://api.toy.test/me", repeatable=True)
    assert_needs_login("needs_login")
    assert len(world.server.calls) == 3


@pytest.mark.django_db(transaction=True)
def test_where_nothing_is_refreshed_a_401_asks_the_person(world: World, alice: User) -> None:
    world.server.people["token-of-alice-9"] = {"id": "9", "name": "nine"}
    connection = connecting.paste_token(alice, provider="yearly", token="token-of-alice-9")
    session = sessions.open_session(connection)
    world.server.people.clear()
    with pytest.raises(AuthRevoked):
        session.send("GET", "https://api.toy.test/me")
    assert_needs_login("needs_login")
    assert world.server.token_calls == []


@pytest.mark.django_db(transaction=True)
def test_an_app_of_ones_own_that_is_refused_is_ones_own_to_repair(world: World, alice: User) -> None:
    apps.save_app(alice, provider="toy", client_id="mine", client_secret="planted-mine")
    connection = link(world, alice, "7")
    world.server.answers = [httpx.Response(401, json={"error": "invalid_client"})]
    with pytest.raises(AppRejected):
        sessions.renew_token(connection)
    assert_needs_login("app_rejected")
    assert world.server.token_calls[-1]["client_secret"] == "planted-mine"


def test_a_late_loser_does_not_mark_a_token_that_was_renewed(world: World, mine: Connection) -> None:
    behind = Connection.objects.get(pk=mine.pk)
    sessions.renew_token(mine)
    sessions.mark_needs_login(behind)
    assert Connection.objects.get().state == ConnectionState.ACTIVE
    assert behind.token_version == 2


def test_a_connection_that_was_removed_is_no_surprise(world: World, mine: Connection) -> None:
    Connection.objects.all().delete()
    with pytest.raises(AuthRevoked):
        sessions.renew_token(mine)
    sessions.mark_needs_login(mine)
    assert world.server.calls == []


def test_a_token_unlinked_meanwhile_is_not_renewed(world: World, mine: Connection, alice: User) -> None:
    connecting.unlink(alice, provider="toy")
    with pytest.raises(AuthRevoked):
        sessions.renew_token(mine)
    assert (world.server.calls, mine.state) == ([], ConnectionState.UNLINKED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_token_from_another_row_is_never_used(world: World, mine: Connection, bob: User, name: str) -> None:
    other = link(world, bob, "8")
    sealed: Any = Connection.objects.values_list(name, flat=True).get(pk=other.pk)
    other.delete()
    age(mine, expires=HOUR)
    Connection.objects.filter(pk=mine.pk).update(**{name: Sealed(sealed)})
    world.server.calls.clear()
    with pytest.raises(AuthRevoked):
        sessions.open_session(Connection.objects.get(pk=mine.pk))
    assert world.server.calls == []
    assert_needs_login("unreadable")


def test_a_key_that_is_missing_is_our_fault_and_disconnects_nobody(
    world: World, mine: Connection, settings: Settings
) -> None:
    settings.TOKEN_KEYS = new_key("t2")
    assert isinstance(current_keyring(), Keyring)
    with pytest.raises(UnknownKey):
        sessions.open_session(Connection.objects.get())
    with pytest.raises(UnknownKey):
        sessions.renew_token(Connection.objects.get())
    assert Connection.objects.get().state == ConnectionState.ACTIVE


@pytest.mark.django_db(transaction=True)
def test_a_renewal_is_never_part_of_another_transaction(world: World, mine: Connection) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        sessions.renew_token(mine)
    assert world.server.calls == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_workers_renew_at_once_by_one_call(
    world: World, mine: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(mine, expires=HOUR)
    arrived, second, server = threading.Barrier(8), threading.Event(), world.server

    def slowly(request: httpx.Request) -> httpx.Response:
        if len(server.calls) >= 1:
            second.set()
        # Long enough for a worker that did not wait for the lock to call as well.
        second.wait(0.3)
        return server(request)

    def work(_: int) -> str:
        try:
            connection = Connection.objects.get(pk=mine.pk)
            arrived.wait(10)
            return sessions.fresh_token(connection).reveal()
        finally:
            database.close()

    monkeypatch.setattr(world, "server", slowly)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(work, range(8)))
    assert tokens == ["planted-access-7-2"] * 8
    assert len(server.token_calls) == 1
    assert Connection.objects.get().token_version == 2


# When a token wants attention --------------------------------------------------------------------------------

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("life", "wait"),
    [
        (HOUR, 12 * HOUR),
        (DAY, 12 * HOUR),
        (7 * DAY, 3.5 * DAY),
        (28 * DAY, 7 * DAY),
        (365 * DAY, 7 * DAY),
        (None, 7 * DAY),
    ],
)
def test_when_a_pair_is_renewed(life: timedelta | None, wait: timedelta) -> None:
    expires_at = None if life is None else NOW + life
    assert lifetimes.renewal_due(expires_at, now=NOW, spread=0.0) == NOW + wait
    assert lifetimes.renewal_due(expires_at, now=NOW, spread=1.0) == NOW + wait * 0.9


@pytest.mark.parametrize(
    ("left", "due_in", "expected"),
    [
        (HOUR, HOUR, False),
        (HOUR, timedelta(0), True),
        (timedelta(minutes=11), HOUR, False),
        (timedelta(minutes=10), HOUR, True),
        (None, HOUR, False),
        (None, None, False),
    ],
)
def test_when_a_token_is_renewed_before_use(left: timedelta | None, due_in: timedelta | None, expected: bool) -> None:
    due_at = None if due_in is None else NOW + due_in
    expires_at = None if left is None else NOW + left
    assert lifetimes.is_renewal_due(due_at=due_at, expires_at=expires_at, now=NOW) is expected


@pytest.mark.parametrize(
    ("left", "next_left"), [(365, 30), (30.5, 30), (30, 7), (7.5, 7), (7, 1), (1.5, 1), (1, 0), (0.5, 0), (0, None)]
)
def test_when_a_person_is_told(left: float, next_left: int | None) -> None:
    expires_at = NOW + timedelta(days=left)
    expected = None if next_left is None else expires_at - timedelta(days=next_left)
    assert lifetimes.notice_due(expires_at, now=NOW) == expected


# Telling people in time ---------------------------------------------------------------------------------------


def link_yearly(world: World, user: User, *, days_left: float) -> UUID:
    token = f"token-of-year-{user.email}"
    world.server.people[token] = {"id": user.email, "name": "nine"}
    connection = connecting.paste_token(user, provider="yearly", token=token)
    connection.token_expires_at = timezone.now() + timedelta(days=days_left)
    connection.token_due_at = timezone.now() - timedelta(seconds=1)
    connection.save()
    return connection.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("days_left", "told", "next_left"), [(29.9, "30 days", 7), (6.5, "7 days", 1), (0.9, "1 day", 0)]
)
def test_a_coming_end_is_told_once(world: World, alice: User, days_left: float, told: str, next_left: int) -> None:
    link_yearly(world, alice, days_left=days_left)
    world.server.calls.clear()
    refresh_expiring()
    refresh_expiring()
    row = Connection.objects.get()
    assert [sent.subject for sent in mail.outbox] == [f"[Enishi] Access to Yearly runs out in {told}"]
    assert (row.state, row.message_code, world.server.calls) == (ConnectionState.ACTIVE, "expires_soon", [])
    assert row.token_expires_at is not None
    assert row.token_due_at == row.token_expires_at - timedelta(days=next_left)
    assert f"{row.token_expires_at:%Y-%m-%d}" in row.message


@pytest.mark.django_db(transaction=True)
def test_the_end_itself_asks_for_a_new_link(world: World, alice: User) -> None:
    link_yearly(world, alice, days_left=-0.1)
    refresh_expiring()
    refresh_expiring()
    assert_needs_login("expired")


@pytest.mark.django_db(transaction=True)
def test_an_ended_token_is_noticed_before_its_use(world: World, alice: User) -> None:
    pk = link_yearly(world, alice, days_left=-0.1)
    world.server.calls.clear()
    with pytest.raises(AuthRevoked):
        sessions.open_session(Connection.objects.get(pk=pk))
    assert world.server.calls == []
    assert_needs_login("expired")


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_is_away_stops_nothing(
    world: World, alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> int:
        raise smtplib.SMTPServerDisconnected("alice@example.org")

    monkeypatch.setattr("notices.services.ways.send_mail", refuse)
    link_yearly(world, alice, days_left=-0.1)
    with caplog.at_level(logging.INFO):
        refresh_expiring()
    assert Connection.objects.get().state == ConnectionState.NEEDS_LOGIN
    assert "did not arrive" in caplog.text
    assert "alice" not in caplog.text


def test_attempts_are_purged_a_day_after_their_end(world: World, alice: User) -> None:
    for hours in (-25, -23, 1):
        start(alice)
        newest = LinkAttempt.objects.order_by("created_at").last()
        assert newest is not None
        LinkAttempt.objects.filter(pk=newest.pk).update(
            expires_at=timezone.now() + hours * HOUR, used_at=timezone.now()
        )
    purge_link_attempts()
    assert LinkAttempt.objects.count() == 2


# Pausing -----------------------------------------------------------------------------------------------------


def test_pausing_touches_active_and_paused_only(world: World, mine: Connection) -> None:
    with hears(signals.connection_changed) as heard:
        assert pausing.set_paused(mine.pk, paused=True) is True
        assert pausing.set_paused(mine.pk, paused=True) is False
        assert Connection.objects.get().state == ConnectionState.PAUSED
        assert pausing.set_paused(mine.pk, paused=False) is True
    assert [told["names"] for told in heard] == [frozenset({"state"})] * 2
    Connection.objects.update(state=ConnectionState.NEEDS_LOGIN)
    assert pausing.set_paused(mine.pk, paused=True) is False
    assert pausing.set_paused(mine.pk, paused=False) is False
    assert Connection.objects.get().state == ConnectionState.NEEDS_LOGIN
