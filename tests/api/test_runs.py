"""Asking for runs, reading what they did, answering what they ask, putting them back."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.test import Client

from accounts.models import User
from integrations.models import Connection
from syncing import queries
from syncing.api import events
from syncing.models import Change, Review, Schedule, SyncRun
from syncing.services import asking, progress
from tests.api.conftest import by_key, problem
from tests.api.counting import assert_same_queries
from tests.web import rows

API, JSON = "/api/v1", "application/json"
SYNC = f"{API}/integrations/sync"


@pytest.fixture
def linked(alice: User) -> Connection:
    return rows.make_connection(alice)


def ask(client: Client, **body: Any) -> list[dict[str, Any]]:
    answer = client.post(SYNC, body, JSON)
    assert answer.status_code == 202, answer.content
    runs: list[dict[str, Any]] = answer.json()["runs"]
    return runs


# Asking ----------------------------------------------------------------------------------------------------


def test_a_sync_is_queued_and_due_at_once(linked: Connection, alice_api: Client) -> None:
    (run,) = ask(alice_api, integration_type="anilist", force_full_sync=True)
    assert (run["state"], run["purpose"], run["full"], run["trigger"]) == ("queued", "sync", True, "person")
    schedule = Schedule.objects.get()
    assert (schedule.interactive, schedule.full, schedule.preview) == (True, True, False)
    assert alice_api.get(f"{API}/runs/{run['id']}").json()["state"] == "queued"


def test_all_is_every_service_that_may_be_synced(alice: User, alice_api: Client) -> None:
    for provider in ("anilist", "kitsu", "trakt"):
        rows.make_connection(alice, provider)
    Connection.objects.filter(provider="trakt").update(state="paused")
    assert sorted(run["provider"] for run in ask(alice_api)) == ["anilist", "kitsu"]


def test_who_asks_twice_gets_the_run_that_waits(linked: Connection, alice_api: Client) -> None:
    first, second = ask(alice_api)[0], ask(alice_api)[0]
    assert (first["id"], SyncRun.objects.count()) == (second["id"], 1)


def test_a_preview_is_asked_for_by_the_same_door(linked: Connection, alice_api: Client) -> None:
    (run,) = ask(alice_api, dry_run=True)
    assert (run["purpose"], Schedule.objects.get().preview) == ("preview", True)
    # A sync that is asked for meanwhile is no preview.
    (wider,) = ask(alice_api)
    assert (wider["id"], wider["purpose"], Schedule.objects.get().preview) == (run["id"], "sync", False)


def test_one_work_by_our_id_or_by_the_services(linked: Connection, alice: User, alice_api: Client) -> None:
    entry = rows.make_entry(alice)
    entry.media.external_ids.create(provider="anilist", kind="anime", external_id="457", source="anilist")
    by_ours = ask(alice_api, media=entry.media_id)[0]
    SyncRun.objects.all().delete()
    by_theirs = ask(alice_api, integration_type="anilist", external_id="457", kind="anime")[0]
    assert (by_ours["media"], by_theirs["media"]) == (entry.media_id, entry.media_id)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"integration_type": "geocities"}, 404, "not_found"),
        ({"integration_type": "kitsu"}, 404, "not_found"),
        ({"media": 999_999}, 404, "not_found"),
        ({"integration_type": "anilist", "external_id": "1", "kind": "anime"}, 404, "not_found"),
        ({"external_id": "1", "kind": "anime"}, 400, "invalid"),
        ({"integration_type": "anilist", "external_id": "1"}, 400, "invalid"),
        ({"dry_run": "perhaps"}, 400, "invalid"),
    ],
)
def test_what_cannot_be_asked(
    linked: Connection, alice_api: Client, body: dict[str, Any], status: int, code: str
) -> None:
    problem(alice_api.post(SYNC, body, JSON), status, code)
    assert SyncRun.objects.count() == 0


def test_nothing_linked_paused_or_locked_out_is_explained(alice: User, alice_api: Client) -> None:
    problem(alice_api.post(SYNC, {}, JSON), 409, "cannot_sync")
    rows.make_connection(alice)
    for state in ("paused", "needs_login"):
        Connection.objects.update(state=state)
        problem(alice_api.post(SYNC, {"integration_type": "anilist"}, JSON), 409, "cannot_sync")


def test_a_lost_answer_is_asked_for_again(linked: Connection, alice_api: Client) -> None:
    key = {"Idempotency-Key": "2f6d1d3c"}
    first = alice_api.post(SYNC, {}, JSON, headers=key)
    SyncRun.objects.update(state="done")
    again = alice_api.post(SYNC, {}, JSON, headers=key)
    assert (again.json(), again["Idempotent-Replay"], SyncRun.objects.count()) == (first.json(), "true", 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_that_ask_at_once_both_get_one_run() -> None:
    alice = User.objects.create_user("alice@example.org")
    connection = rows.make_connection(alice)
    start, found = threading.Barrier(2), []

    def one() -> None:
        start.wait(10)
        found.append(by_key(alice).post(SYNC, {}, JSON).json()["runs"][0]["id"])
        database.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(found), len(set(found))) == (2, 1)
    run = SyncRun(user=alice, connection=connection, provider="anilist", lease_token=7)
    assert asking.take_up(run, connection)
    assert (str(run.pk), SyncRun.objects.get().state) == (found[0], "running")


# Reading ---------------------------------------------------------------------------------------------------


def test_runs_are_listed_latest_first_and_narrowed(linked: Connection, alice_api: Client) -> None:
    rows.make_run(linked, writes=1)
    rows.make_run(linked, state="failed", error_code="internal")
    assert [run["state"] for run in alice_api.get(f"{API}/runs").json()["results"]] == ["failed", "done"]
    for query, count in (
        ("?state=failed", 1),
        ("?with_changes=true", 1),
        ("?provider=kitsu", 0),
        ("?purpose=preview", 0),
    ):
        assert len(alice_api.get(f"{API}/runs{query}").json()["results"]) == count, query
    problem(alice_api.get(f"{API}/runs?state=asleep"), 400, "invalid")


@pytest.mark.parametrize("path", ["runs", "changes"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "yesterday", "%00"])
def test_a_time_that_cannot_be_told_everywhere_is_refused(alice_api: Client, path: str, moment: str) -> None:
    problem(alice_api.get(f"{API}/{path}?since={moment}"), 400, "invalid")
    assert alice_api.get(f"{API}/{path}?since=2026-11-26T12:00:00-14:00").status_code == 200


def test_lists_cost_the_same_whatever_is_on_them(linked: Connection, alice_api: Client) -> None:
    assert_same_queries(alice_api, f"{API}/runs", lambda number: rows.make_run(linked))


def test_changes_cost_the_same_whatever_is_on_them(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked)
    assert_same_queries(alice_api, f"{API}/changes", lambda number: rows.make_change(run))
    assert len(alice_api.get(f"{API}/runs/{run.pk}/changes?page_size=200").json()["results"]) == 50


def test_questions_cost_the_same_whatever_is_on_them(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked)
    assert_same_queries(alice_api, f"{API}/reviews", lambda number: rows.make_review(run, "removal", key=str(number)))


def test_unmatched_cost_the_same_whatever_is_on_them(linked: Connection, alice_api: Client) -> None:
    assert_same_queries(
        alice_api,
        f"{API}/mappings/unmatched",
        lambda number: rows.make_unmatched(linked, remote_id=str(number)),
    )


def test_the_history_of_a_work_says_why_each_value_is_what_it_is(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked)
    change = rows.make_change(run)
    rows.make_change(run)
    found = alice_api.get(f"{API}/changes?media={change.media_id}").json()["results"]
    assert [(one["id"], one["reason"], one["provider"]) for one in found] == [(change.pk, "side_edit", "anilist")]
    assert alice_api.get(f"{API}/changes/{change.pk}").json() == found[0]


def test_a_run_that_is_watched_tells_how_far_it_is(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked, state="running", finished_at=None)
    notes = progress.Notes(run.pk)
    notes("write", 3, 10)
    shown = alice_api.get(f"{API}/runs/{run.pk}").json()
    assert shown["progress"] == {"stage": "write", "done": 3, "total": 10}
    notes("write", 4, 10)  # so soon after the last that nobody need know
    assert alice_api.get(f"{API}/runs/{run.pk}").json()["progress"]["done"] == 3
    notes("write", 10, 10)
    assert alice_api.get(f"{API}/runs/{run.pk}").json()["progress"]["done"] == 10


@pytest.mark.django_db(transaction=True)
def test_a_stream_tells_what_moved_and_ends(linked: Connection, alice: User) -> None:
    run = rows.make_run(linked, state="running", finished_at=None)
    moves = iter(["", "done"])

    def wait(seconds: float) -> None:
        state = next(moves)
        if state:
            SyncRun.objects.update(state=state, writes=2)

    told = b"".join(events.stream(alice, run.pk, wait=wait)).decode()
    blocks = [block for block in told.split("\n\n") if block]
    assert blocks[0] == "retry: 2000"
    assert blocks[2] == ": nothing new"
    assert blocks[-1] == "event: end\ndata: {}"
    shown = [json.loads(block.partition("data: ")[2]) for block in blocks if block.startswith("event: run")]
    assert [(one["state"], one["writes"]) for one in shown] == [("running", 0), ("done", 2)]


@pytest.mark.django_db(transaction=True)
def test_nobody_holds_more_than_two_streams(linked: Connection, alice: User, alice_api: Client) -> None:
    run = rows.make_run(linked, state="running", finished_at=None)
    held = [events.stream(alice, run.pk) for _ in range(events.STREAMS)]
    problem(alice_api.get(f"{API}/runs/{run.pk}/events"), 409, "conflict")
    # Whoever goes before the first word leaves a free place as well.
    for one in held:
        one.close()
    again = [events.stream(alice, run.pk) for _ in range(events.STREAMS)]
    for one in again:
        next(iter(one))
        one.close()


@pytest.mark.django_db(transaction=True)
def test_streams_leave_threads_for_the_others(alice: User, bob: User, settings: Any) -> None:
    settings.EVENT_STREAMS = 1
    hers, his = (rows.make_run(rows.make_connection(user), state="running") for user in (alice, bob))
    held = events.stream(alice, hers.pk)
    refused = by_key(bob).get(f"{API}/runs/{his.pk}/events")
    problem(refused, 503, "unavailable")
    assert int(refused["Retry-After"]) > 0
    held.close()
    events.stream(bob, his.pk).close()


def test_who_only_knocks_holds_nothing(linked: Connection, alice_api: Client, settings: Any) -> None:
    run = rows.make_run(linked, state="running", finished_at=None)
    settings.EVENT_STREAMS = 0
    answer = alice_api.head(f"{API}/runs/{run.pk}/events")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_quietly_when_the_database_goes(
    linked: Connection, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = rows.make_run(linked, state="running", finished_at=None)

    def gone(*_: Any) -> None:
        raise OperationalError

    def wait(seconds: float) -> None:
        monkeypatch.setattr(queries, "run_for_user", gone)

    told = b"".join(events.stream(alice, run.pk, wait=wait))
    assert told.endswith(b"\n\n")
    assert b"event: end" not in told


# Answering and putting back --------------------------------------------------------------------------------


def test_a_first_plan_is_approved(linked: Connection, alice_api: Client) -> None:
    Connection.objects.update(approved_at=None)
    run = rows.make_run(linked, state="preview", purpose="preview")
    review = rows.make_review(run, "first_plan")
    assert alice_api.get(f"{API}/runs/{run.pk}").json()["review"] == review.pk
    assert alice_api.post(f"{API}/runs/{run.pk}/approve", {}, JSON).status_code == 202
    review.refresh_from_db()
    linked.refresh_from_db()
    assert (review.state, linked.approved_at is not None) == ("approved", True)


def test_a_first_plan_is_discarded_and_its_service_rests(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked, state="preview", purpose="preview")
    rows.make_review(run, "first_plan")
    answer = alice_api.post(f"{API}/runs/{run.pk}/discard", {}, JSON)
    assert (answer.status_code, answer.json()["state"]) == (200, "abandoned")
    linked.refresh_from_db()
    assert (linked.state, Review.objects.get().state) == ("paused", "discarded")
    problem(alice_api.post(f"{API}/runs/{run.pk}/approve", {}, JSON), 409, "nothing_to_answer")


def test_a_preview_that_was_asked_for_is_carried_out(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked, state="preview", purpose="preview")
    assert alice_api.post(f"{API}/runs/{run.pk}/approve", {}, JSON).status_code == 202
    assert Schedule.objects.get().interactive


def test_a_preview_of_a_service_that_rests_is_not_carried_out(linked: Connection, alice_api: Client) -> None:
    """Else the yes would be forgotten: nothing is synced before the person lets it go on."""
    run = rows.make_run(linked, state="preview", purpose="preview")
    for state in ("paused", "needs_login"):
        Connection.objects.update(state=state)
        problem(alice_api.post(f"{API}/runs/{run.pk}/approve", {}, JSON), 409, "cannot_sync")
    assert not Schedule.objects.get().interactive


def test_only_a_plan_can_be_answered(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked)
    for verb in ("approve", "discard"):
        problem(alice_api.post(f"{API}/runs/{run.pk}/{verb}", {}, JSON), 409, "nothing_to_answer")


def test_a_question_is_answered_once(linked: Connection, alice_api: Client) -> None:
    review = rows.make_review(rows.make_run(linked), "removal", key="1", media=rows.make_media())
    url = f"{API}/reviews/{review.pk}"
    assert alice_api.get(url).json()["choices"] == ["approve", "discard"]
    problem(alice_api.post(url, {"choice": "library"}, JSON), 400, "invalid")
    assert alice_api.post(url, {"choice": "discard"}, JSON).json()["state"] == "discarded"
    assert alice_api.post(url, {"choice": "approve"}, JSON).json()["state"] == "discarded"


def test_many_questions_are_answered_at_once_or_none(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked)
    removal = rows.make_review(run, "removal", key="1")
    conflict = rows.make_review(run, "conflict", key="2")
    wrong = {"answers": [{"id": removal.pk, "choice": "approve"}, {"id": conflict.pk, "choice": "approve"}]}
    told = problem(alice_api.post(f"{API}/reviews", wrong, JSON), 400, "invalid")
    assert [error["field"] for error in told["errors"]] == ["answers.1.choice"]
    assert set(Review.objects.values_list("state", flat=True)) == {"open"}
    right = {"answers": [{"id": removal.pk, "choice": "approve"}, {"id": conflict.pk, "choice": "library"}]}
    assert alice_api.post(f"{API}/reviews", right, JSON).json() == {"answered": 2}
    assert set(Review.objects.values_list("state", flat=True)) == {"approved"}


def test_a_run_and_a_change_are_put_back(linked: Connection, alice_api: Client) -> None:
    run = rows.make_run(linked)
    change = rows.make_change(run)
    undo = alice_api.post(f"{API}/changes/{change.pk}/undo", {}, JSON)
    assert (undo.status_code, undo.json()["undoes"], undo.json()["purpose"]) == (202, str(run.pk), "undo")
    assert alice_api.get(f"{API}/changes/{change.pk}").json()["is_undone"] is True
    problem(alice_api.post(f"{API}/runs/{run.pk}/undo", {}, JSON), 409, "cannot_undo")


def test_ones_own_edit_is_put_back_at_once(alice: User, alice_api: Client) -> None:
    entry = rows.make_entry(alice)
    url = f"{API}/library/{entry.media_id}"
    alice_api.patch(url, {"score": 90}, JSON, headers={"If-Match": "*"})
    assert alice_api.post(f"{API}/changes/{Change.objects.get().pk}/undo", {}, JSON).status_code == 204
    assert alice_api.get(url).json()["score"] == 80


# Matches ---------------------------------------------------------------------------------------------------


def test_an_entry_is_said_to_be_a_work_and_that_is_taken_back(
    linked: Connection, alice: User, alice_api: Client
) -> None:
    row, media = rows.make_unmatched(linked, remote_id="77"), rows.make_media("Barakamon")
    url = f"{API}/mappings/unmatched/{row.pk}"
    problem(alice_api.post(url, {"choice": "this"}, JSON), 400, "invalid")
    problem(alice_api.post(url, {"choice": "this", "media": 999_999}, JSON), 400, "invalid")
    assert alice_api.post(url, {"choice": "this", "media": media.pk}, JSON).status_code == 204
    problem(alice_api.get(url), 404, "not_found")
    (match,) = alice_api.get(f"{API}/mappings").json()["results"]
    assert (match["external_id"], match["media"], match["title"]) == ("77", media.pk, "Barakamon")
    assert alice_api.delete(f"{API}/mappings/{match['id']}").status_code == 204
    assert alice_api.get(f"{API}/mappings").json()["results"] == []


def test_where_a_work_is_is_said_and_left_out(linked: Connection, alice: User, alice_api: Client) -> None:
    entry = rows.make_entry(alice)
    entry.media.external_ids.create(provider="kitsu", kind="anime", external_id="388", source="fribb")
    url = f"{API}/mappings/media/{entry.media_id}"
    assert alice_api.put(f"{url}/anilist", {"external_id": "457"}, JSON).status_code == 204
    shown = alice_api.get(url).json()
    assert shown["linked"] == [{"provider": "anilist", "external_id": "457", "source": "person"}]
    assert shown["known"] == [{"provider": "kitsu", "external_id": "388", "source": "fribb"}]
    assert alice_api.delete(f"{url}/anilist").status_code == 204
    assert alice_api.get(url).json()["linked"] == [{"provider": "anilist", "external_id": "", "source": "off"}]
    problem(alice_api.put(f"{url}/anilist", {"external_id": "nowhere-1"}, JSON), 400, "invalid")
    problem(alice_api.put(f"{url}/anilist", {"external_id": "a b"}, JSON), 400, "invalid")
    problem(alice_api.put(f"{url}/kitsu", {"external_id": "1"}, JSON), 404, "not_found")


def test_a_search_needs_a_text(linked: Connection, alice_api: Client) -> None:
    row = rows.make_unmatched(linked)
    rows.make_media("Barakamon")
    url = f"{API}/mappings/unmatched/{row.pk}/search"
    problem(alice_api.get(url), 400, "invalid")
    assert [one["title"] for one in alice_api.get(f"{url}?text=baraka").json()] == ["Barakamon"]


def test_a_browser_asks_for_a_stream_by_its_type(linked: Connection, alice_api: Client) -> None:
    """EventSource sends this Accept and no other."""
    run = rows.make_run(linked)
    answer = alice_api.get(f"{API}/runs/{run.pk}/events", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    assert b"event: end" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    missing = alice_api.get(f"{API}/runs/{alice_api.get(API + '/account').json()['id']}/events")
    problem(missing, 404, "not_found")
