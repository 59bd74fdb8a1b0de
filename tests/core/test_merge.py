"""One entry against one side, case by case: what moves where, why, and what is remembered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from library.entry import Entry, PartialDate, Status
from library.stamps import Stamp, stamp_of
from syncing.core.merge import merge
from syncing.core.model import Action, Memory, Move, Reason
from tests.core.build import entry, held, moved, now, rules
from tests.core.services import KITSU, MAL, NARROW, anilist

DAY = PartialDate(2024, 5, 3)
FIVE = entry(progress=5, score=80)
SIX = entry(progress=6, score=80)
IN_STEP = Memory(FIVE, FIVE)


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
    assert moved(verdict) == ({"notes": "x"}, {"progress": 6})
    assert verdict.conflicts == ()


def test_both_moved_to_the_same() -> None:
    verdict = merge(held(SIX), now(SIX), IN_STEP, rules=rules())
    assert verdict.is_quiet
    assert verdict.memory == Memory(SIX, SIX)


def test_both_moved_apart_is_recorded_with_its_winner() -> None:
    seven = entry(progress=7, score=80)
    verdict = merge(held(SIX, at=100.0), now(seven, at=200.0), IN_STEP, rules=rules())
    assert moved(verdict) == ({"progress": 7}, {})
    (conflict,) = verdict.conflicts
    assert (conflict.library, conflict.provider, conflict.winner, conflict.policy) == (6, 7, "provider", "newest")
    verdict = merge(held(SIX, at=300.0), now(seven, at=200.0), IN_STEP, rules=rules())
    assert moved(verdict) == ({}, {"progress": 6})
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
    assert moved(again) == ({}, {"progress": 6})


def test_fields_that_a_side_cannot_hold_are_never_compared() -> None:
    mine = entry(progress=5, score=80, notes="mine", private=True)
    memory = Memory(entry(progress=5, score=80), entry(progress=5, score=80))
    verdict = merge(held(mine), now(entry(progress=5, score=80)), memory, rules=rules(NARROW))
    assert verdict.is_quiet
    assert verdict.memory == Memory(entry(progress=5, score=80), mine)


def test_a_scale_of_marks_compares_as_the_person_sees_it() -> None:
    """Four stars before and after: from 85 to 88 nothing changes that this side could show; from 85 to 90 it does."""
    stars = rules(anilist("POINT_5"))
    memory = Memory(entry(score=70), entry(score=85))
    assert merge(held(entry(score=88)), now(entry(score=70)), memory, rules=stars).is_quiet
    verdict = merge(held(entry(score=90)), now(entry(score=70)), memory, rules=stars)
    assert moved(verdict) == ({}, {"score": 90})


def test_changes_too_fine_to_show_do_not_add_up_to_a_false_mark() -> None:
    """8 of 10 was left standing for the library's 85, which meant 83 to 87; for 87 exactly it does not stand."""
    memory = Memory(entry(score=80), entry(score=85))
    verdict = merge(held(entry(score=87)), now(entry(score=80)), memory, rules=rules(MAL))
    assert moved(verdict) == ({}, {"score": 90})
    still = merge(held(entry(score=84)), now(entry(score=80)), memory, rules=rules(MAL))
    assert still.is_quiet


def test_a_change_too_fine_to_show_does_not_contest_an_edit_there() -> None:
    """From 87 to 88 nothing moved for ten marks: the older 7 of 10 is the only edit that this side knows of."""
    memory = Memory(entry(score=90), entry(score=87))
    verdict = merge(held(entry(score=88), at=900.0), now(entry(score=70), at=100.0), memory, rules=rules(MAL))
    assert moved(verdict) == ({"score": 70}, {})
    assert verdict.conflicts == ()


# First contact -------------------------------------------------------------------------------------------


def test_on_first_contact_what_is_empty_never_beats_what_is_not() -> None:
    mine, theirs = entry(progress=5, notes="mine"), entry(score=70, started_on=DAY)
    verdict = merge(held(mine, at=900.0), now(theirs, at=100.0), None, rules=rules())
    assert moved(verdict) == ({"score": 70, "started_on": DAY}, {"progress": 5, "notes": "mine"})
    assert {move.reason for move in (*verdict.moves_in, *verdict.moves_out)} == {Reason.FILLED}
    assert verdict.conflicts == ()


def test_on_first_contact_the_finer_value_stays_with_the_later_time() -> None:
    row = held(entry(score=90), at=100.0, source="myanimelist", scale="10")
    verdict = merge(row, now(entry(score=87), at=200.0), None, rules=rules())
    assert moved(verdict) == ({"score": 87}, {})
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
    assert moved(verdict) == ({}, {"started_on": DAY})
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


def test_a_field_switched_on_later_is_met_for_the_first_time() -> None:
    """Both kept notes of their own before notes were synced; in progress the side moved as usual."""
    memory = Memory(entry(progress=5, notes="theirs"), entry(progress=5))
    verdict = merge(held(entry(progress=5)), now(entry(progress=5, notes="theirs")), memory, rules=rules())
    assert verdict.is_quiet
    fresh = rules(fresh=frozenset({"notes"}))
    verdict = merge(held(entry(progress=5)), now(entry(progress=6, notes="theirs")), memory, rules=fresh)
    assert moved(verdict) == ({"progress": 6, "notes": "theirs"}, {})
    assert [move.reason for move in verdict.moves_in] == [Reason.SIDE_EDIT, Reason.FILLED]
    in_step = merge(held(entry(progress=5)), now(entry(progress=5, notes="theirs")), memory, rules=fresh)
    assert moved(in_step) == ({"notes": "theirs"}, {})
