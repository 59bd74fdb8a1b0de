"""From an edit here to the services without waiting for a tick, counted in messages and announced waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db.models import F

from accounts.models import User
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from syncing import tasks
from syncing.models import Schedule
from syncing.services import leases, scheduling
from syncing.services.running import run_lease
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import ANILIST, MAL, SIDES, clear_counts, edit, entry_of, listed, media_of, settle, writes_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

DEBOUNCE = scheduling.EDIT_DEBOUNCE.total_seconds()


class Post:
    """The broker: messages wait until they are delivered; waits are added up instead of slept."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[Any], float]] = []
        self.waited = 0.0

    def send(self, name: str, *, args: list[Any], countdown: float = 0.0, **_: Any) -> None:
        self.messages.append((name, args, countdown))

    def deliver(self) -> list[str]:
        """All that is there, and what comes of it; the names in order. Ticks are beat's, and beat stands still."""
        done = []
        while self.messages:
            name, args, countdown = self.messages.pop(0)
            self.waited += countdown
            Schedule.objects.update(due_at=F("due_at") - timedelta(seconds=countdown))
            current_app.tasks[name](*args)
            done.append(name.removeprefix("syncing."))
        return done


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(current_app, "send_task", post.send)
    assert tasks.start_persons_runs.name in current_app.tasks
    return post


@pytest.fixture
def pair(sandbox: Running, link: Link, alice: User, post: Post) -> list[Any]:
    """Two services that hold the same two titles and are at rest."""
    connections = [link(alice, provider, [listed(provider, 1, progress=3), listed(provider, 5)]) for provider in SIDES]
    settle(connections, rounds=2)
    clear_counts(sandbox)
    post.messages.clear()
    return connections


def test_an_edit_is_on_all_services_after_the_debounce_and_two_messages(
    sandbox: Running, alice: User, pair: list[Any], post: Post
) -> None:
    assert 0 < DEBOUNCE < 2
    edit_entry(alice, media_id=media_of(5), changes={"score": 70})
    assert post.deliver() == ["start_persons_runs", "sync_connection", "sync_connection"]
    assert post.waited == pytest.approx(DEBOUNCE)
    assert {provider: dict(writes_of(sandbox, provider)) for provider in SIDES} == {
        ANILIST: {"anime:5": 1},
        MAL: {"anime:5": 1},
    }
    asked = {provider: sandbox.control("GET", f"{provider}/requests")["total"] for provider in SIDES}
    # The list and the write; MyAnimeList has one list a kind.
    assert asked == {ANILIST: 2, MAL: 3}


def test_edits_in_a_row_travel_together(sandbox: Running, alice: User, pair: list[Any], post: Post) -> None:
    edit_entry(alice, media_id=media_of(5), changes={"score": 70})
    edit_entry(alice, media_id=media_of(5), changes={"score": 80})
    edit_entry(alice, media_id=media_of(1), changes={"progress": 4})
    assert post.deliver() == ["start_persons_runs", "sync_connection", "sync_connection"]
    assert {provider: dict(writes_of(sandbox, provider)) for provider in SIDES} == {
        provider: {"anime:1": 1, "anime:5": 1} for provider in SIDES
    }


def test_an_edit_on_one_service_is_on_the_other_as_soon_as_it_was_found(
    sandbox: Running, alice: User, pair: list[Any], post: Post
) -> None:
    edit(sandbox, MAL, 1, progress=5)
    sync(pair[SIDES.index(MAL)])
    assert entry_of(alice, 1).progress == 5
    assert post.deliver() == ["start_persons_runs", "sync_connection"]
    assert (post.waited, dict(writes_of(sandbox, ANILIST))) == (0.0, {"anime:1": 1})


def test_an_edit_during_a_run_is_sent_for_when_the_run_ends(
    sandbox: Running, alice: User, pair: list[Any], post: Post
) -> None:
    connection = pair[SIDES.index(MAL)]
    edit_entry(alice, media_id=media_of(5), changes={"score": 70})
    lease = leases.claim(connection.pk)
    assert lease is not None
    edited = False

    def edit_once(stage: str, _done: int, _total: int) -> None:
        nonlocal edited
        if stage == "write" and not edited:
            edited = True
            edit_entry(alice, media_id=media_of(1), changes={"progress": 4})

    run_lease(lease, tell=edit_once)
    assert edited is True
    assert dict(writes_of(sandbox, MAL)) == {"anime:5": 1}
    post.deliver()
    assert dict(writes_of(sandbox, MAL)) == {"anime:5": 1, "anime:1": 1}
    assert post.waited <= 3 * DEBOUNCE


def test_an_edit_waits_for_a_service_that_wants_to_be_left_alone(
    sandbox: Running, alice: User, pair: list[Any], post: Post
) -> None:
    later = Schedule.objects.get(provider=MAL).due_at + timedelta(hours=1)
    Schedule.objects.filter(provider=MAL).update(not_before=later)
    edit_entry(alice, media_id=media_of(5), changes={"score": 70})
    assert post.deliver() == ["start_persons_runs", "sync_connection"]
    assert (dict(writes_of(sandbox, ANILIST)), dict(writes_of(sandbox, MAL))) == ({"anime:5": 1}, {})
