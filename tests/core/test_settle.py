"""What is remembered after a write, and what is recalled of one whose answer was lost."""

from __future__ import annotations

import pytest

from integrations.capability import Capability
from library.entry import Entry, PartialDate, Status
from syncing.core.merge import recall, settle
from syncing.core.model import Memory
from tests.core.build import entry
from tests.core.services import KITSU, MAL, NARROW, TRAKT, anilist

DAY = PartialDate(2024, 5, 3)
FIVE = entry(progress=5, score=80)
SIX = entry(progress=6, score=80)
TWELVE = entry(progress=12)
IN_STEP = Memory(FIVE, FIVE)


def test_an_echo_is_remembered_for_what_was_sent_and_what_the_server_alters() -> None:
    memory = Memory(seen=FIVE, agreed=SIX)
    echo = SIX.with_(notes="edited meanwhile", started_on=DAY, finished_on=DAY)
    kept = settle(memory, echo, now=FIVE, sent=frozenset({"progress"}), capability=anilist())
    assert kept.seen == SIX.with_(started_on=DAY, finished_on=DAY)
    assert kept.agreed == SIX


@pytest.mark.parametrize("capability", [MAL, KITSU])
@pytest.mark.parametrize("sent", ["notes", "status"])
def test_episodes_watched_between_our_read_and_our_write_are_the_persons(capability: Capability, sent: str) -> None:
    """These servers move a count only by completing."""
    wanted = FIVE.with_(notes="x") if sent == "notes" else FIVE.with_(status=Status.DROPPED)
    echo = wanted.with_(progress=8)
    kept = settle(Memory(FIVE, wanted), echo, now=FIVE, sent=frozenset({sent}), capability=capability)
    assert kept == Memory(wanted, wanted)
    done = FIVE.with_(status=Status.COMPLETED)
    full = done.with_(progress=12)
    kept = settle(Memory(FIVE, done), full, now=FIVE, sent=frozenset({"status"}), capability=capability)
    assert kept == Memory(full, done)


def test_a_note_makes_kitsu_complete_what_is_full_already() -> None:
    full = TWELVE.with_(status=Status.PAUSED)
    noted = full.with_(notes="x")
    echo = noted.with_(status=Status.COMPLETED)
    kept = settle(Memory(full, noted), echo, now=full, sent=frozenset({"notes"}), capability=KITSU)
    assert kept == Memory(echo, noted)


def test_a_creation_is_remembered_as_echoed() -> None:
    memory = Memory(seen=FIVE, agreed=FIVE)
    echo = FIVE.with_(status=Status.COMPLETED, notes="theirs")
    assert settle(memory, echo, now=None, sent=frozenset(), capability=MAL) == Memory(echo, FIVE)


def test_an_edit_still_in_question_is_not_forgotten_by_a_write_of_another_field() -> None:
    """MyAnimeList may alter progress on every save; the progress in question was the person's."""
    memory = Memory(seen=entry(progress=1), agreed=entry(progress=1, notes="x"))
    read = entry(progress=3)
    kept = settle(memory, read.with_(notes="x"), now=read, sent=frozenset({"notes"}), capability=MAL)
    assert kept.seen == entry(progress=1, notes="x")


def test_a_lost_answer_is_recalled_from_what_the_side_holds() -> None:
    known = recall(IN_STEP, SIX.with_(notes="theirs"), sent={"progress": 6, "score": 90}, capability=anilist())
    assert known == Memory(SIX, SIX)


def test_what_the_server_made_of_a_lost_write_is_no_edit() -> None:
    """Kitsu goes on with a paused title whose progress moves, and fills in the day."""
    paused = entry(progress=5, score=80).with_(status=Status.PAUSED)
    found = paused.with_(status=Status.CURRENT, progress=6, started_on=DAY)
    known = recall(Memory(paused, paused), found.with_(notes="theirs"), sent={"progress": 6}, capability=KITSU)
    # The day stays as it is there; the status is to be brought anew; the note is news.
    assert known == Memory(found, paused.with_(status=Status.CURRENT, progress=6))
    # A score makes Kitsu alter nothing, and a status that was sent and is another one now was changed by the person.
    found = paused.with_(status=Status.DROPPED, score=90)
    known = recall(Memory(paused, paused), found, sent={"score": 90}, capability=KITSU)
    assert known == Memory(paused.with_(score=90), paused.with_(score=90))
    sent = {"progress": 6, "status": Status.CURRENT}
    known = recall(Memory(paused, paused), found.with_(progress=6), sent=sent, capability=KITSU)
    assert known == Memory(paused.with_(progress=6), paused.with_(progress=6))
    # Plays that a record has more than it was sent are its person's.
    known = recall(IN_STEP, entry(progress=7, score=90), sent={"score": 90, "status": Status.CURRENT}, capability=TRAKT)
    assert known == Memory(FIVE.with_(score=90), FIVE.with_(score=90))


def test_a_lost_creation_is_recalled_whole_or_not_at_all() -> None:
    sent = {"status": Status.CURRENT, "progress": 6, "score": 80}
    assert recall(None, SIX.with_(notes="theirs"), sent=sent, capability=anilist()) == Memory(SIX, SIX)
    assert recall(None, FIVE, sent=sent, capability=anilist()) is None
    narrow = recall(None, Entry(Status.PAUSED, progress=6, score=80), sent=sent, capability=NARROW)
    paused = Entry(Status.PAUSED, progress=6, score=80)
    assert narrow == Memory(paused, paused)


def test_plays_taken_off_a_record_are_not_missed_by_a_write_of_another_field() -> None:
    """The score was sent; what the record lacks was brought before, and its owner took it off."""
    memory, read = Memory(entry(progress=9), TWELVE.with_(score=80)), entry(progress=9)
    kept = settle(memory, read.with_(score=80), now=read, sent=frozenset({"score"}), capability=TRAKT, room=10)
    assert kept == Memory(read.with_(score=80), TWELVE.with_(score=80))


@pytest.mark.parametrize(("room", "agreed"), [(10, 10), (12, 12), (0, 12)])
def test_only_what_a_record_had_no_room_for_is_still_to_be_brought(room: int, agreed: int) -> None:
    """Where one episode there stands for five here, 12 is shown as 10 for good: nothing is left to be sent."""
    read = entry(progress=5)
    kept = settle(
        Memory(read, TWELVE), entry(progress=10), now=read, sent=frozenset({"progress"}), capability=TRAKT, room=room
    )
    assert kept == Memory(entry(progress=10), entry(progress=agreed))


def test_a_part_that_arrived_at_a_record_is_recalled_as_our_own() -> None:
    """Else it would undo what a person took back here meanwhile."""
    planned = entry(Status.PLANNED)
    sent = {"status": Status.COMPLETED, "progress": 12}
    known = recall(Memory(planned, planned), FIVE, sent=sent, capability=TRAKT)
    begun = entry(progress=5)
    assert known == Memory(begun, begun)
    assert recall(Memory(FIVE, FIVE), entry(progress=3), sent={"progress": 9}, capability=TRAKT) == IN_STEP
    assert recall(IN_STEP, SIX, sent={"progress": 9}, capability=anilist()) == IN_STEP
