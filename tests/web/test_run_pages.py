"""Home, runs, changes, questions: what is shown and what a press of a button does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.models import Connection
from library.models import ListEntry
from library.services import editing
from syncing.models import Change, Review, Schedule, SyncRun
from syncing.services import undoing
from tests.web import rows

# Home -----------------------------------------------------------------------------------------------------


def test_a_stranger_sees_what_this_is(client: Client, db: None) -> None:
    page = client.get("/").content.decode()
    assert "Your anime and manga lists, the same everywhere" in page
    assert "AniList, MyAnimeList, Kitsu and Trakt" in page


def test_a_newcomer_is_led_to_the_first_link(alice_client: Client) -> None:
    answer = alice_client.get("/")
    assert answer.context["step"] == 1
    assert b'action="/connections/anilist/connect/"' in answer.content


def test_while_the_first_list_is_read_the_page_keeps_itself_fresh(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice, last_synced_at=None, approved_at=None)
    Schedule.objects.update(interactive=True)
    answer = alice_client.get("/")
    assert answer.context["step"] == 2
    assert b'data-live="3"' in answer.content
    assert b"enishi/live.js" in answer.content


def test_a_finished_first_look_leads_to_the_preview(alice: User, alice_client: Client) -> None:
    connection = rows.make_connection(alice, last_synced_at=None, approved_at=None)
    run = rows.make_run(connection, state="preview", purpose="preview")
    rows.make_review(run)
    answer = alice_client.get("/")
    assert answer.context["step"] == 2
    assert f'href="/runs/{run.pk}/">Look at the preview'.encode() in answer.content
    assert b"data-live" not in answer.content


def test_with_one_service_in_step_the_second_is_next(alice: User, alice_client: Client) -> None:
    rows.make_run(rows.make_connection(alice))
    answer = alice_client.get("/")
    assert answer.context["step"] == 3
    assert b'action="/connections/myanimelist/connect/"' in answer.content
    rows.make_connection(alice, "myanimelist")
    assert alice_client.get("/").context["step"] == 0


@pytest.mark.parametrize(
    ("connection", "run", "text"),
    [
        ({"state": "needs_login"}, {}, "Needs you to sign in again"),
        ({"state": "paused"}, {}, "Paused"),
        ({}, {"state": "running", "finished_at": None}, "Working now"),
        ({}, {"state": "queued", "finished_at": None}, "Working now"),
        ({}, {"state": "failed"}, "Last sync did not finish"),
        ({}, {"state": "halted"}, "Last sync did not finish"),
        ({"last_synced_at": None}, {"state": "halted"}, "The list could not be read yet"),
        ({}, {"state": "done"}, "In step"),
    ],
)
def test_a_connection_says_how_it_does(
    connection: dict[str, Any], run: dict[str, Any], text: str, alice: User, alice_client: Client
) -> None:
    rows.make_run(rows.make_connection(alice, **connection), **run)
    (card,) = alice_client.get("/").context["cards"]
    assert card["badge"].text == text


def test_times_are_shown_in_the_persons_zone(alice: User, alice_client: Client) -> None:
    started = datetime(2026, 1, 2, 23, 30, tzinfo=UTC)
    rows.make_run(rows.make_connection(alice), started_at=started)
    assert alice.timezone == "Europe/Berlin"
    assert b"3 Jan 2026, 00:30" in alice_client.get("/runs/").content


# Buttons --------------------------------------------------------------------------------------------------


def test_sync_now_makes_it_due_for_a_person(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice)
    assert alice_client.post("/connections/anilist/sync/").status_code == 302
    schedule = Schedule.objects.get()
    assert (schedule.interactive, schedule.full, schedule.due_at <= timezone.now()) == (True, False, True)
    alice_client.post("/connections/anilist/sync/", {"full": "1"})
    assert Schedule.objects.get().full is True


def test_a_preview_is_asked_for(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice)
    alice_client.post("/connections/anilist/preview/")
    assert Schedule.objects.get().preview is True


def test_pausing_and_going_on(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice)
    alice_client.post("/connections/anilist/pause/", {"paused": "1"})
    assert Connection.objects.get().state == "paused"
    alice_client.post("/connections/anilist/pause/", {"paused": "0"})
    assert Connection.objects.get().state == "active"


# Runs and changes -----------------------------------------------------------------------------------------


def test_a_run_tells_its_changes(alice: User, alice_client: Client) -> None:
    run = rows.make_run(rows.make_connection(alice), library_changes=1, entries_read=312, requests=1)
    rows.make_change(run, reason="conflict_newest")
    page = alice_client.get(f"/runs/{run.pk}/").content.decode()
    assert "312 entries read, 1 change in your library, 1 request" in page
    assert "Changed in your library" in page
    assert "AniList says 80/100 (8/10), your library says 70/100 (7/10)" in page
    assert 'href="https://anilist.co/anime/457' in page


@pytest.mark.parametrize(("show", "count"), [("", 3), ("library", 1), ("service", 2), ("failed", 1), ("nonsense", 3)])
def test_changes_can_be_chosen(show: str, count: int, alice: User, alice_client: Client) -> None:
    run = rows.make_run(rows.make_connection(alice))
    rows.make_change(run, rows.make_media("One"))
    rows.make_change(run, rows.make_media("Two"), side="anilist")
    rows.make_change(run, rows.make_media("Three"), side="anilist", state="failed")
    assert len(alice_client.get(f"/runs/{run.pk}/?show={show}").context["changes"]) == count


def test_a_first_preview_can_be_approved_where_it_is_seen(alice: User, alice_client: Client) -> None:
    connection = rows.make_connection(alice, approved_at=None, last_synced_at=None)
    run = rows.make_run(connection, state="preview", purpose="preview")
    rows.make_change(run, state="planned")
    review = rows.make_review(run)
    page = alice_client.get(f"/runs/{run.pk}/").content.decode()
    assert "This is what would change" in page
    assert "Will be changed in your library" in page
    assert "nothing is removed anywhere" in page
    answer = alice_client.post(f"/reviews/{review.pk}/", {"choice": "approve"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert Connection.objects.get().approved_at is not None


def test_a_first_preview_can_be_discarded(alice: User, alice_client: Client) -> None:
    connection = rows.make_connection(alice, approved_at=None, last_synced_at=None)
    review = rows.make_review(rows.make_run(connection, state="preview", purpose="preview"))
    alice_client.post(f"/reviews/{review.pk}/", {"choice": "discard"})
    assert Connection.objects.get().approved_at is None
    assert Review.objects.get().state == "discarded"


def test_a_later_preview_offers_the_sync(alice: User, alice_client: Client) -> None:
    run = rows.make_run(rows.make_connection(alice), state="preview", purpose="preview")
    rows.make_change(run, state="planned")
    page = alice_client.get(f"/runs/{run.pk}/").content.decode()
    assert "This is what the next sync would change" in page
    assert 'action="/connections/anilist/sync/"' in page


def test_undoing_a_change(alice: User, alice_client: Client) -> None:
    run = rows.make_run(rows.make_connection(alice))
    change = rows.make_change(run)
    answer = alice_client.post(f"/changes/{change.pk}/undo/")
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert Change.objects.get(undoes=change).after == {"score": 70}
    (told,) = alice_client.get(f"/runs/{run.pk}/").context["changes"]
    assert (told.can_undo, told.is_undone) == (False, True)
    assert alice_client.get(f"/runs/{run.pk}/").context["can_undo"] is False


def test_undoing_a_run_shows_the_run_that_does_it(alice: User, alice_client: Client) -> None:
    run = rows.make_run(rows.make_connection(alice))
    rows.make_change(run)
    answer = alice_client.post(f"/runs/{run.pk}/undo/")
    undo = SyncRun.objects.get(purpose="undo")
    assert answer["Location"] == f"/runs/{undo.pk}/"
    page = alice_client.get(answer["Location"]).content.decode()
    assert "Undo on AniList" in page
    assert 'data-live="2"' in page


@pytest.mark.parametrize("name", ["undo_change", "undo_run"])
def test_what_cannot_be_undone_is_told(
    name: str, alice: User, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise undoing.CannotUndo("It was edited since.")

    monkeypatch.setattr(undoing, name, refuse)
    run = rows.make_run(rows.make_connection(alice))
    change = rows.make_change(run)
    url = f"/changes/{change.pk}/undo/" if name == "undo_change" else f"/runs/{run.pk}/undo/"
    answer = alice_client.post(url, follow=True)
    assert answer.redirect_chain == [(f"/runs/{run.pk}/", 302)]
    assert "It was edited since." in answer.content.decode()


def test_own_edits_are_listed_and_can_be_undone(alice: User, alice_client: Client) -> None:
    entry = rows.make_entry(alice)
    editing.edit_entry(alice, media_id=entry.media_id, changes={"score": 95})
    (told,) = alice_client.get("/runs/by-hand/").context["changes"]
    assert (told.title, told.lines[0].after, told.why) == ("Mushishi", "95/100", "You changed it here.")
    answer = alice_client.post(f"/changes/{told.id}/undo/")
    assert answer["Location"] == "/runs/by-hand/"
    assert ListEntry.objects.get().score == 80


# Questions ------------------------------------------------------------------------------------------------


def test_the_tray_counts_what_waits(alice: User, alice_client: Client) -> None:
    assert b'class="count"' not in alice_client.get("/library/").content
    rows.make_review(rows.make_run(rows.make_connection(alice)), "removal", key="1", media=rows.make_media())
    assert b'<span class="count">1' in alice_client.get("/library/").content


def test_a_conflict_is_answered_by_side(alice: User, alice_client: Client) -> None:
    summary = {"kind": "anime", "field": "score", "library": 83, "provider": 70}
    run = rows.make_run(rows.make_connection(alice))
    review = rows.make_review(run, "conflict", key="1:score", media=rows.make_media(), summary=summary)
    page = alice_client.get("/reviews/").content.decode()
    assert "83/100 (8/10)" in page
    alice_client.post(f"/reviews/{review.pk}/", {"choice": "provider"})
    assert Review.objects.get().choice == "provider"


@pytest.mark.parametrize("choice", ["", "maybe", "library", "__class__"])
def test_an_answer_that_was_not_offered_changes_nothing(choice: str, alice: User, alice_client: Client) -> None:
    review = rows.make_review(rows.make_run(rows.make_connection(alice)), "removal", key="1", media=rows.make_media())
    answer = alice_client.post(f"/reviews/{review.pk}/", {"choice": choice}, follow=True)
    assert "Please choose one of the answers" in answer.content.decode()
    assert Review.objects.get().state == "open"


def test_a_question_is_answered_once(alice: User, alice_client: Client) -> None:
    review = rows.make_review(rows.make_run(rows.make_connection(alice)), "removal", key="1", media=rows.make_media())
    assert alice_client.post(f"/reviews/{review.pk}/", {"choice": "discard"}).status_code == 302
    assert alice_client.post(f"/reviews/{review.pk}/", {"choice": "approve"}).status_code == 404
    assert Review.objects.get().state == "discarded"


def test_titles_without_a_counterpart_are_listed_with_their_reason(alice: User, alice_client: Client) -> None:
    connection = rows.make_connection(alice)
    rows.make_unmatched(connection)
    rows.make_unmatched(connection, remote_id="", title="", media=rows.make_media("Hyouge Mono"), reason="not_there")
    page = alice_client.get("/unmatched/").content.decode()
    assert "Obscure" in page
    assert "Hyouge Mono" in page
    assert "AniList does not seem to have this title" in page
    assert "No match was found" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [("done", "Nothing had to be changed."), ("held", "Nothing was changed."), ("halted", "Nothing was changed.")],
)
def test_a_run_without_changes_says_why_there_are_none(
    alice: User, alice_client: Client, state: str, words: str
) -> None:
    run = rows.make_run(rows.make_connection(alice), state=state)
    assert words in alice_client.get(f"/runs/{run.pk}/").content.decode()


def test_a_sync_of_this_minute_was_just_now(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice)
    page = alice_client.get("/").content.decode()
    assert "<dd>just now</dd>" in page
    assert "0\xa0minutes" not in page
