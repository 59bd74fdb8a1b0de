"""Linking with a name and a password: exchanged at once, kept nowhere, and slowly when many do."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.views.debug import ExceptionReporter
from pytest_django import Settings
from redis import Redis

from accounts.models import User
from integrations.crypto import Secret
from integrations.errors import RateLimited
from integrations.line import build_client
from integrations.models import Connection, ConnectionState
from integrations.oauth import Grant
from integrations.providers import registry
from integrations.services import apps, connecting, providers, sessions, signing_in
from tests.integrations.conftest import World
from tests.integrations.doubles import plain
from tests.integrations.test_connecting import refuses
from tests.integrations.test_sessions import DAY, HOUR

pytestmark = pytest.mark.django_db

OPEN_LOGIN_LINE = signing_in.open_login_line
NAME, PASSWORD = "planted-name@example.org", " planted pass+&word "


@pytest.fixture(autouse=True)
def _known(world: World) -> None:
    world.server.passwords[(NAME, PASSWORD)] = "7"


def sign_in(user: User, *, provider: str = "asking", username: str = NAME, password: str = PASSWORD) -> Connection:
    return signing_in.link_with_password(user, provider=provider, username=username, password=password)


def test_a_name_and_a_password_link_an_account(world: World, alice: User) -> None:
    connection = sign_in(alice, username=f" {NAME} ")
    assert (connection.state, connection.account_id, connection.account_name) == ("active", "7", "name-7")
    assert plain(connection.access_token) == "planted-access-7-1"
    assert plain(connection.refresh_token) == "planted-refresh-7-1"
    # The pair that everybody may use, since no other app is set up.
    assert (connection.app, world.server.token_calls[0]["client_id"]) == (None, "everybody")
    assert [(slug, klass) for slug, klass, _, _ in world.opened] == [("asking", "login"), ("asking", "interactive")]


def test_the_environments_app_goes_before_the_public_one(world: World, alice: User, settings: Settings) -> None:
    settings.PROVIDER_APPS = {"asking": ("ours", "planted-ours")}
    sign_in(alice)
    assert world.server.token_calls[0]["client_id"] == "ours"
    assert apps.app_of_row(None, "toy") is None


def test_a_wrong_password_is_told(alice: User) -> None:
    with refuses("bad_credentials") as caught:
        sign_in(alice, password="planted-wrong")
    assert "does not accept this name and password" in caught.value.message
    assert Connection.objects.count() == 0


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), ("  ", PASSWORD), (NAME, ""), (NAME, "x" * 1025)])
def test_what_cannot_be_right_is_not_sent(world: World, alice: User, name: str, password: str) -> None:
    with refuses("bad_credentials"):
        sign_in(alice, username=name, password=password)
    assert world.server.calls == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(429, text="Retry later\n"), "busy"),
        (httpx.Response(502, html="<html>"), "unavailable"),
        (httpx.Response(401, json={"error": "invalid_client"}), "app_rejected"),
        (httpx.Response(400, json={"error": "invalid_scope"}), "not_understood"),
    ],
)
def test_what_else_the_service_may_say(world: World, alice: User, answer: httpx.Response, code: str) -> None:
    world.server.answers = [answer]
    with refuses(code):
        sign_in(alice)


def test_too_many_at_once_are_asked_to_come_back(world: World, alice: User) -> None:
    world.limiter.refusal = RateLimited("spent", retry_after=30)
    with refuses("busy") as caught:
        sign_in(alice)
    assert "try again in a minute" in caught.value.message
    assert world.server.calls == []


def test_trouble_after_the_password_is_told_and_nothing_is_linked(world: World, alice: User) -> None:
    grant = {"access_token": "planted-a", "refresh_token": "planted-r", "expires_in": 60}
    for answer, code in ((httpx.Response(502), "unavailable"), (httpx.Response(401, json={}), "bad_token")):
        world.server.answers = [httpx.Response(200, json=grant), *[answer] * 3]
        with refuses(code):
            sign_in(alice)
    assert Connection.objects.count() == 0


def test_it_is_one_way_of_some_services_only(world: World, alice: User) -> None:
    with refuses("wrong_way"):
        sign_in(alice, provider="toy")
    with refuses("wrong_way"):
        connecting.start_link(alice, provider="asking", session_key="here")
    assert world.server.calls == []


def test_an_account_of_somebody_else_is_refused(alice: User, bob: User) -> None:
    sign_in(alice)
    with refuses("account_taken"):
        sign_in(bob)


def test_signing_in_again_ends_the_need_for_it(alice: User) -> None:
    connection = sign_in(alice)
    sessions.mark_needs_login(connection)
    again = sign_in(alice)
    assert (again.pk, again.state, again.message) == (connection.pk, ConnectionState.ACTIVE, "")


def test_unlinking_revokes_nothing(world: World, alice: User) -> None:
    sign_in(alice)
    world.server.calls.clear()
    connection = connecting.unlink(alice, provider="asking")
    assert (connection.access_token, connection.refresh_token) == (None, None)
    assert world.server.calls == []


# A token that other apps share -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("life", "left"), [(30 * DAY, 3 * DAY), (7 * DAY, 3 * DAY), (4 * DAY, 2 * DAY), (2 * HOUR, HOUR)]
)
def test_a_shared_token_is_renewed_late(life: timedelta, left: timedelta) -> None:
    now = timezone.now()
    row = Connection(provider="asking")
    grant = Grant(Secret("planted-a"), None, now + life)
    sessions.put_grant(row, grant, provider=registry.get("asking"))
    assert row.token_due_at is not None
    # The spread of up to a tenth is taken from what is left.
    assert left * 0.9 <= now + life - row.token_due_at <= left


# Nowhere -----------------------------------------------------------------------------------------------------


def test_the_password_is_in_no_log_and_no_table(
    alice: User, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        sign_in(alice)
        with refuses("bad_credentials"):
            sign_in(alice, password="planted-wrong")
    assert "planted" not in caplog.text
    assert "asking POST toy.test/oauth/token 200" in caplog.text
    capsys.readouterr()
    call_command("dumpdata", "integrations", "sessions", "syncing")
    dump = capsys.readouterr().out
    assert str(Connection.objects.get().pk) in dump
    assert "planted" not in dump


def test_a_report_of_a_crash_shows_no_password(alice: User, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: Any, **_kwargs: Any) -> Any:
        raise ZeroDivisionError

    reports: list[str] = []

    def report(request: HttpRequest, **_: Any) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info())
        reports.append(reporter.get_traceback_html() + reporter.get_traceback_text())

    client.force_login(alice)
    client.raise_request_exception = False
    monkeypatch.setattr(signing_in, "store_link", crash)
    got_request_exception.connect(report)
    try:
        answer = client.post(reverse("sign_in", args=["asking"]), {"username": NAME, "password": PASSWORD})
    finally:
        got_request_exception.disconnect(report)
    assert (answer.status_code, len(reports)) == (500, 1)
    assert "ZeroDivisionError" in reports[0]
    assert [word for word in ("planted-name", "planted pass", "planted+pass") if word in reports[0]] == []


# The turn of each --------------------------------------------------------------------------------------------


def test_logins_of_all_people_share_a_counter_of_their_own(
    world: World, alice: User, bob: User, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.server.passwords[("bob", "planted-b")] = "8"
    client = build_client(user_agent="t", site_url="t", transport=httpx.MockTransport(world.server))
    monkeypatch.setattr(providers, "http_client", lambda: client)
    monkeypatch.setattr(signing_in, "open_login_line", OPEN_LOGIN_LINE)
    monkeypatch.setattr(signing_in, "LOGIN_WAIT", 0.0)
    sign_in(alice)
    with refuses("busy"):
        sign_in(bob, username="bob", password="planted-b")
    assert len(world.server.token_calls) == 1
    # The breaker is that of all calls; what was spent is not.
    spent = [key for key in redis_client.scan_iter("{rl:*") if not key.endswith(b":breaker")]
    assert {key.partition(b"}")[0] for key in spent} == {b"{rl:asking-login"}


def test_a_login_waits_a_little_for_its_turn() -> None:
    budget = registry.get("asking").oauth.login_budget
    # Kitsu takes 15 in any minute.
    assert budget.requests < 15
    assert budget.seconds / budget.requests < signing_in.LOGIN_WAIT < 10
