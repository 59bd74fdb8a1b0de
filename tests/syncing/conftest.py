"""What the tests of the schedule share."""

from __future__ import annotations

from typing import Any

import pytest
from celery import current_app


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any], str]]:
    """What was published: (task, arguments, queue)."""
    published: list[tuple[str, list[Any], str]] = []

    def send(name: str, *, args: list[Any], queue: str, **_: Any) -> None:
        published.append((name, args, queue))

    monkeypatch.setattr(current_app, "send_task", send)
    return published
