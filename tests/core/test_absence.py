"""One entry that the library or a side lacks: new, removed, or away on purpose."""

from __future__ import annotations

from dataclasses import replace

from library.entry import Status
from library.stamps import Stamp, stamp_of
from syncing.core.merge import merge
from syncing.core.model import AWAY, Action, Canonical, Memory, Reason, Verdict
from tests.core.build import entry, held, moved, now, rules
from tests.core.services import MAL, NARROW, anilist

FIVE = entry(progress=5, score=80)
SIX = entry(progress=6, score=80)
IN_STEP = Memory(FIVE, FIVE)


def test_new_on_the_side() -> None:
    verdict = merge(None, now(FIVE, at=300.0), None, rules=rules())
    assert (verdict.to_library, verdict.reason) == (Action.CREATE, Reason.NEW_ON_SIDE)
    assert verdict.canonical == Canonical(FIVE, {"*": Stamp(300.0, "anilist", "anilist:POINT_100")})
    assert moved(verdict)[0] == {"status": Status.CURRENT, "progress": 5, "score": 80}


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
    assert moved(verdict)[1] == {"status": Status.CURRENT, "progress": 5, "score": 90}
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


def test_what_was_still_to_be_brought_before_a_removal_is_brought_after_it() -> None:
    """Notes from elsewhere were not written yet when the entry was removed; an edit on the side brought it back."""
    row = replace(held(FIVE.with_(notes="from elsewhere")), removed=True)
    back = merge(row, now(SIX), IN_STEP, rules=rules())
    assert back.canonical is not None
    assert back.canonical.entry == SIX.with_(notes="from elsewhere")
    assert moved(merge(back.canonical, now(SIX), back.memory, rules=rules())) == ({}, {"notes": "from elsewhere"})


def test_an_entry_that_we_took_away_stays_away_until_the_library_changes_it() -> None:
    away = replace(IN_STEP, missing=AWAY)
    assert merge(held(FIVE), None, away, rules=rules(misses=1)) == Verdict(canonical=held(FIVE), memory=away)
    assert merge(held(SIX), None, away, rules=rules(misses=1)).to_side is Action.CREATE
    back = merge(held(FIVE), now(FIVE), away, rules=rules())
    assert back.is_quiet
    assert back.memory == IN_STEP


def test_import_only_takes_removals_and_gives_none() -> None:
    taking = rules(gives=False, misses=1)
    gone = replace(held(FIVE), removed=True)
    assert merge(gone, now(FIVE), IN_STEP, rules=taking) == Verdict(canonical=gone, memory=IN_STEP)
    assert merge(held(FIVE), None, None, rules=taking).is_quiet
    assert merge(held(FIVE), None, IN_STEP, rules=taking).to_library is Action.REMOVE
    assert merge(held(SIX), None, IN_STEP, rules=taking).to_library is Action.REMOVE


def test_export_only_gives_removals_and_takes_none() -> None:
    giving = rules(takes=False, misses=1)
    gone = replace(held(FIVE), removed=True)
    assert merge(gone, now(FIVE), IN_STEP, rules=giving).to_side is Action.REMOVE
    assert merge(gone, now(SIX), IN_STEP, rules=giving).to_side is Action.REMOVE
    assert merge(None, now(FIVE), None, rules=giving) == Verdict()
    assert merge(held(FIVE), None, IN_STEP, rules=giving) == Verdict(canonical=held(FIVE), memory=IN_STEP)
    assert merge(held(SIX), None, IN_STEP, rules=giving).to_side is Action.CREATE
