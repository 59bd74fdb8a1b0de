"""Linking by a code: one open code a person, polled by a task, each end with words, tokens stored once."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from celery import current_app
from django.core.management import call_command
from django.db import connection as database
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from integrations import queries, tasks
from integrations.crypto import Secret, new_key
from integrations.errors import RateLimited
from integrations.models import Connection, ConnectionState, DeviceLink, DeviceState
from integrations.oauth import Grant
from integrations.providers import registry
from integrations.services import connecting, devices, linking, polling, sessions
from tests.integrations.conftest import World
from tests.integrations.doubles import plain
from tests.integrations.test_connecting import refuses

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def start(user: User, *, provider: str = "showing") -> DeviceLink:
    return devices.start_device_link(user, provider=provider)


def poll(link: DeviceLink, *, now: bool = True) -> DeviceLink:
    """What the task does, and the row after it. now: without waiting for the interval."""
    if now:
        DeviceLink.objects.filter(pk=link.pk).update(next_poll_at=timezone.now())
    tasks.poll_device_link(str(link.pk))
    return DeviceLink.objects.get(pk=link.pk)


@pytest.fixture
def link(world: World, alice: User) -> DeviceLink:
    """Alice's, not typed in yet; no calls counted."""
    made = start(alice)
    world.server.calls.clear()
    world.sent.clear()
    return made


# A code ------------------------------------------------------------------------------------------------------


def test_a_code_is_shown_and_its_secret_sealed(
    world: World, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        link = start(alice)
    row = DeviceLink.objects.get()
    assert (row.user, row.provider, row.user_code, row.state) == (alice, "showing", "CODE1", "pending")
    assert row.verification_url == devices.page_of(row) == "https://auth.toy.test/activate"
    assert plain(row.device_code) == "planted-device-1"
    assert "planted" not in str(DeviceLink.objects.values_list().get())
    assert 4 * SECOND < row.next_poll_at - row.created_at <= 5 * SECOND
    assert timedelta(minutes=9) < row.expires_at - row.created_at <= timedelta(minutes=10)
    assert world.sent == [(str(link.pk), 5.5)]
    assert world.opened == [("showing", "interactive", "showing-env-id", str(alice.pk))]


def test_an_older_code_gives_way(world: World, alice: User, bob: User) -> None:
    theirs, first = start(bob), start(alice)
    second = start(alice)
    assert set(DeviceLink.objects.values_list("pk", flat=True)) == {theirs.pk, second.pk}
    assert queries.device_link_for_user(alice, "showing") == second
    world.server.calls.clear()
    polling.poll_device_link(first.pk)
    assert world.server.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.toy.test/activate",
        "https://evil.test/activate",
        "https://toy.test.evil.test/",
        "https://toy.test@evil.test/",
        "https://auth.toy.test:444/",
        "javascript:alert(1)",
        "https://[",
    ],
)
def test_a_page_elsewhere_is_not_shown(world: World, alice: User, url: str) -> None:
    told = {"device_code": "planted-d", "user_code": "CODE", "verification_url": url}
    world.server.answers = [httpx.Response(200, json=told)]
    with refuses("not_understood"):
        start(alice)
    assert DeviceLink.objects.count() == 0


def test_the_sandboxs_page_is_shown_as_it_is(world: World, alice: User, settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8800"
    url = "http://127.0.0.1:8800/auth.toy.test/activate"
    told = {"device_code": "planted-d", "user_code": "CODE", "verification_url": url}
    world.server.answers = [httpx.Response(200, json=told)]
    assert devices.page_of(start(alice)) == url
    assert devices.page_of(start(alice)) == "http://127.0.0.1:8800/auth.toy.test/activate"


def test_what_cannot_be_started_is_refused(world: World, alice: User, settings: Settings) -> None:
    with refuses("wrong_way"):
        start(alice, provider="toy")
    world.server.answers = [httpx.Response(401, json={"error": "invalid_client"})]
    with refuses("app_rejected"):
        start(alice)
    world.server.answers = [httpx.Response(502)]
    with refuses("unavailable"):
        start(alice)
    settings.PROVIDER_APPS = {}
    with refuses("no_app"):
        start(alice)


# Polling -----------------------------------------------------------------------------------------------------


def test_a_poll_before_its_time_asks_nobody(world: World, link: DeviceLink) -> None:
    poll(link, now=False)
    assert (world.server.calls, world.sent) == ([], [])


def test_a_code_that_waits_is_asked_for_again(world: World, link: DeviceLink) -> None:
    after = poll(link)
    assert (after.state, after.poll_seconds) == ("pending", 5)
    assert after.next_poll_at > timezone.now() + 4 * SECOND
    assert world.sent == [(str(link.pk), 5.5)]
    assert len(world.server.calls) == 1


def test_a_code_that_was_typed_in_links_the_account(world: World, alice: User, link: DeviceLink) -> None:
    world.server.devices["planted-device-1"] = "7"
    after = poll(link)
    connection = Connection.objects.get()
    assert (after.state, after.device_code, after.message) == (DeviceState.LINKED, None, "")
    assert (connection.user, connection.account_name, connection.state) == (alice, "name-7", "active")
    assert plain(connection.access_token) == "planted-access-7-1"
    assert world.sent == []
    poll(link)
    assert len(world.server.calls) == 2


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (404, "failed", "does not know this code any more. Please get a new one"),
        (409, "failed", "was used already. Please get a new one"),
        (410, "expired", "has expired before it was used. Please get a new one"),
        (418, "refused", "Showing was not linked, because access was refused there"),
    ],
)
def test_each_end_has_its_words(world: World, link: DeviceLink, status: int, state: str, words: str) -> None:
    world.server.devices["planted-device-1"] = status
    after = poll(link)
    assert (after.state, after.device_code, world.sent) == (state, None, [])
    assert words in after.message
    assert Connection.objects.count() == 0


