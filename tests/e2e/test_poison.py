"""One bad entry never blocks a list: whatever is wrong with it, and wherever we stumble over it, all others flow on.

The list has four titles. ODD is the bad one; the others are edited on both sides in each test, and one is new.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from integrations.errors import Malformed, ProviderError, Transient
from integrations.line import Line, Request
from integrations.models import Connection
from integrations.providers.anilist import convert as anilist_convert
from integrations.providers.anilist import provider as anilist_provider
from integrations.providers.myanimelist import convert as mal_convert
from integrations.sandbox.server import Running
from library.services.editing import edit_entry
from library.services.storing import store_entries
from syncing import queries
from syncing.core import plan as plan_module
from syncing.models import Baseline, Change, Parked, Review, Schedule, SyncRun, Unmatched
from syncing.services import (
    alarms,
    applying,
    hiding,
    matching,
    pruning,
    recalling,
    routing,
    sending,
    undo_planning,
    undoing,
)
from tests.e2e.conftest import Link, sync
from tests.e2e.lists import (
    ANILIST,
    MAL,
    SIDES,
    WRITES,
    assert_at_rest,
    break_,
    clear_counts,
    edit,
    entries_of,
    entry_of,
    held,
    let_hour_pass,
    listed,
    media_of,
    never_sleep,
    writes_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
ODD, THERE, HERE, NEW = 6, 1, 57, 20
PRIVATE = "planted private note"


class Town:
    """A list in step on both sides, and then: ODD edited here, THERE on the service, HERE here, NEW added here."""

    def __init__(self, sandbox: Running, link: Link, alice: User, provider: str) -> None:
        self.sandbox, self.alice, self.provider = sandbox, alice, provider
        entries = [listed(provider, media_id, progress=1) for media_id in (ODD, THERE, HERE)]
        self.connection = link(alice, provider, entries)
        sync(self.connection)
        # From another list, which is not looked at again.
        other = MAL if provider == ANILIST else ANILIST
        sync(link(alice, other, [listed(other, NEW, progress=1)], direction="import_only"))
        clear_counts(sandbox)

    def edit_all(self, *, odd_there: bool = False) -> None:
        if odd_there:
            edit(self.sandbox, self.provider, ODD, progress=2, notes=PRIVATE)
        else:
            edit_entry(self.alice, media_id=media_of(ODD), changes={"progress": 2, "notes": PRIVATE})
        edit(self.sandbox, self.provider, THERE, progress=3)
        edit_entry(self.alice, media_id=media_of(HERE), changes={"progress": 4})
        edit_entry(self.alice, media_id=media_of(NEW), changes={"progress": 5})

    def progress(self) -> tuple[dict[int, int], dict[int, int]]:
        """(there, here)."""
        there = {media_id: entry["progress"] for media_id, entry in held(self.sandbox, self.provider).items()}
        return there, {media_id: entry.progress for media_id, entry in entries_of(self.alice).items()}

    def assert_others_flowed(self, *, odd: tuple[int, int]) -> None:
        """odd: its progress there and here."""
        there, here = self.progress()
        expected = {THERE: 3, HERE: 4, NEW: 5}
        assert (there, here) == ({**expected, ODD: odd[0]}, {**expected, ODD: odd[1]})
        assert Change.objects.filter(action="remove").count() == 0
        assert Review.objects.filter(state="open").count() == 0

    def assert_mended(self, *, odd: int = 2, writes: int = 1) -> None:
        """Without the fault one look brings the odd one in step too; it was written so often in all."""
        Parked.objects.update(last_failed_at=F("last_failed_at") - timedelta(days=2))
        Unmatched.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
        pruning.prune()
        sync(self.connection)
        self.assert_others_flowed(odd=(odd, odd))
        assert writes_of(self.sandbox, self.provider)[f"anime:{ODD}"] == writes
        assert (Parked.objects.count(), Unmatched.objects.filter(remote_id=str(ODD)).count()) == (0, 0)
        let_hour_pass()
        assert_at_rest(self.sandbox, [self.connection])


@pytest.fixture(params=SIDES)
def town(request: pytest.FixtureRequest, sandbox: Running, link: Link, alice: User) -> Town:
    return Town(sandbox, link, alice, request.param)


def stumble(patch: pytest.MonkeyPatch, module: Any, name: str, *, when: Callable[..., bool]) -> None:
    """From now on our own code fails there on what `when` says."""
    real = getattr(module, name)

    def raising(*args: Any, **kwargs: Any) -> Any:
        if when(*args, **kwargs):
            raise ZeroDivisionError(PRIVATE)
        return real(*args, **kwargs)

    patch.setattr(module, name, raising)


def assert_told(caplog: pytest.LogCaptureFixture, *words: str) -> None:
    """Somebody is woken, and learns which entry it is, and nothing that stands on the list."""
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert any(all(word in record.getMessage() for word in words) for record in errors), errors
    for record in caplog.records:
        assert PRIVATE not in record.getMessage()
        assert PRIVATE not in str(record.exc_text)


def good(run: SyncRun) -> bool:
    return (run.state, run.error_code) == ("done", "")


# Reading ----------------------------------------------------------------------------------------------------


def convert_of(provider: str) -> Any:
    return anilist_convert if provider == ANILIST else mal_convert


def test_an_entry_that_cannot_be_read_is_unknown_and_not_gone(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, convert_of(town.provider), "read_state", when=lambda media, _: media.external_id == str(ODD))
        # Twice, since two reads that agree would be a removal.
        assert [good(sync(town.connection, full=True)) for _ in range(3)] == [True] * 3
    town.assert_others_flowed(odd=(1, 2))
    assert_told(caplog, f"anime {ODD}", "ZeroDivisionError")
    assert [row.reason for row in Unmatched.objects.filter(remote_id=str(ODD))] == ["fault"]
    assert [alarm.code for alarm in alarms.read_alarms() if alarm.code.startswith("entries")] == [
        "entries_not_understood"
    ]
    town.assert_mended()


def test_an_entry_whose_status_nobody_knows_is_unknown_too(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    """The service's own novelty: said in the log, but no alarm."""
    town.edit_all()
    words = anilist_convert.STATUSES if town.provider == ANILIST else mal_convert.STATUSES
    with pytest.MonkeyPatch.context() as patch:
        name = "read_listed" if town.provider == ANILIST else "read_row"
        real = getattr(convert_of(town.provider), name)

        def read(kind: Any, row: Any) -> Any:
            """As if the service had a status of its own for this one."""
            odd = row.media_id if town.provider == ANILIST else row.node.id
            if odd == ODD:
                (row if town.provider == ANILIST else row.list_status).status = "BINGED"
            return real(kind, row)

        assert "BINGED" not in words
        patch.setattr(convert_of(town.provider), name, read)
        assert good(sync(town.connection))
    town.assert_others_flowed(odd=(1, 2))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert any(f"anime {ODD}" in record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert [row.reason for row in Unmatched.objects.filter(remote_id=str(ODD))] == ["unclear"]
    town.assert_mended()


def test_a_title_that_was_never_readable_is_not_written_over(
    sandbox: Running, link: Link, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no track: that it is on the list is all that is known, and enough."""
    stumble(monkeypatch, anilist_convert, "read_listed", when=lambda _, row: row.media_id == ODD and row.progress == 1)
    sync(link(alice, MAL, [listed(MAL, ODD, progress=9)], direction="import_only"))
    connection = link(alice, ANILIST, [listed(ANILIST, media_id, progress=1) for media_id in (ODD, THERE)])
    clear_counts(sandbox)
    assert [good(sync(connection, full=True)) for _ in range(2)] == [True, True]
    assert (held(sandbox, ANILIST)[ODD]["progress"], entry_of(alice, ODD).progress) == (1, 9)
    assert (writes_of(sandbox, ANILIST), entry_of(alice, THERE).progress) == ({}, 1)


# Matching, planning -----------------------------------------------------------------------------------------


def test_an_entry_that_cannot_be_matched_is_left_alone(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, matching, "to_remote", when=lambda entry, _: entry.media.external_id == str(ODD))
        assert [good(sync(town.connection, full=True)) for _ in range(3)] == [True] * 3
    town.assert_others_flowed(odd=(1, 2))
    assert_told(caplog, f"anime {ODD}", "ZeroDivisionError")
    assert [row.reason for row in Unmatched.objects.filter(remote_id=str(ODD))] == ["fault"]
    town.assert_mended()


@pytest.mark.parametrize("where", ["there", "here"])
def test_an_entry_that_cannot_be_merged_is_left_alone(town: Town, where: str, caplog: pytest.LogCaptureFixture) -> None:
    town.edit_all(odd_there=where == "there")
    with pytest.MonkeyPatch.context() as patch:

        def is_odd(canonical: Any, now: Any, *_: Any, **__: Any) -> bool:
            return PRIVATE in {side.entry.notes for side in (canonical, now) if side is not None}

        stumble(patch, plan_module, "merge", when=is_odd)
        assert [good(sync(town.connection, full=True)) for _ in range(3)] == [True] * 3
    town.assert_others_flowed(odd=(2, 1) if where == "there" else (1, 2))
    assert_told(caplog, f"anime {ODD}", "ZeroDivisionError")
    assert [row.reason for row in Unmatched.objects.filter(remote_id=str(ODD))] == ["fault"]
    town.assert_mended(writes=0 if where == "there" else 1)


def test_a_title_of_ours_that_cannot_be_merged_is_shown_by_its_own_name(town: Town) -> None:
    """It is not on the service yet."""
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        stumble(
            patch,
            plan_module,
            "merge",
            when=lambda canonical, now, *_, **__: (
                now is None and canonical is not None and canonical.entry.progress == 5
            ),
        )
        assert good(sync(town.connection))
    there, here = town.progress()
    assert (there, here[NEW]) == ({ODD: 2, THERE: 3, HERE: 4}, 5)
    (row,) = Unmatched.objects.filter(reason="fault")
    assert (row.media_id, row.remote_id, bool(row.title)) == (media_of(NEW), "", True)


@pytest.mark.parametrize(("module", "name"), [(hiding, "find_hidden"), (routing, "routes_for")])
def test_a_look_up_that_fails_is_put_off_and_nothing_counts_as_gone(
    town: Town, module: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, module, name, when=lambda *_, **__: True)
        assert [good(sync(town.connection, full=True)) for _ in range(3)] == [True] * 3
    there, here = town.progress()
    assert (there, here) == ({ODD: 2, THERE: 3, HERE: 4}, {ODD: 2, THERE: 3, HERE: 4, NEW: 5})
    assert_told(caplog, "ZeroDivisionError")
    sync(town.connection, full=True)
    town.assert_others_flowed(odd=(2, 2))


# Storing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError(PRIVATE), DataError(PRIVATE)])
def test_a_row_that_cannot_be_stored_costs_that_row_only(
    town: Town, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    town.edit_all(odd_there=True)
    real = store_entries

    def store(user_id: Any, stored: Any, **options: Any) -> Any:
        if media_of(ODD) in stored:
            raise error
        return real(user_id, stored, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applying, "store_entries", store)
        run = sync(town.connection)
        assert (run.state, run.failed, run.library_changes) == ("done", 1, 1)
        # It is not tried in each run.
        assert (sync(town.connection).failed, Parked.objects.get().cause) == (0, "fault")
    town.assert_others_flowed(odd=(2, 1))
    assert_told(caplog, f"anime {ODD}", type(error).__name__)
    states = dict(run.changes.values_list("remote_id", "state"))
    assert (states[str(ODD)], states[str(THERE)]) == ("failed", "applied")
    town.assert_mended(writes=0)


# Writing ----------------------------------------------------------------------------------------------------


def writer_of(provider: str) -> tuple[Any, str]:
    """What makes a request of a write."""
    return (anilist_convert, "arguments_for") if provider == ANILIST else (mal_convert, "form_for")


@pytest.mark.parametrize("step", ["build", "request"])
def test_a_write_that_cannot_be_made_costs_that_write_only(
    town: Town, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        if step == "build":
            stumble(patch, sending, "_to_write", when=lambda _, item: item.track.remote_id == str(ODD))
        else:
            module, name = writer_of(town.provider)
            stumble(patch, module, name, when=lambda write: write.external_id == str(ODD))
        run = sync(town.connection)
        assert (run.state, run.failed, run.writes) == ("done", 1, 2)
        assert (sync(town.connection).failed, Parked.objects.get().cause) == (0, "fault")
    town.assert_others_flowed(odd=(1, 2))
    assert_told(caplog, f"anime {ODD}", "ZeroDivisionError")
    assert writes_of(town.sandbox, town.provider) == {f"anime:{HERE}": 1, f"anime:{NEW}": 1}
    assert [alarm.code for alarm in alarms.read_alarms() if alarm.code.startswith("entries")] == ["entries_set_aside"]
    town.assert_mended()


@pytest.mark.parametrize("step", ["echo", "memory"])
def test_an_answer_that_we_cannot_read_is_a_lost_answer_of_its_own(
    town: Town, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have taken effect, and so may what shared its request: the next read says so. Nothing is sent twice."""
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        if step == "echo" and town.provider == ANILIST:
            stumble(patch, anilist_provider, "_echo", when=lambda write, _: write.external_id == str(ODD))
        elif step == "echo":
            # An echo names no title, a row of the list does.
            stumble(
                patch,
                mal_convert,
                "read_state",
                when=lambda media, _: media.external_id == str(ODD) and not media.titles,
            )
        else:
            stumble(patch, applying, "settle", when=lambda memory, echo, **_: echo.notes == PRIVATE)
        run = sync(town.connection)
        assert (run.state, run.error_code) == ("done", "")
        assert run.changes.get(remote_id=str(ODD), side=town.provider).state == "unknown"
        sync(town.connection)
    town.assert_others_flowed(odd=(2, 2))
    assert_told(caplog, f"anime {ODD}", "ZeroDivisionError")
    assert writes_of(town.sandbox, town.provider) == {f"anime:{media_id}": 1 for media_id in (ODD, HERE, NEW)}
    assert run.changes.get(remote_id=str(ODD), side=town.provider).state == "applied"
    town.assert_mended()


def test_a_lost_answer_that_cannot_be_looked_up_stays_unknown(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    sync(town.connection)
    clear_counts(town.sandbox)
    edit_entry(town.alice, media_id=media_of(ODD), changes={"progress": 2, "notes": PRIVATE})
    break_(town.sandbox, town.provider, "reset", when="after", endpoint=WRITES[town.provider])
    run = sync(town.connection)
    assert run.changes.get().state == "unknown"
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, recalling, "_recall", when=lambda _, remote, *__, **___: remote.remote_id == str(ODD))
        sync(town.connection)
    assert run.changes.get().state == "unknown"
    assert_told(caplog, "ZeroDivisionError")
    town.assert_others_flowed(odd=(2, 2))


# The service's own trouble with one entry -------------------------------------------------------------------


def lose_answers(patch: pytest.MonkeyPatch, *, error: ProviderError, arrives: bool, times: int = 99) -> list[str]:
    """What MyAnimeList makes of a write to ODD is never heard. Gives the works of all writes, as they are sent."""
    real, sent = Line.exchange, []

    def exchange(self: Line, request: Request, **options: Any) -> Any:
        if request.method != "PATCH":
            return real(self, request, **options)
        sent.append(request.url.split("/")[-2])
        if sent[-1] != str(ODD) or sent.count(str(ODD)) > times:
            return real(self, request, **options)
        if arrives:
            real(self, request, **options)
        raise error

    patch.setattr(Line, "exchange", exchange)
    return sent


def test_an_entry_whose_answer_is_always_lost_holds_up_no_other(
    sandbox: Running, link: Link, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_sleep(monkeypatch)
    town = Town(sandbox, link, alice, MAL)
    town.edit_all()
    ends = []
    with pytest.MonkeyPatch.context() as patch:
        sent = lose_answers(patch, error=Transient("500"), arrives=False)
        for _ in range(6):
            run = sync(town.connection)
            ends.append((run.state, run.error_code, run.failed))
            Parked.objects.update(last_failed_at=F("last_failed_at") - timedelta(days=1))
    # At first it may be the service; what is lost twice while others come is the entry's own trouble.
    assert ends == [("halted", "transient", 0)] * 2 + [("done", "", 0)] * 4
    assert sent.count(str(ODD)) == 6
    town.assert_others_flowed(odd=(1, 2))
    assert_rested(town.connection)
    parked = Parked.objects.get()
    assert (parked.cause, parked.failures, parked.remote_id) == ("lost", 6, str(ODD))
    town.assert_mended()


def test_what_was_lost_once_goes_last_and_is_not_kept_waiting(
    sandbox: Running, link: Link, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_sleep(monkeypatch)
    town = Town(sandbox, link, alice, MAL)
    town.edit_all()
    sent = lose_answers(monkeypatch, error=Transient("500"), arrives=False, times=1)
    assert sync(town.connection).state == "halted"
    # It does not count as set aside: one lost answer is a matter of luck.
    assert (Parked.objects.count(), queries.parked_for_user(alice).count()) == (1, 0)
    before = len(sent)
    assert good(sync(town.connection))
    assert sorted(sent[before:]) == sorted([str(ODD), str(HERE), str(NEW)])
    assert sent[-1] == str(ODD)
    town.assert_others_flowed(odd=(2, 2))
    assert Parked.objects.count() == 0


@pytest.mark.parametrize("error", [Transient("cut"), Malformed("strange")])
def test_an_echo_that_never_makes_sense_is_looked_up_and_not_sent_again(
    sandbox: Running, link: Link, alice: User, error: ProviderError, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_sleep(monkeypatch)
    town = Town(sandbox, link, alice, MAL)
    town.edit_all()
    sent = lose_answers(monkeypatch, error=error, arrives=True)
    for _ in range(3):
        sync(town.connection)
    town.assert_others_flowed(odd=(2, 2))
    assert (sent.count(str(ODD)), writes_of(sandbox, MAL)[f"anime:{ODD}"]) == (1, 1)
    assert Parked.objects.count() == 0


def test_an_entry_that_is_always_refused_holds_up_no_other(sandbox: Running, link: Link, alice: User) -> None:
    town = Town(sandbox, link, alice, MAL)
    sandbox.control("POST", f"{MAL}/works", {"works": [{"kind": "anime", "id": ODD, "approved": False}]})
    town.edit_all()
    for _ in range(4):
        assert sync(town.connection).state == "done"
        Parked.objects.update(last_failed_at=F("last_failed_at") - timedelta(days=1))
    town.assert_others_flowed(odd=(1, 2))
    parked = Parked.objects.get()
    assert (parked.cause, parked.failures) == ("refused", 3)


def test_what_is_set_aside_for_long_does_not_keep_the_list_from_resting(town: Town) -> None:
    """Tried once a day it is no reason to look at everything each time."""
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, sending, "_to_write", when=lambda _, item: item.track.remote_id == str(ODD))
        sync(town.connection)
        Parked.objects.update(failures=9)
        sync(town.connection)
    assert Baseline.objects.get(pk=town.connection.pk).digest != ""
    clear_counts(town.sandbox)
    assert sync(town.connection).writes == 0
    town.assert_mended()


# Undoing ----------------------------------------------------------------------------------------------------


def test_one_change_that_cannot_be_undone_leaves_the_others_to_be(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    sync(town.connection)
    for media_id in (ODD, HERE):
        edit_entry(town.alice, media_id=media_of(media_id), changes={"progress": 2})
    run = sync(town.connection)
    undo = undoing.undo_run(town.alice, run_id=run.pk)
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, undo_planning, "_item", when=lambda row, *_, **__: row.remote_id == str(ODD))
        sync(town.connection)
    undo.refresh_from_db()
    assert (undo.state, dict(undo.changes.values_list("remote_id", "state"))) == (
        "done",
        {str(ODD): "failed", str(HERE): "applied"},
    )
    there, _ = town.progress()
    assert (there[ODD], there[HERE]) == (2, 1)
    assert_told(caplog, "ZeroDivisionError")


def test_what_cannot_be_read_is_not_undone_blindly(town: Town) -> None:
    """An undo of a removal would make a second entry of what is there."""
    sync(town.connection)
    edit_entry(town.alice, media_id=media_of(ODD), changes={"progress": 2})
    run = sync(town.connection)
    undo = undoing.undo_run(town.alice, run_id=run.pk)
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, convert_of(town.provider), "read_state", when=lambda media, _: media.external_id == str(ODD))
        sync(town.connection)
    undo.refresh_from_db()
    assert (undo.state, undo.changes.get().state) == ("done", "skipped")
    assert town.progress()[0][ODD] == 2


# A fault that is nobody's in particular ---------------------------------------------------------------------


def test_a_fault_on_everything_is_no_entrys_and_fails_the_run(town: Town) -> None:
    town.edit_all()
    with pytest.MonkeyPatch.context() as patch:
        stumble(patch, matching, "_report", when=lambda *_: True)
        run = sync(town.connection)
    assert (run.state, run.error_code) == ("failed", "internal")
    assert Parked.objects.count() == 0
    assert sync(town.connection).state == "done"
    town.assert_others_flowed(odd=(2, 2))
    assert_rested(town.connection)


def assert_rested(connection: Connection) -> None:
    row = Schedule.objects.get(pk=connection.pk)
    assert (row.failures, row.trouble, row.failing_since, row.deaths) == (0, "", None, 0)
