"""Nobody may spend what is scarce for everybody: requests to the services, workers, and our own time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from accounts.models import User
from integrations.redaction import redact
from integrations.services import connecting
from project import health
from tests.security.conftest import browser_of
from tests.web import rows

LINK, SYNC = 30, 10
"""How often within the hour, and within the minute."""


@pytest.fixture
def no_service(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pasted tokens that reached the point where the service is asked."""
    asked: list[str] = []

    def refuse(user: User, *, provider: str, token: str) -> None:
        asked.append(token)
        raise connecting.LinkError("bad_token", "AniList does not accept this token.")

    monkeypatch.setattr(connecting, "paste_token", refuse)
    return asked


def test_pasting_tokens_stops_before_it_eats_the_budget(
    no_service: list[str], alice_client: Client, charlie_client: Client
) -> None:
    path = "/connections/anilist/token/"
    statuses = [alice_client.post(path, {"token": "x" * 20}).status_code for _ in range(LINK + 1)]
    assert statuses == [400] * LINK + [429]
    assert len(no_service) == LINK
    assert charlie_client.post(path, {"token": "x" * 20}).status_code == 400


def test_connecting_and_pasting_share_one_count(no_service: list[str], alice_client: Client) -> None:
    for _ in range(LINK):
        alice_client.post("/connections/anilist/connect/")
    answer = alice_client.post("/connections/anilist/token/", {"token": "x" * 20})
    assert (answer.status_code, answer["Retry-After"], no_service) == (429, "60", [])
    assert b"Too many tries" in answer.content


@pytest.mark.parametrize("action", ["sync", "preview", "pause"])
def test_runs_cannot_be_asked_for_without_end(action: str, alice: User, bob: User) -> None:
    for user in (alice, bob):
        rows.make_connection(user)
    client, path = browser_of(alice), f"/connections/anilist/{action}/"
    assert [client.post(path).status_code for _ in range(SYNC + 1)] == [302] * SYNC + [429]
    assert browser_of(bob).post(path).status_code == 302


def test_looking_is_not_counted(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice)
    assert {alice_client.get("/connections/anilist/").status_code for _ in range(LINK + SYNC + 130)} == {200}


def test_without_redis_a_person_may_still_edit(alice_client: Client, settings: Any) -> None:
    """No service is asked without Redis anyway: there is nothing to protect."""
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}
    assert alice_client.post("/account/", {"timezone": "UTC"}).status_code == 302


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    calls: list[int] = []

    def count(connection: Any) -> MigrationExecutor:
        calls.append(1)
        return MigrationExecutor(connection)

    health.forget_migrations()
    monkeypatch.setattr(health, "MigrationExecutor", count)
    yield calls
    health.forget_migrations()


def test_health_is_cheap_for_everybody_who_asks(counted: list[int], client: Client, db: None) -> None:
    for _ in range(5):
        assert client.get("/readyz").json()["checks"]["migrations"] == "ok"
    assert len(counted) == 1


@pytest.mark.parametrize("piece", ["code=", "state=", "-eyJ", "?token=", 'token="', "token:", "Bearer ", "%26code="])
def test_hostile_lines_do_not_hold_up_the_log(piece: str) -> None:
    """As long as the longest address that gunicorn lets in (4,094 bytes), sixteen times over."""
    started = time.process_time()
    redact(piece * (65_536 // len(piece)))
    assert time.process_time() - started < 1.0