def test_too_fast_is_slower_from_then_on(world: World, link: DeviceLink) -> None:
    world.server.devices["planted-device-1"] = 429
    assert [poll(link).poll_seconds for _ in range(2)] == [10, 15]
    world.server.answers = [httpx.Response(429, headers={"Retry-After": "45"}), httpx.Response(400)]
    assert (poll(link).poll_seconds, poll(link).poll_seconds) == (20, 20)
    assert [after for _, after in world.sent] == [10.5, 15.5, 45.5, 20.5]


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (httpx.Response(502), 5.5),
        (httpx.Response(400, html="<html>"), 5.5),
        (httpx.Response(503, headers={"Retry-After": "20"}), 20.5),
        (httpx.Response(503, headers={"Retry-After": "7200"}), 60.5),
        (httpx.ReadTimeout("slow"), 5.5),
    ],
)
def test_trouble_costs_a_link_nothing(world: World, link: DeviceLink, answer: Any, after: float) -> None:
    world.server.answers = [answer]
    assert poll(link).state == "pending"
    assert world.sent == [(str(link.pk), after)]


def test_a_spent_budget_is_waited_for(world: World, link: DeviceLink) -> None:
    world.limiter.refusal = RateLimited("spent", retry_after=30)
    assert poll(link).state == "pending"
    assert world.sent == [(str(link.pk), 30.5)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), "check the id and secret of this site's app"),
        (httpx.Response(200, json={}), "sent no usable access token"),
        (httpx.Response(400, json={"error": "invalid_grant"}), "Please start again"),
    ],
)
def test_what_a_wait_does_not_mend_ends_the_link(
    world: World, link: DeviceLink, answer: httpx.Response, words: str
) -> None:
    world.server.answers = [answer]
    after = poll(link)
    assert (after.state, after.device_code) == ("failed", None)
    assert words in after.message


def test_a_code_ends_with_its_time_and_nobody_is_asked(world: World, link: DeviceLink) -> None:
    DeviceLink.objects.update(expires_at=timezone.now())
    after = poll(link)
    assert (after.state, after.device_code, world.server.calls) == ("expired", None, [])


def test_a_service_that_was_switched_off_ends_the_link(world: World, link: DeviceLink, settings: Settings) -> None:
    settings.PROVIDERS = {"showing": {"enabled": False}}
    after = poll(link)
    assert (after.state, world.server.calls) == ("failed", [])
    assert "switched off" in after.message


def test_nobody_who_may_not_sign_in_is_linked(world: World, alice: User, link: DeviceLink) -> None:
    User.objects.update(is_active=False)
    assert (poll(link).state, world.server.calls) == ("failed", [])


def test_a_code_that_does_not_open_ends_the_link(link: DeviceLink, settings: Settings) -> None:
    settings.TOKEN_KEYS = new_key("x")
    after = poll(link)
    assert (after.state, after.message) == ("failed", "This code cannot be used any more. Please get a new one.")


def test_an_account_of_somebody_else_is_not_taken(world: World, bob: User, link: DeviceLink) -> None:
    theirs = start(bob)
    for code in ("planted-device-1", "planted-device-2"):
        world.server.devices[code] = "7"
    assert poll(theirs).state == "linked"
    after = poll(link)
    assert (after.state, Connection.objects.get().user) == ("failed", bob)
    assert "already linked by somebody else" in after.message


def test_tokens_whose_owner_is_not_told_end_the_link(world: World, link: DeviceLink) -> None:
    grant = {"access_token": "planted-a", "refresh_token": "planted-r", "expires_in": 60}
    world.server.answers = [httpx.Response(200, json=grant), *[httpx.Response(502)] * 3]
    after = poll(link)
    # The service gives tokens for a code once.
    assert (after.state, Connection.objects.count(), world.sent) == ("failed", 0, [])


