"""An import is looked at first, done once, leaves alone what was edited meanwhile, and can be undone."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from integrations.providers.base import MediaFacts
from library.entry import Entry, Kind, PartialDate, Status
from library.files.model import FileEntry, FileWork, Format, Reading
from library.files.reading import read_list
from library.models import ExternalId, IdPair, ListEntry, Media, PersonMatch
from library.queries import revision_of, rows_of
from library.services.editing import create_entry, edit_entry, remove_entry
from library.services.exporting import CannotExport, export_list
from library.stamps import Stamp
from syncing.models import Change, Schedule, SyncRun
from syncing.services import importing, importing_matching, undoing
from syncing.services.importing import discard_import, expire_imports, preview_import
from syncing.services.importing_applying import CannotApprove, approve_import
from syncing.services.suggesting import look_alikes
from syncing.services.undoing import CannotUndo
from tests.web import rows

pytestmark = pytest.mark.django_db

SEEN = Entry(Status.COMPLETED, 26, score=90, notes="calm")


def reading_of(*entries: FileEntry) -> Reading:
    return Reading(Format.JSON, list(entries), rows=len(entries))


def row(
    entry: Entry = SEEN, *, kind: Kind = Kind.ANIME, stamps: Any = None, title: str = "Mushishi", **ids: str
) -> FileEntry:
    return FileEntry(FileWork(kind, ids, (title,)), entry, stamps or {"*": Stamp(0.0, "file", "10")}, 7)


def media(title: str = "Mushishi", **ids: str) -> Media:
    made = rows.make_media(title)
    for site, id_ in ids.items():
        ExternalId.objects.create(media=made, provider=site, kind=made.kind, external_id=id_, source=site)
    return made


def bring(user: User, *entries: FileEntry, policy: str = "newest") -> SyncRun:
    return approve_import(user, run_id=preview_import(user, reading_of(*entries), policy=policy).pk)


def entries_of(user: User) -> dict[str, Entry]:
    titles = dict(Media.objects.values_list("pk", "title"))
    return {titles[media_id]: each.entry for media_id, each in rows_of(user.pk).items() if not each.removed}


def test_nothing_happens_before_the_yes(alice: User) -> None:
    known = media(myanimelist="457")
    run = preview_import(alice, reading_of(row(myanimelist="457"), row(myanimelist="5114", title="FMA")))
    assert (run.purpose, run.provider, run.state, run.connection_id) == ("import", "file", "preview", None)
    assert (rows_of(alice.pk), revision_of(alice.pk), Media.objects.count()) == ({}, 0, 1)
    planned = {each.title: each for each in run.changes.all()}
    assert {each.state for each in planned.values()} == {"planned"}
    assert (planned["Mushishi"].media_id, planned["FMA"].media_id, planned["FMA"].remote_id) == (
        known.pk,
        None,
        "myanimelist:5114",
    )
    assert planned["Mushishi"].after == {"status": "completed", "progress": 26, "score": 90, "notes": "calm"}


def test_after_it_the_library_and_the_journal_say_the_same(alice: User) -> None:
    media(myanimelist="457")
    run = bring(alice, row(myanimelist="457"), row(Entry(Status.PLANNED), kitsu="11", title="FMA"))
    assert entries_of(alice) == {"Mushishi": SEEN, "FMA": Entry(Status.PLANNED)}
    assert (run.state, run.library_changes, run.writes, run.failed) == ("done", 2, 0, 0)
    done = list(run.changes.all())
    assert {(each.state, each.source, each.side, each.stamps) for each in done} == {
        ("applied", "import", "library", None)
    }
    assert all(each.media_id for each in done)
    (made,) = Media.objects.filter(title="FMA")
    assert list(made.external_ids.values_list("provider", "external_id", "source")) == [("kitsu", "11", "file")]


def test_approving_twice_is_once(alice: User) -> None:
    run = preview_import(alice, reading_of(row(myanimelist="457")))
    approve_import(alice, run_id=run.pk)
    before = (revision_of(alice.pk), Change.objects.count())
    again = approve_import(alice, run_id=run.pk)
    assert (again.state, again.library_changes, before) == ("done", 1, (revision_of(alice.pk), Change.objects.count()))


def test_importing_the_same_file_again_changes_nothing(alice: User) -> None:
    bring(alice, row(myanimelist="457"))
    run = preview_import(alice, reading_of(row(myanimelist="457")), policy="file")
    assert (run.changes.count(), "1 say what your library says already" in run.message) == (0, True)
    assert approve_import(alice, run_id=run.pk).library_changes == 0


def test_other_services_hear_of_it(alice: User) -> None:
    connection = rows.make_connection(alice)
    before = Schedule.objects.get(pk=connection.pk).due_at
    bring(alice, row(myanimelist="457"))
    assert Schedule.objects.get(pk=connection.pk).due_at < before


@pytest.mark.parametrize(("policy", "score"), [("file", 40), ("library", 80), ("newest", 80)])
def test_the_rule_decides_where_both_say_something(policy: str, score: int, alice: User) -> None:
    known = media(myanimelist="457")
    create_entry(alice, media_id=known.pk, values={"status": "completed", "progress": 26, "score": 80})
    run = bring(alice, row(SEEN.with_(score=40, notes="calm"), myanimelist="457"), policy=policy)
    assert entries_of(alice) == {"Mushishi": SEEN.with_(score=score)}
    assert ("1 differing values stay" in run.message) == (policy != "file")


def test_an_unknown_rule_is_refused(alice: User) -> None:
    with pytest.raises(ValueError, match="newest, library, file, furthest"):
        preview_import(alice, reading_of(), policy="mine")


def test_a_value_is_stamped_with_when_it_was_given(alice: User) -> None:
    stamps = {"*": Stamp(100.0, "anilist", "anilist:POINT_5"), "score": Stamp(0.0, "file", "10")}
    before = timezone.now().timestamp()
    bring(alice, row(stamps=stamps, myanimelist="457"))
    (known,) = rows_of(alice.pk).values()
    assert known.stamps["*"] == Stamp(100.0, "anilist", "anilist:POINT_5")
    assert (known.stamps["score"].source, known.stamps["score"].scale) == ("file", "10")
    assert known.stamps["score"].at >= before


# What it is ---------------------------------------------------------------------------------------------------


def test_ids_are_looked_up_in_the_catalogue_and_in_the_tables(alice: User) -> None:
    by_id, by_table = media("Mushishi", kitsu="1"), media("FMA", anilist="5114")
    now = timezone.now()
    IdPair.objects.create(
        kind="anime",
        left_site="anilist",
        left_id="5114",
        right_site="myanimelist",
        right_id="5",
        source="arm",
        first_seen_at=now,
    )
    run = preview_import(alice, reading_of(row(anilist="404", kitsu="1"), row(myanimelist="5", title="x")))
    assert {each.media_id for each in run.changes.all()} == {by_id.pk, by_table.pk}


def test_a_persons_own_word_comes_first(alice: User, bob: User) -> None:
    catalogued, said = media("By the catalogue", myanimelist="457"), media("By her word")
    PersonMatch.objects.create(user=alice, provider="myanimelist", kind="anime", external_id="457", media=said)
    PersonMatch.objects.create(user=alice, provider="myanimelist", kind="anime", external_id="9", media=None)
    run = preview_import(alice, reading_of(row(myanimelist="457"), row(myanimelist="9", title="Left alone")))
    assert {each.title: (each.media_id, each.state) for each in run.changes.all()} == {
        "By her word": (said.pk, "planned"),
        "Left alone": (None, "failed"),
    }
    assert preview_import(bob, reading_of(row(myanimelist="457"))).changes.get().media_id == catalogued.pk


def test_what_cannot_be_placed_is_told_and_never_dropped_silently(alice: User) -> None:
    media("One", anilist="1")
    media("Two", myanimelist="2")
    run = bring(
        alice,
        row(title="Only a title"),
        row(title="Torn", anilist="1", myanimelist="2"),
        row(title="Made up", myanimelist="99999999"),
        row(title="Elsewhere", crunchyroll="7"),
        row(title="Twice", kitsu="3"),
        row(Entry(Status.DROPPED), title="Twice", kitsu="3"),
    )
    told = {each.title: each.message for each in run.changes.filter(state="failed")}
    assert set(told) == {"Only a title", "Torn", "Made up", "Elsewhere", "Twice"}
    assert told["Torn"] == f"{importing_matching.TORN} (row 7: anilist 1, myanimelist 2)"
    assert told["Twice"].startswith(importing.TWICE)
    assert (run.failed, run.library_changes, entries_of(alice)) == (5, 1, {"Twice": Entry(Status.DROPPED)})


def test_what_may_be_a_work_that_is_here_already_is_not_made_again(alice: User) -> None:
    media("One", kitsu="1")
    now = timezone.now()
    for kitsu in ("1", "2"):
        IdPair.objects.create(
            kind="anime",
            left_site="kitsu",
            left_id=kitsu,
            right_site="myanimelist",
            right_id="5",
            source="arm",
            state="ambiguous",
            first_seen_at=now,
        )
    run = bring(alice, row(myanimelist="5"))
    assert (run.changes.get().state, Media.objects.count()) == ("failed", 1)
    assert run.changes.get().message.startswith(importing_matching.DOUBTFUL)


def test_a_file_ties_no_works_together_for_others(alice: User, bob: User) -> None:
    """It names an id of another work beside its own: whoever has that other work does not get this one."""
    bring(alice, row(title="Hers", anilist="1", myanimelist="2"))
    assert list(ExternalId.objects.values_list("provider", "external_id")) == [("anilist", "1")]
    bring(bob, row(title="His", myanimelist="2"))
    assert entries_of(bob) == {"His": SEEN}


def test_what_a_file_calls_a_work_is_compared_with_nobodys_entries(alice: User) -> None:
    """Until a service has described it: else a file could make other people's entries wait, or tie them wrongly."""
    bring(alice, row(title="A very new show", anilist="1"))
    wanted = {"77": MediaFacts(Kind.ANIME, "77", ("A very new show",))}
    assert look_alikes("kitsu", Kind.ANIME, wanted, but=()) == {}
    Media.objects.update(format="tv")
    (candidate,) = look_alikes("kitsu", Kind.ANIME, wanted, but=())["77"]
    assert candidate.media_id == Media.objects.get().pk


