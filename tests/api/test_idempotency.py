"""A POST that was sent twice does its work once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.api.idempotency import LEASE
from accounts.models import IdempotentAnswer, User
from accounts.services.answers import prune_answers
from tests.api.conftest import by_key, problem
from tests.api.trial import Work

URL, JSON = "/api/v1/trial/work", "application/json"
pytestmark = pytest.mark.urls("tests.api.trial")


@pytest.fixture(autouse=True)
def _fresh_work() -> Iterator[None]:
    Work.done, Work.pause, Work.entered = [], None, Event()
    yield
    Work.pause = None


def post(client: Client, key: str | None = "k1", **body: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(URL, {"name": "sync", **body}, JSON, headers=headers)


def test_sent_twice_done_once(alice_api: Client) -> None:
    first, second = post(alice_api), post(alice_api)
    assert (first.status_code, first.json(), first["Location"]) == (202, {"number": 1}, "/api/v1/runs/1")
    assert not first.has_header("Idempotent-Replay")
    assert (second.status_code, second.json(), second["Location"]) == (202, {"number": 1}, "/api/v1/runs/1")
    assert second["Idempotent-Replay"] == "true"
    assert Work.done == ["sync"]


def test_without_a_key_each_is_done(alice_api: Client) -> None:
    post(alice_api, None)
    post(alice_api, None)
    assert len(Work.done) == 2
    assert not IdempotentAnswer.objects.exists()


def test_the_same_key_for_another_body(alice_api: Client) -> None:
    post(alice_api)
    problem(post(alice_api, name="other"), 422, "idempotency_mismatch")
    assert Work.done == ["sync"]


def test_keys_are_each_persons_own(alice_api: Client, bob_api: Client) -> None:
    post(alice_api)
    assert not post(bob_api).has_header("Idempotent-Replay")
    assert len(Work.done) == 2


def test_what_was_refused_may_be_tried_again(alice_api: Client) -> None:
    problem(post(alice_api, fail=True), 409, "conflict")
    assert not IdempotentAnswer.objects.exists()
    assert post(alice_api).status_code == 202


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_keys_have_a_shape(key: str, alice_api: Client) -> None:
    problem(post(alice_api, key), 400, "bad_idempotency_key")
    assert Work.done == []


def test_a_process_that_died_leaves_its_key_for_a_while(alice_api: Client) -> None:
    post(alice_api)
    Work.done = []
    IdempotentAnswer.objects.update(status=0)
    answer = post(alice_api)
    problem(answer, 409, "in_progress")
    assert answer["Retry-After"] == "2"
    IdempotentAnswer.objects.update(created_at=timezone.now() - LEASE)
    assert (post(alice_api).status_code, Work.done) == (202, ["sync"])
    assert post(alice_api)["Idempotent-Replay"] == "true"


def test_answers_are_kept_for_a_day(alice_api: Client) -> None:
    post(alice_api, "old")
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    post(alice_api, "new")
    assert prune_answers() == 1
    assert [row.key for row in IdempotentAnswer.objects.all()] == ["new"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_done() -> None:
    alice = User.objects.create_user("alice@example.org", "x")
    first, second = by_key(alice), by_key(alice)
    Work.pause = Event()

    def slow() -> Any:
        try:
            return post(first)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(slow)
        assert Work.entered.wait(20)
        problem(post(second), 409, "in_progress")
        Work.pause.set()
        assert held.result().status_code == 202
    assert post(second)["Idempotent-Replay"] == "true"
    assert Work.done == ["sync"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_one() -> None:
    alice = User.objects.create_user("alice@example.org", "x")
    clients = [by_key(alice) for _ in range(8)]

    def ask(client: Client) -> int:
        try:
            return int(post(client).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, clients))
    assert found <= {202, 409}
    assert 202 in found
    assert Work.done == ["sync"]
