"""Two who answer one plan in the same moment, and one who thinks better of it: one effect, told as it is."""

from __future__ import annotations

import threading

import pytest
from django.db import connection as database
from django.test import Client

from accounts.models import User
from integrations.models import Connection
from syncing.models import Review, Schedule, SyncRun
from tests.api.conftest import by_key, problem
from tests.web import rows

RUNS, JSON = "/api/v1/runs", "application/json"


def first_plan(alice: User) -> SyncRun:
    connection = rows.make_connection(alice)
    Connection.objects.update(approved_at=None)
    run = rows.make_run(connection, state="preview", purpose="preview")
    rows.make_review(run, "first_plan")
    return run


def effect() -> tuple[str, str, bool]:
    """(answer, the connection's state, whether it is approved)"""
    connection = Connection.objects.get()
    return Review.objects.get().choice, connection.state, connection.approved_at is not None


YES, NO = ("approve", "active", True), ("discard", "paused", False)


def answer_at_once(alice: User, run: SyncRun, *verbs: str) -> list[tuple[str, int]]:
    """[(what was said, status)]"""
    start, told = threading.Barrier(len(verbs)), []

    def say(verb: str) -> None:
        client = by_key(alice)
        start.wait(10)
        told.append((verb, client.post(f"{RUNS}/{run.pk}/{verb}", {}, JSON).status_code))
        database.close()

    threads = [threading.Thread(target=say, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(told) == len(verbs)
    return told


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_are_one() -> None:
    alice = User.objects.create_user("alice@example.org")
    told = answer_at_once(alice, first_plan(alice), "approve", "approve")
    assert {status for _, status in told} == {202}
    assert effect() == YES
    assert Schedule.objects.get().interactive


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_of_a_yes_and_a_no_at_once_the_later_is_told_so(attempt: int) -> None:
    alice = User.objects.create_user("alice@example.org")
    told = dict(answer_at_once(alice, first_plan(alice), "approve", "discard"))
    assert (effect(), told) in ((YES, {"approve": 202, "discard": 409}), (NO, {"approve": 409, "discard": 200}))


def test_a_no_after_the_yes_is_refused_and_a_second_yes_is_not(alice: User, alice_api: Client) -> None:
    run = first_plan(alice)
    assert alice_api.post(f"{RUNS}/{run.pk}/approve", {}, JSON).status_code == 202
    told = problem(alice_api.post(f"{RUNS}/{run.pk}/discard", {}, JSON), 409, "nothing_to_answer")
    assert told["detail"] == "You said yes to this plan; its sync starts soon. What it does can be undone."
    run.refresh_from_db()
    assert (run.state, effect()) == ("preview", YES)
    assert alice_api.post(f"{RUNS}/{run.pk}/approve", {}, JSON).status_code == 202


def test_a_no_in_the_tray_holds_for_the_plan(alice: User, alice_api: Client) -> None:
    run = first_plan(alice)
    url = f"/api/v1/reviews/{Review.objects.get().pk}"
    assert alice_api.post(url, {"choice": "discard"}, JSON).status_code == 200
    problem(alice_api.post(f"{RUNS}/{run.pk}/approve", {}, JSON), 409, "nothing_to_answer")
    assert effect() == NO
