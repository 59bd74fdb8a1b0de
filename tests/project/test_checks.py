"""Each check finds what it is there for, and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from project import checks


def ids(found: list[Any]) -> list[str]:
    assert all(message.hint or message.msg for message in found)
    return [message.id for message in found]


def test_all_is_well() -> None:
    assert ids(checks.check_token_keys(None)) == []
    assert ids(checks.check_addresses(None)) == []
    assert ids(checks.check_pace(None)) == []
    assert ids(checks.check_workers(None)) == []


def test_token_keys(settings: Any) -> None:
    settings.TOKEN_KEYS = ""
    assert ids(checks.check_token_keys(None)) == ["integrations.E010"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SITE_URL", "lists.example.org", "project.E001"),
        ("REDIS_URL", "localhost:6379", "project.E002"),
        ("REDIS_URL", "unix:///run/redis.sock", "project.E002"),
        ("EMBEDDED_DATABASE", "mysql", "project.E003"),
    ],
)
def test_addresses(settings: Any, name: str, value: str, expected: str) -> None:
    setattr(settings, name, value)
    assert ids(checks.check_addresses(None)) == [expected]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SYNC_PACE_FASTEST_PERCENT", 0, "project.E006"),
        ("SYNC_PACE_FASTEST_PERCENT", 101, "project.E006"),
        ("SYNC_PACE_SLOWEST_PERCENT", 99, "project.E006"),
        ("SYNC_PACE_MIDDLE_HOURS", 0, "project.E007"),
        ("SYNC_MIN_INTERVAL_MINUTES", 0, "project.E007"),
    ],
)
def test_pace(settings: Any, name: str, value: int, expected: str) -> None:
    setattr(settings, name, value)
    assert ids(checks.check_pace(None)) == [expected]


@pytest.mark.postgres
def test_delivery(settings: Any) -> None:
    assert ids(checks.check_delivery(None)) == []
    settings.CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
    assert ids(checks.check_delivery(None)) == ["project.E005"]