def test_the_same_new_work_under_two_ids_is_put_on_the_list_once(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table came between the preview and the yes."""
    run = preview_import(alice, reading_of(row(title="A", anilist="1"), row(title="B", kitsu="2")))
    IdPair.objects.create(
        kind="anime",
        left_site="anilist",
        left_id="1",
        right_site="kitsu",
        right_id="2",
        source="arm",
        first_seen_at=timezone.now(),
    )
    monkeypatch.setattr(importing, "BATCH", 1)
    monkeypatch.setattr("syncing.services.importing_applying.BATCH", 1)
    run = approve_import(alice, run_id=run.pk)
    assert (run.library_changes, run.skipped, len(rows_of(alice.pk))) == (1, 1, 1)


# Edited meanwhile ------------------------------------------------------------------------------------------------


def test_an_entry_that_was_edited_since_the_preview_is_left_and_named(alice: User) -> None:
    one, two = media("One", anilist="1"), media("Two", anilist="2")
    for each in (one, two):
        create_entry(alice, media_id=each.pk, values={"status": "current", "progress": 3})
    offered = Entry(Status.CURRENT, 9)
    run = preview_import(alice, reading_of(row(offered, anilist="1"), row(offered, anilist="2")), policy="file")
    edit_entry(alice, media_id=one.pk, changes={"progress": 5})
    edit_entry(alice, media_id=two.pk, changes={"score": 70})
    run = approve_import(alice, run_id=run.pk)
    assert entries_of(alice) == {"One": Entry(Status.CURRENT, 5), "Two": Entry(Status.CURRENT, 9, score=70)}
    assert (run.library_changes, run.skipped) == (1, 1)
    assert run.message.startswith("1 entries were edited since the preview")
    left = run.changes.get(state="skipped")
    assert (left.title, left.message) == ("One", "Edited since; left as it is.")


def test_a_title_that_came_or_went_since_the_preview_is_left(alice: User) -> None:
    came, went = media("Came", anilist="1"), media("Went", anilist="2")
    create_entry(alice, media_id=went.pk, values={"status": "current"})
    run = preview_import(alice, reading_of(row(anilist="1"), row(anilist="2")), policy="file")
    create_entry(alice, media_id=came.pk, values={"status": "dropped"})
    remove_entry(alice, media_id=went.pk)
    run = approve_import(alice, run_id=run.pk)
    assert (entries_of(alice), run.skipped) == ({"Came": Entry(Status.DROPPED)}, 2)


def test_what_was_taken_off_comes_back_by_its_file(alice: User) -> None:
    known = media(anilist="1")
    create_entry(alice, media_id=known.pk, values={"status": "completed", "progress": 26, "score": 90, "notes": "calm"})
    remove_entry(alice, media_id=known.pk)
    bring(alice, row(anilist="1"), policy="library")
    assert entries_of(alice) == {"Mushishi": SEEN}


# No, and never mind --------------------------------------------------------------------------------------------


def test_a_discarded_import_leaves_nothing_and_cannot_be_done(alice: User) -> None:
    run = preview_import(alice, reading_of(row(myanimelist="457")))
    assert discard_import(alice, run_id=run.pk).state == "abandoned"
    assert (Change.objects.count(), Media.objects.count(), rows_of(alice.pk)) == (0, 0, {})
    with pytest.raises(CannotApprove, match="You discarded it"):
        approve_import(alice, run_id=run.pk)
    done = bring(alice, row(myanimelist="457"))
    assert discard_import(alice, run_id=done.pk).state == "done"


def test_a_newer_file_takes_the_place_of_one_that_waits(alice: User, bob: User) -> None:
    his = preview_import(bob, reading_of(row(myanimelist="1")))
    first = preview_import(alice, reading_of(row(myanimelist="1")))
    second = preview_import(alice, reading_of(row(myanimelist="2")))
    states = dict(SyncRun.objects.values_list("pk", "state"))
    assert states == {his.pk: "preview", first.pk: "abandoned", second.pk: "preview"}
    assert set(Change.objects.values_list("run", flat=True)) == {his.pk, second.pk}


def test_a_plan_without_a_word_is_given_up_after_a_week(alice: User) -> None:
    run = preview_import(alice, reading_of(row(myanimelist="1")))
    assert expire_imports() == 0
    SyncRun.objects.update(started_at=timezone.now() - timedelta(days=8))
    assert expire_imports() == 1
    run.refresh_from_db()
    assert (run.state, run.changes.count()) == ("abandoned", 0)


def test_another_persons_import_does_not_exist(alice: User, charlie: User) -> None:
    run = preview_import(alice, reading_of(row(myanimelist="1")))
    for act in (approve_import, discard_import, undoing.undo_run):
        for run_id in (run.pk, uuid4()):
            with pytest.raises(SyncRun.DoesNotExist):
                act(charlie, run_id=run_id)
    sync = rows.make_run(rows.make_connection(alice))
    for act in (approve_import, discard_import):
        with pytest.raises(SyncRun.DoesNotExist):
            act(alice, run_id=sync.pk)


# Undo ------------------------------------------------------------------------------------------------------------


def test_undo_puts_back_what_nobody_touched_since(alice: User) -> None:
    for title, id_ in (("Edited", "1"), ("Changed", "2")):
        create_entry(alice, media_id=media(title, anilist=id_).pk, values={"status": "current", "progress": 3})
    run = bring(
        alice,
        row(Entry(Status.CURRENT, 9), anilist="1"),
        row(Entry(Status.CURRENT, 9), anilist="2"),
        row(anilist="3", title="New"),
        policy="file",
    )
    edit_entry(alice, media_id=Media.objects.get(title="Edited").pk, changes={"progress": 11})
    back = undoing.undo_run(alice, run_id=run.pk)
    assert entries_of(alice) == {"Edited": Entry(Status.CURRENT, 11), "Changed": Entry(Status.CURRENT, 3)}
    assert (back.state, back.purpose, back.undoes_id, back.library_changes, back.skipped) == (
        "done",
        "undo",
        run.pk,
        2,
        1,
    )
    gone = ListEntry.objects.get(media__title="New")
    assert (gone.removed_by, gone.removed_at is not None) == ("undo", True)
    waiting = preview_import(alice, reading_of(row(anilist="4")))
    with pytest.raises(CannotUndo):
        undoing.undo_run(alice, run_id=waiting.pk)


def test_undo_can_be_undone_and_is_not_done_twice(alice: User) -> None:
    run = bring(alice, row(anilist="1"))
    back = undoing.undo_run(alice, run_id=run.pk)
    assert entries_of(alice) == {}
    with pytest.raises(CannotUndo, match="nothing left"):
        undoing.undo_run(alice, run_id=run.pk)
    undoing.undo_run(alice, run_id=back.pk)
    assert entries_of(alice) == {"Mushishi": SEEN}


def test_one_change_of_an_import_can_be_undone_alone(alice: User) -> None:
    run = bring(alice, row(anilist="1", title="One"), row(anilist="2", title="Two"))
    assert undoing.undo_change(alice, change_id=run.changes.get(title="One").pk) is None
    assert entries_of(alice) == {"Two": SEEN}
    assert undoing.undo_run(alice, run_id=run.pk).library_changes == 1
    assert entries_of(alice) == {}


# There and back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", Format)
def test_a_list_that_is_exported_and_imported_elsewhere_is_the_same(
    file_format: Format, alice: User, bob: User
) -> None:
    full = Entry(Status.REPEATING, 3, 0, 80, PartialDate(2020, 5), PartialDate(2021, 2, 3), 2, "]]> =1\n", False)
    bring(
        alice,
        row(full, anilist="1", myanimelist="10", title="=One", stamps={"*": Stamp(5.0, "kitsu", "20")}),
        row(Entry(Status.PLANNED), myanimelist="20", title="Two", stamps={"*": Stamp(6.0, "kitsu", "20")}),
    )
    ExternalId.objects.create(
        media=Media.objects.get(title="=One"), provider="myanimelist", kind="anime", external_id="10", source="x"
    )
    hers = rows_of(alice.pk)
    data = "".join(export_list(alice, file_format=file_format, kind=Kind.ANIME)).encode()
    run = preview_import(bob, read_list(io.BytesIO(data)))
    approve_import(bob, run_id=run.pk)
    his = rows_of(bob.pk)
    assert {media_id: each.entry for media_id, each in his.items()} == {
        media_id: each.entry for media_id, each in hers.items()
    }
    if file_format is Format.JSON:
        assert {media_id: each.stamps for media_id, each in his.items()} == {
            media_id: each.stamps for media_id, each in hers.items()
        }


def test_an_export_is_of_one_person_without_what_was_removed(alice: User, bob: User) -> None:
    for user, title in ((alice, "Hers"), (alice, "Gone"), (bob, "His")):
        rows.make_entry(user, media(title, anilist=title), notes=title)
    remove_entry(alice, media_id=Media.objects.get(title="Gone").pk)
    for file_format in (Format.JSON, Format.CSV):
        text = "".join(export_list(alice, file_format=file_format))
        assert ("Hers" in text, "Gone" in text, "His" in text) == (True, False, False)


def test_a_persons_own_word_is_what_the_file_says(alice: User) -> None:
    known = media("Mushishi", myanimelist="1")
    rows.make_entry(alice, known)
    PersonMatch.objects.create(user=alice, provider="myanimelist", kind="anime", external_id="2", media=known)
    PersonMatch.objects.create(
        user=alice, provider="kitsu", kind="anime", external_id=f"nowhere-{known.pk}", media=known
    )
    text = "".join(export_list(alice, file_format=Format.JSON))
    assert '"ids":{"myanimelist":"2"}' in text


def test_private_entries_stay_out_where_they_are_not_wanted_and_the_head_counts_what_is_written(alice: User) -> None:
    rows.make_entry(alice, media("Seen", myanimelist="1"), status="completed")
    rows.make_entry(alice, media("Secret", myanimelist="2"), status="completed", private=True)
    rows.make_entry(alice, media("Nowhere"), status="completed")
    text = "".join(export_list(alice, file_format=Format.MAL_XML, kind=Kind.ANIME, with_private=False))
    assert ("Secret" in text, "<user_total_anime>1</user_total_anime>" in text) == (False, True)
    assert "<user_total_completed>1</user_total_completed>" in text
    assert "has no id for it here: Nowhere" in text
    with pytest.raises(CannotExport, match="one kind"):
        export_list(alice, file_format=Format.MAL_XML)


# Cost -----------------------------------------------------------------------------------------------------------------


def queries_of_an_import(user: User, *, first: int, count: int) -> list[int]:
    file = reading_of(*(row(myanimelist=str(first + number), title=f"T{number}") for number in range(count)))
    with CaptureQueriesContext(database) as preview:
        run = preview_import(user, file)
    with CaptureQueriesContext(database) as approval:
        approve_import(user, run_id=run.pk)
    with CaptureQueriesContext(database) as undo:
        undoing.undo_run(user, run_id=run.pk)
    with CaptureQueriesContext(database) as export:
        "".join(export_list(user, file_format=Format.JSON))
    return [len(each) for each in (preview, approval, undo, export)]


def test_forty_entries_cost_as_many_queries_as_one(alice: User, bob: User) -> None:
    """As many as SQLite takes in one statement; the large figures are in `tests/bench/bench_files.py`."""
    many = queries_of_an_import(bob, first=1, count=40)
    assert many == queries_of_an_import(alice, first=50, count=1)
    assert max(many) <= 40