@pytest.mark.parametrize("how", ["another", "unlink"])
def test_who_turned_away_meanwhile_is_not_linked(
    world: World, alice: User, link: DeviceLink, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.create(user=alice, provider="showing", account_id="7")
    world.server.devices["planted-device-1"] = "7"
    identify = linking.identify

    def slowly(*args: Any, **options: Any) -> Any:
        start(alice) if how == "another" else connecting.unlink(alice, provider="showing")
        return identify(*args, **options)

    monkeypatch.setattr(linking, "identify", slowly)
    tasks.poll_device_links()
    DeviceLink.objects.filter(pk=link.pk).update(next_poll_at=timezone.now())
    polling.poll_device_link(link.pk)
    assert Connection.objects.get().access_token is None


def test_the_sweep_sends_for_what_fell_out(world: World, alice: User, bob: User, link: DeviceLink) -> None:
    start(bob)
    DeviceLink.objects.filter(pk=link.pk).update(next_poll_at=timezone.now() - SECOND)
    world.sent.clear()
    tasks.poll_device_links()
    assert world.sent == [(str(link.pk), None)]
    DeviceLink.objects.update(state=DeviceState.EXPIRED)
    assert devices.poll_device_links() == 0


def test_a_broker_that_is_away_loses_nothing(
    world: World, link: DeviceLink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(current_app, "send_task", fail)
    assert poll(link).state == "pending"
    assert "the broker is away" in caplog.text


def test_the_code_is_in_no_log_and_no_table(
    world: World, link: DeviceLink, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        poll(link)
        world.server.devices["planted-device-1"] = "7"
        poll(link)
    capsys.readouterr()
    call_command("dumpdata", "integrations", "syncing")
    dump = capsys.readouterr().out
    assert "showing POST toy.test/oauth/device/token 200" in caplog.text
    assert str(link.pk) in dump
    assert "planted" not in caplog.text + dump


def test_ended_links_are_dropped_after_a_day(link: DeviceLink) -> None:
    tasks.purge_link_attempts()
    assert DeviceLink.objects.count() == 1
    DeviceLink.objects.update(expires_at=timezone.now() - timedelta(days=1, seconds=1))
    tasks.purge_link_attempts()
    assert DeviceLink.objects.count() == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_asks(world: World, link: DeviceLink, monkeypatch: pytest.MonkeyPatch) -> None:
    world.server.devices["planted-device-1"] = "7"
    DeviceLink.objects.update(next_poll_at=timezone.now())
    arrived, server = threading.Barrier(8), world.server

    def work(_: int) -> None:
        try:
            arrived.wait(10)
            polling.poll_device_link(link.pk)
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert [path for path, _ in server.calls] == ["/oauth/device/token", "/me"]
    assert Connection.objects.get().token_version == 1
    assert DeviceLink.objects.get().state == DeviceState.LINKED


# What such a token asks for later ----------------------------------------------------------------------------


@pytest.fixture
def mine(world: World, link: DeviceLink) -> Connection:
    world.server.devices["planted-device-1"] = "7"
    world.server.expires_in = 604_800
    poll(link)
    world.server.calls.clear()
    return Connection.objects.get()


@pytest.mark.parametrize(
    ("life", "left"),
    [(timedelta(days=7), timedelta(days=1.4)), (timedelta(days=4), timedelta(days=1)), (timedelta(1), timedelta(0.5))],
)
def test_it_is_renewed_when_a_fifth_or_a_day_is_left(world: World, life: timedelta, left: timedelta) -> None:
    now = timezone.now()
    row = Connection(provider="showing")
    sessions.put_grant(row, Grant(Secret("planted-a"), None, now + life), provider=registry.get("showing"))
    assert row.token_due_at is not None
    assert left * 0.9 <= now + life - row.token_due_at <= left


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (httpx.Response(403, json={"error": "forbidden"}), ConnectionState.NEEDS_LOGIN),
        (httpx.Response(401, json={"error": "invalid_grant"}), ConnectionState.NEEDS_LOGIN),
        (httpx.Response(403, html="<html>"), ConnectionState.ACTIVE),
        (httpx.Response(200, html="<html>"), ConnectionState.ACTIVE),
    ],
)
def test_a_refusal_in_json_asks_the_person_and_a_page_keeps_all(
    world: World, mine: Connection, answer: httpx.Response, state: str
) -> None:
    due = timezone.now() - SECOND
    Connection.objects.update(token_expires_at=timezone.now() + timedelta(hours=20), token_due_at=due)
    world.server.answers = [answer]
    tasks.renew_tokens("showing")
    after = Connection.objects.get()
    assert (after.state, plain(after.refresh_token)) == (state, "planted-refresh-7-1")
    assert world.server.token_calls[0]["redirect_uri"] == "https://enishi.test/integrations/showing/callback"


def test_it_is_renewed_with_its_single_use_token(world: World, mine: Connection) -> None:
    Connection.objects.update(token_due_at=timezone.now() - SECOND)
    tasks.renew_tokens("showing")
    after = Connection.objects.get()
    assert (after.state, plain(after.refresh_token), after.token_version) == ("active", "planted-refresh-7-2", 2)
