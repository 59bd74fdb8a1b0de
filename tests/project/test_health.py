"""/healthz and /readyz."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from project import health
from project.embedded.valkey import free_port
from project.tasks import tick

pytestmark = pytest.mark.django_db


def test_alive_asks_nobody(client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setattr(connection, "cursor", lambda: pytest.fail("asked the database"))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_after_a_tick(client: Client) -> None:
    tick()
    answer = client.get("/readyz")
    good = {"database": "ok", "redis": "ok", "migrations": "ok", "tick": "ok"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": good})
    assert "no-store" in answer["Cache-Control"]


def test_red_before_the_first_tick(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["tick"] == "none yet"


def test_red_when_the_tick_is_stale(client: Client, settings: Any) -> None:
    cache.set(health.TICK_KEY, time.time() - settings.CELERY_TICK_STALE_SECONDS - 5, timeout=None)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["tick"].startswith("stale: 12")


def test_red_without_redis(client: Client, settings: Any) -> None:
    settings.REDIS_URL = f"redis://:planted-password@127.0.0.1:{free_port()}/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["redis"] == "unreachable"
    assert b"planted" not in answer.content
    assert b"127.0.0.1" not in answer.content


def test_red_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseError("host planted-host is away")

    monkeypatch.setattr(health, "connection", type("Away", (), {"cursor": staticmethod(refuse)}))
    monkeypatch.setattr(health, "check_migrations", lambda: "ok")
    assert health.check_database() == "unreachable"


def test_red_with_missing_migrations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    health.forget_migrations()
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [("one", False), ("two", False)])
    assert client.get("/readyz").json()["checks"]["migrations"] == "2 not applied"


def test_only_reading(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405
