"""What an undo does to one side, case by case."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from library.entry import FIELDS, Entry, Status
from syncing.core.model import AWAY, Action, Memory, Reason
from syncing.core.undo import Done, Undo, remember, undo
from tests.core import strategies as draw
from tests.core.build import entry

FIVE, SIX = entry(progress=5, score=80), entry(progress=6, score=80)
UPDATE = Done(Action.UPDATE, {"progress": 5}, {"progress": 6})
CREATE = Done(Action.CREATE, None, {"status": Status.CURRENT, "progress": 6, "score": 80})
REMOVE = Done(Action.REMOVE, {"status": Status.CURRENT, "progress": 6, "score": 80}, None)


def moved(back: Undo) -> dict[str, tuple[Any, Any]]:
    assert {move.reason for move in back.moves} <= {Reason.UNDO}
    return {move.field: (move.before, move.after) for move in back.moves}


def test_an_update_is_put_back() -> None:
    back = undo(UPDATE, SIX)
    assert (back.action, back.entry, back.left) == (Action.UPDATE, FIVE, ())
    assert moved(back) == {"progress": (6, 5)}


def test_an_update_of_a_field_that_was_edited_since_is_left() -> None:
    assert undo(UPDATE, entry(progress=7)) == Undo(left=("progress",))
    two = Done(Action.UPDATE, {"progress": 5, "notes": ""}, {"progress": 6, "notes": "x"})
    back = undo(two, entry(progress=7, notes="x"))
    assert (back.entry, back.left) == (entry(progress=7), ("progress",))
    assert moved(back) == {"notes": ("x", "")}


def test_an_update_of_what_is_gone_is_left() -> None:
    assert undo(UPDATE, None) == Undo(left=("progress",))


def test_a_creation_is_removed_unless_it_was_edited() -> None:
    back = undo(CREATE, SIX)
    assert (back.action, back.entry) == (Action.REMOVE, None)
    assert moved(back) == {"status": (Status.CURRENT, None), "progress": (6, None), "score": (80, None)}
    assert undo(CREATE, SIX.with_(progress=7)) == Undo(left=("progress",))
    assert undo(CREATE, SIX.with_(notes="mine")) == Undo(left=("notes",))
    assert undo(CREATE, SIX.with_(status=Status.PAUSED)) == Undo(left=("status",))
    assert undo(CREATE, None) == Undo()


def test_a_removal_is_created_again_whole() -> None:
    back = undo(REMOVE, None)
    assert (back.action, back.entry) == (Action.CREATE, SIX)
    assert moved(back) == {"status": (None, Status.CURRENT), "progress": (None, 6), "score": (None, 80)}
    finer = undo(REMOVE, None, last=SIX.with_(score=83, notes="only there"))
    assert finer.entry == SIX.with_(notes="only there")


def test_a_removal_of_what_is_there_again_is_left() -> None:
    assert undo(REMOVE, FIVE) == Undo(left=("status", "progress", "score"))


def test_a_removal_that_knows_no_status_cannot_be_created_from_nothing() -> None:
    bare = Done(Action.REMOVE, {"progress": 6}, None)
    assert undo(bare, None) == Undo(left=("progress",))
    assert undo(bare, None, last=FIVE).entry == SIX


@given(draw.entries, draw.entries, draw.entries)
def test_undo_puts_back_what_nobody_touched_since(before: Entry, after: Entry, later: Entry) -> None:
    names = before.changed(after)
    done = Done(Action.UPDATE, {name: before.get(name) for name in names}, {name: after.get(name) for name in names})
    back = undo(done, later)
    restored = back.entry or later
    touched = {name for name in names if later.get(name) != after.get(name)}
    for name in FIELDS:
        source = before if name in names and name not in touched else later
        assert restored.get(name) == source.get(name)
    assert set(back.left) == touched


@given(draw.entries, st.data())
def test_an_undo_of_an_undo_is_the_change_again(entry: Entry, data: st.DataObject) -> None:
    values = data.draw(draw.one_field())
    after = entry.with_(**values)
    names = entry.changed(after)
    done = Done(Action.UPDATE, {name: entry.get(name) for name in names}, {name: after.get(name) for name in names})
    back = undo(done, after)
    if back.action is Action.NONE:
        assert names == ()
        return
    again = Done(back.action, {m.field: m.before for m in back.moves}, {m.field: m.after for m in back.moves})
    assert undo(again, back.entry).entry == after


# What is remembered --------------------------------------------------------------------------------------


def test_a_value_put_back_is_known_here_and_not_sent_again() -> None:
    memory = Memory(entry(progress=6, notes="old"), entry(progress=6, notes="old", repeats=1))
    held = entry(progress=6, notes="edited on the side")
    library = entry(progress=6, notes="old", repeats=2)
    kept = remember(undo(UPDATE, held), memory, held=held, library=library)
    assert kept == Memory(entry(progress=6, notes="old"), entry(progress=6, notes="old", repeats=1))


def test_an_entry_taken_away_is_remembered_as_away() -> None:
    assert remember(undo(CREATE, SIX), None, held=SIX, library=FIVE) == Memory(SIX, FIVE, AWAY)


def test_an_entry_brought_back_starts_anew() -> None:
    old = Memory(SIX, SIX, missing=3)
    assert remember(undo(REMOVE, None), old, held=None, library=FIVE) == Memory(FIVE, FIVE)
    assert remember(undo(UPDATE, SIX), None, held=SIX, library=FIVE) == Memory(SIX, FIVE)
