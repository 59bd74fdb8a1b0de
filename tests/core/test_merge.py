"""One entry against one side, case by case: what moves where, why, and what is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.capability import SCALES
from library.entry import Entry, PartialDate, Status
from library.stamps import Stamp, stamp_of
from syncing.core.merge import merge, recall, settle
from syncing.core.model import AWAY, Action, Canonical, Memory, Move, Now, Reason, Verdict
from tests.core.build import entry, held, now, rules
from tests.core.services import KITSU, MAL, NARROW, anilist

DAY = PartialDate(2024, 5, 3)
FIVE = entry(progress=5, score=80)
SIX = entry(progress=6, score=80)
IN_STEP = Memory(FIVE, FIVE)


def moves(verdict: Verdict) -> tuple[dict[str, Any], dict[str, Any]]:
    """({field: value} into the library, {field: value} to the side)."""
    return {m.field: m.after for m in verdict.moves_in}, {m.field: m.after for m in verdict.moves_out}


# Both hold it --------------------------------------------------------------------------------------------


def test_only_the_side_moved() -> None:
    verdict = merge(held(FIVE), now(SIX, at=300.0), IN_STEP, rules=rules())
    assert (verdict.to_library, verdict.to_side) == (Action.UPDATE, Action.NONE)
    assert verdict.moves_in == (Move("progress", 5, 6, Reason.SIDE_EDIT),)
    assert verdict.memory == Memory(SIX, SIX)
    assert verdict.canonical is not None
    assert stamp_of(verdict.canonical.stamps, "progress") == Stamp(300.0, "anilist", "anilist:POINT_100")
    assert stamp_of(verdict.canonical.stamps, "score") == Stamp(100.0)


def test_only_the_library_moved() -> None:
    verdict = merge(held(SIX), now(FIVE), IN_STEP, rules=rules())
    assert (verdict.to_library, verdict.to_side) == (Action.NONE, Action.UPDATE)
    assert verdict.moves_out == (Move("progress", 5, 6, Reason.LIBRARY_EDIT),)
    assert verdict.memory == Memory(FIVE, SIX)
    assert not verdict.stamped


def test_each_moved_another_field() -> None:
    verdict = merge(held(SIX), now(FIVE.with_(notes="x")), IN_STEP, rules=rules())
    assert moves(verdict) == ({"notes": "x"}, {"progress": 6})
    assert verdict.conflicts == ()


def test_both_moved_to_the_same() -> None:
    verdict = merge(held(SIX), now(SIX), IN_STEP, rules=rules())
    assert verdict.is_quiet
    assert verdict.memory == Memory(SIX, SIX)


def test_both_moved_apart_is_recorded_with_its_winner() -> None:
    seven = entry(progress=7, score=80)
    verdict = merge(held(SIX, at=100.0), now(seven, at=200.0), IN_STEP, rules=rules())
    assert moves(verdict) == ({"progress": 7}, {})
    (conflict,) = verdict.conflicts
    assert (conflict.library, conflict.provider, conflict.winner, conflict.policy) == (6, 7, "provider", "newest")
    verdict = merge(held(SIX, at=300.0), now(seven, at=200.0), IN_STEP, rules=rules())
    assert moves(verdict) == ({}, {"progress": 6})
    assert verdict.conflicts[0].winner == "library"
    assert verdict.moves_out[0].reason is Reason.NEWER


def test_an_edit_of_unknown_time_carries_the_time_of_the_read() -> None:
    verdict = merge(held(FIVE), now(SIX, at=0.0), IN_STEP, rules=rules(read_at=777.0))
    assert verdict.canonical is not None
    assert stamp_of(verdict.canonical.stamps, "progress").at == 777.0


def test_a_value_that_only_restates_the_library_is_no_edit() -> None:
    """The person's 9 of 10 says no more than the library's 87."""
    memory = Memory(entry(score=80), entry(score=87))
    verdict = merge(held(entry(score=87)), now(entry(score=90)), memory, rules=rules(MAL))
    assert verdict.is_quiet
    assert verdict.memory == Memory(entry(score=90), entry(score=87))


def test_a_server_that_altered_our_write_is_not_written_again() -> None:
    memory = Memory(entry(status=Status.COMPLETED, progress=12), entry(progress=12))
    verdict = merge(held(entry(progress=12)), now(memory.seen), memory, rules=rules(KITSU))
    assert verdict.is_quiet


def test_a_write_that_failed_is_planned_again() -> None:
    verdict = merge(held(SIX), now(FIVE), IN_STEP, rules=rules())
    again = merge(verdict.canonical, now(FIVE), IN_STEP, rules=rules())
    assert moves(again) == ({}, {"progress": 6})


def test_fields_that_a_side_cannot_hold_are_never_compared() -> None:
    mine = entry(progress=5, score=80, notes="mine", private=True)
    memory = Memory(entry(progress=5, score=80), entry(progress=5, score=80))
    verdict = merge(held(mine), now(entry(progress=5, score=80)), memory, rules=rules(NARROW))
    assert verdict.is_quiet
    assert verdict.memory == Memory(entry(progress=5, score=80), mine)


# First contact -------------------------------------------------------------------------------------------


def test_on_first_contact_what_is_empty_never_beats_what_is_not() -> None:
    mine, theirs = entry(progress=5, notes="mine"), entry(score=70, started_on=DAY)
    verdict = merge(held(mine, at=900.0), now(theirs, at=100.0), None, rules=rules())
    assert moves(verdict) == ({"score": 70, "started_on": DAY}, {"progress": 5, "notes": "mine"})
    assert {move.reason for move in (*verdict.moves_in, *verdict.moves_out)} == {Reason.FILLED}
    assert verdict.conflicts == ()


def test_on_first_contact_the_finer_value_stays_with_the_later_time() -> None:
    row = held(entry(score=90), at=100.0, source="myanimelist", scale="10")
    verdict = merge(row, now(entry(score=87), at=200.0), None, rules=rules())
    assert moves(verdict) == ({"score": 87}, {})
    assert verdict.moves_in[0].reason is Reason.FINER
    assert verdict.canonical is not None
    assert stamp_of(verdict.canonical.stamps, "score") == Stamp(200.0, "anilist", "anilist:POINT_100")
    verdict = merge(held(entry(score=87)), now(entry(score=90), at=200.0), None, rules=rules(MAL))
    assert verdict.is_quiet
    assert verdict.canonical is not None
    assert verdict.canonical.entry.score == 87
    # The later time is the coarse hand's: the opinion was held until then. Its precision stays the finer one's.
    assert stamp_of(verdict.canonical.stamps, "score") == Stamp(200.0, "anilist", "100")


def test_a_side_that_knows_only_the_year_is_told_the_day() -> None:
    mine, theirs = entry(started_on=DAY), entry(started_on=PartialDate(2024))
    verdict = merge(held(mine), now(theirs), None, rules=rules())
    assert moves(verdict) == ({}, {"started_on": DAY})
    assert verdict.moves_out[0].reason is Reason.FINER


@pytest.mark.parametrize("field", ["progress", "score", "notes", "status"])
def test_a_question_on_first_contact_stays_one(field: str) -> None:
    mine = entry(progress=1, score=83, notes="mine")
    theirs = Entry(Status.PAUSED, progress=2, score=84, notes="theirs")
    asking = rules(anilist("POINT_10"), policy="ask")
    base = replace(mine, **{field: getattr(theirs, field)})
    verdict = merge(held(mine), now(base), None, rules=asking)
    assert verdict.held == {field}
    assert verdict.is_quiet
    again = merge(held(mine), now(base), verdict.memory, rules=asking)
    assert again.held == {field}
    assert again.memory == verdict.memory


def test_a_day_in_question_stays_one_where_only_whole_days_fit() -> None:
    mine, theirs = entry(started_on=PartialDate(2023, 5)), entry(started_on=DAY)
    asking = rules(KITSU, policy="ask")
    verdict = merge(held(mine), now(theirs), None, rules=asking)
    assert merge(held(mine), now(theirs), verdict.memory, rules=asking).held == {"started_on"}


# One of them lacks it ------------------------------------------------------------------------------------


def test_new_on_the_side() -> None:
    verdict = merge(None, now(FIVE, at=300.0), None, rules=rules())
    assert (verdict.to_library, verdict.reason) == (Action.CREATE, Reason.NEW_ON_SIDE)
    assert verdict.canonical == Canonical(FIVE, {"*": Stamp(300.0, "anilist", "anilist:POINT_100")})
    assert moves(verdict)[0] == {"status": Status.CURRENT, "progress": 5, "score": 80}


def test_only_synced_fields_are_imported() -> None:
    verdict = merge(None, now(FIVE.with_(notes="x", repeats=2)), None, rules=rules(NARROW))
    assert verdict.canonical is not None
    assert verdict.canonical.entry == FIVE


def test_an_import_that_was_undone_stays_away_until_it_is_edited() -> None:
    assert merge(None, now(FIVE), IN_STEP, rules=rules()) == Verdict(memory=IN_STEP)
    assert merge(None, now(SIX), IN_STEP, rules=rules()).to_library is Action.CREATE


def test_new_in_the_library() -> None:
    verdict = merge(held(entry(score=87, progress=5)), None, None, rules=rules(MAL))
    assert (verdict.to_side, verdict.reason) == (Action.CREATE, Reason.NEW_IN_LIBRARY)
    assert moves(verdict)[1] == {"status": Status.CURRENT, "progress": 5, "score": 90}
    assert verdict.memory == Memory(entry(score=90, progress=5), entry(score=87, progress=5))


def test_a_private_entry_is_not_created_where_it_would_be_public() -> None:
    assert merge(held(entry(private=True)), None, None, rules=rules(MAL)).is_quiet
    assert merge(held(entry(private=True)), None, None, rules=rules()).to_side is Action.CREATE


def test_removed_on_the_side() -> None:
    first = merge(held(FIVE), None, IN_STEP, rules=rules(misses=2))
    assert first.is_quiet
    assert first.memory == replace(IN_STEP, missing=1)
    second = merge(held(FIVE), None, first.memory, rules=rules(misses=2))
    assert (second.to_library, second.reason) == (Action.REMOVE, Reason.REMOVED_ON_SIDE)
    assert second.canonical == replace(held(FIVE), removed=True)
    assert (second.memory, second.waiting) == (None, replace(IN_STEP, missing=2))
    assert {move.field: (move.before, move.after) for move in second.moves_in} == {
        "status": (Status.CURRENT, None),
        "progress": (5, None),
        "score": (80, None),
    }


def test_an_edit_in_the_library_beats_a_removal_on_the_side() -> None:
    verdict = merge(held(SIX), None, replace(IN_STEP, missing=5), rules=rules())
    assert (verdict.to_side, verdict.reason) == (Action.CREATE, Reason.EDIT_BEATS_REMOVAL)


def test_an_edit_too_fine_for_the_side_beats_a_removal_there_too() -> None:
    memory = Memory(entry(score=90), entry(score=87))
    verdict = merge(held(entry(score=88)), None, replace(memory, missing=5), rules=rules(MAL))
    assert verdict.to_side is Action.CREATE


def test_an_entry_gone_from_both_is_forgotten() -> None:
    assert merge(None, None, IN_STEP, rules=rules()).memory is None
    assert merge(replace(held(FIVE), removed=True), None, IN_STEP, rules=rules()).memory is None


def test_removed_in_the_library() -> None:
    row = replace(held(FIVE), removed=True)
    verdict = merge(row, now(FIVE), IN_STEP, rules=rules())
    assert (verdict.to_side, verdict.reason) == (Action.REMOVE, Reason.REMOVED_IN_LIBRARY)
    assert (verdict.memory, verdict.waiting) == (None, IN_STEP)
    assert [(move.field, move.before, move.after) for move in verdict.moves_out][1] == ("progress", 5, None)


def test_a_service_that_cannot_delete_is_not_asked_to() -> None:
    row = replace(held(FIVE), removed=True)
    keeps = rules(replace(anilist(), can_delete=False))
    assert merge(row, now(FIVE), IN_STEP, rules=keeps) == Verdict(canonical=row, memory=IN_STEP)
    assert merge(row, now(SIX), IN_STEP, rules=keeps).to_library is Action.CREATE


def test_our_own_write_whose_answer_was_lost_is_removed_not_resurrected() -> None:
    row = replace(held(entry(score=87)), removed=True)
    assert merge(row, now(entry(score=90)), None, rules=rules(MAL)).to_side is Action.REMOVE
    other = merge(row, now(entry(score=80)), None, rules=rules(MAL))
    assert (other.to_library, other.reason) == (Action.CREATE, Reason.CAME_BACK)


def test_an_edit_on_the_side_beats_a_removal_in_the_library() -> None:
    """The edited field comes from the side, the rest is what the library last knew, with its own stamps."""
    gone = Canonical(entry(progress=5, score=87, repeats=3), {"*": Stamp(100.0), "score": Stamp(50.0, "kitsu", "20")})
    memory = Memory(entry(progress=5, score=90, repeats=3), gone.entry)
    verdict = merge(
        replace(gone, removed=True), now(entry(progress=6, score=90, repeats=3), at=300.0), memory, rules=rules(MAL)
    )
    assert (verdict.to_library, verdict.reason) == (Action.CREATE, Reason.EDIT_BEATS_REMOVAL)
    assert verdict.canonical is not None
    assert verdict.canonical.entry == entry(progress=6, score=87, repeats=3)
    assert not verdict.canonical.removed
    stamps = {name: stamp_of(verdict.canonical.stamps, name) for name in ("progress", "score", "repeats")}
    assert stamps == {
        "progress": Stamp(300.0, "anilist", "10"),
        "score": Stamp(50.0, "kitsu", "20"),
        "repeats": Stamp(100.0),
    }
    assert verdict.memory == Memory(entry(progress=6, score=90, repeats=3), entry(progress=6, score=87, repeats=3))


def test_an_entry_that_we_took_away_stays_away_until_the_library_changes_it() -> None:
    away = replace(IN_STEP, missing=AWAY)
    assert merge(held(FIVE), None, away, rules=rules(misses=1)) == Verdict(canonical=held(FIVE), memory=away)
    assert merge(held(SIX), None, away, rules=rules(misses=1)).to_side is Action.CREATE
    back = merge(held(FIVE), now(FIVE), away, rules=rules())
    assert back.is_quiet
    assert back.memory == IN_STEP


# After a write -------------------------------------------------------------------------------------------


def test_an_echo_is_remembered_for_what_was_sent_and_what_the_server_alters() -> None:
    memory = Memory(seen=FIVE, agreed=SIX)
    echo = SIX.with_(notes="edited meanwhile", started_on=DAY, finished_on=DAY)
    kept = settle(memory, echo, now=FIVE, sent=frozenset({"progress"}), capability=anilist())
    assert kept.seen == SIX.with_(started_on=DAY, finished_on=DAY)
    assert kept.agreed == SIX


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


def test_a_lost_creation_is_recalled_whole_or_not_at_all() -> None:
    sent = {"status": Status.CURRENT, "progress": 6, "score": 80}
    assert recall(None, SIX.with_(notes="theirs"), sent=sent, capability=anilist()) == Memory(SIX, SIX)
    assert recall(None, FIVE, sent=sent, capability=anilist()) is None
    narrow = recall(None, Entry(Status.PAUSED, progress=6, score=80), sent=sent, capability=NARROW)
    assert narrow == Memory(*[Entry(Status.PAUSED, progress=6, score=80)] * 2)


def test_a_scale_of_marks_compares_as_the_person_sees_it() -> None:
    """Stars: from 85 to 88 nothing changes that this side could show."""
    stars = rules(anilist("POINT_5"))
    memory = Memory(entry(score=90), entry(score=85))
    assert merge(held(entry(score=88)), Now(entry(score=90)), memory, rules=stars).is_quiet
    assert SCALES["anilist:POINT_5"].mark(85) == 70
