"""Nothing waits long in the broker, and nothing but ids goes into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery.exceptions import Reject
from django.conf import settings as django_settings
from redis import Redis

from project.celery import app
from project.embedded.valkey import free_port
from project.messages import MessageRefused, refuse_arguments
from project.settings.queues import transport_options
from project.tasks import tick as tick_task
from syncing.services import nudging

tick: Any = tick_task
LONGEST = django_settings.CELERY_LONGEST_COUNTDOWN
TOO_LONG = timedelta(seconds=LONGEST + 30)
ALMOST = timedelta(seconds=LONGEST - 30)


def waiting(redis_client: Redis) -> int:
    return int(redis_client.llen("control"))  # type: ignore[arg-type]


def retry(**options: Any) -> None:
    tick.push_request(called_directly=False, args=[], kwargs={}, delivery_info={})
    try:
        tick.retry(throw=False, **options)
    except Reject as error:
        raise error.args[0] from error
    finally:
        tick.pop_request()


WAYS: dict[str, Callable[..., Any]] = {
    "apply_async": tick.apply_async,
    "send_task": lambda **options: app.send_task("project.tick", queue="control", **options),
    "signature": lambda **options: tick.si().apply_async(**options),
    "retry": retry,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "wait",
    [
        lambda by: {"countdown": by.total_seconds()},
        lambda by: {"eta": datetime.now(UTC) + by},
        lambda by: {"eta": datetime.now(UTC).replace(tzinfo=None) + by},
    ],
    ids=["countdown", "eta", "naive eta"],
)
def test_a_long_wait_is_refused_whichever_way_it_comes(
    redis_client: Redis, way: str, wait: Callable[[timedelta], dict[str, Any]]
) -> None:
    with pytest.raises(MessageRefused, match=f"beyond {LONGEST} s write a date in a row"):
        WAYS[way](**wait(TOO_LONG))
    assert waiting(redis_client) == 0
    WAYS[way](**wait(ALMOST))
    assert waiting(redis_client) == 1


@pytest.mark.parametrize("value", ["anilist", "anime_lists", str(uuid4()), 7, 0, None, True])
def test_ids_numbers_and_slugs_may_travel(value: Any) -> None:
    refuse_arguments("trial.work", [value], {"which": value})


@pytest.mark.parametrize(
    "value",
    [
        "eyJhbGciOiJSUzI1NiJ9.planted",
        "planted" * 6,
        "Planted",
        "mei@example.org",
        "a b",
        "",
        1.5,
        ["planted"],
        {"token": "planted"},
        b"planted",
    ],
)
def test_nothing_else_does_and_what_it_was_is_not_told(redis_client: Redis, value: Any) -> None:
    for sent in ({"args": [1, value]}, {"kwargs": {"which": value}}):
        with pytest.raises(MessageRefused) as refused:
            app.send_task("project.tick", queue="control", **sent)
        assert "planted" not in str(refused.value).lower()
        assert "of project.tick is no id, number or slug" in str(refused.value)
    assert waiting(redis_client) == 0


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_holds_nobody_up(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages publish too. By default kombu sleeps 2 s and 4 s between its tries."""
    slept: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)
    url = f"{scheme}://127.0.0.1:{free_port()}/0"
    with app.connection_for_write(url=url, transport_options=transport_options(url)) as line:
        assert nudging.send("project.tick", [], queue="control", connection=line) is False
    assert sum(slept) < 0.5


@pytest.mark.django_db
@pytest.mark.parametrize(("after", "messages"), [(ALMOST, 1), (TOO_LONG, 0)])
def test_who_is_due_much_later_is_left_to_the_tick(
    redis_client: Redis, django_capture_on_commit_callbacks: Any, after: timedelta, messages: int
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        nudging.nudge(uuid4(), after=after)
    assert waiting(redis_client) == messages
