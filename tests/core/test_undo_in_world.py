"""Undo, played in the world: what is put back stays put back, goes where it should, and nothing else is touched."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from library.entry import Entry, Status
from syncing.core.model import Action
from tests.core import strategies as draw
from tests.core.playing import agree, disagreements, play, settled_world, world_of
from tests.core.undoing import take_back
from tests.core.world import LIBRARY, Record, World

ONE_SIDE = st.sampled_from([slug for slug in draw.STEADY if slug != "narrow"])
THREE_FIELDS = list(permutations(["status", "progress", "score", "started_on", "repeats", "notes"], 3))


def latest(world: World, side: str, action: Action) -> Record:
    return next(record for record in reversed(world.journal) if (record.side, record.done.action) == (side, action))


@given(st.data(), draw.sides, st.integers(1, 2))
def test_after_any_undo_the_world_comes_to_rest(data: st.DataObject, slugs: list[str], misses: int) -> None:
    world = world_of(slugs, misses=misses)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    assume(world.journal)
    for record in data.draw(st.lists(st.sampled_from(world.journal), min_size=1, max_size=3)):
        take_back(world, record)
    world.settle()
    assert world.rests() == []


@given(st.data(), draw.full_sides)
def test_an_undo_on_a_service_leaves_every_other_place_as_it_is(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    records = [record for record in world.journal if record.side != LIBRARY]
    assume(records)
    record = data.draw(st.sampled_from(records))
    before = dict(world.library), {slug: dict(side.entries) for slug, side in world.sides.items()}
    back = take_back(world, record)
    put_back = world.sides[record.side].held(record.media)
    if back.action is not Action.CREATE:
        assert world.rests() == []
    world.settle()
    assert world.sides[record.side].held(record.media) == put_back
    if back.action is not Action.CREATE:
        assert world.library == before[0]
        for slug, side in world.sides.items():
            assert {m: e for m, e in side.entries.items() if (slug, m) != (record.side, record.media)} == {
                m: e for m, e in before[1][slug].items() if (slug, m) != (record.side, record.media)
            }


@given(draw.full_sides, draw.entries, draw.one_field())
def test_an_undone_import_of_a_value_goes_to_all_but_its_origin(
    slugs: list[str], entry: Entry, edit: dict[str, Any]
) -> None:
    world = settled_world(slugs, entry)
    origin, name = world.sides[slugs[0]], next(iter(edit))
    before, written = world.library[1].entry, len(origin.writes)
    world.edit(slugs[0], 1, **edit)
    theirs = origin.entries[1][0]
    world.sweep(slugs[0])
    assume(world.library[1].entry != before)
    world.settle()
    assume(len(origin.writes) == written)
    take_back(world, latest(world, LIBRARY, Action.UPDATE))
    world.settle()
    assert world.library[1].entry == before
    assert origin.entries[1][0] == theirs
    assert len(origin.writes) == written
    for slug in slugs[1:]:
        assert agree(world.sides[slug], world.sides[slug].entries[1][0], world.library[1], name)
    assert world.rests() == []


@given(draw.full_sides, draw.entries, st.booleans())
def test_an_undone_import_of_an_entry_stays_away_until_it_is_edited_there(
    slugs: list[str], entry: Entry, spread: bool
) -> None:
    world = world_of(slugs)
    origin = world.sides[slugs[0]]
    world.edit(slugs[0], 1, status=entry.status, score=entry.score)
    world.sweep(slugs[0])
    if spread:
        world.settle()
    take_back(world, latest(world, LIBRARY, Action.CREATE))
    world.settle()
    assert world.library == {}
    assert 1 in origin.entries
    assert all((1 in world.sides[slug].entries) == spread for slug in slugs[1:])
    assert world.rests() == []
    world.edit(slugs[0], 1, notes="again")
    world.settle()
    assert world.library[1].entry.notes == "again"
    assert all(1 in side.entries for side in world.sides.values())
    assert disagreements(world) == []


@given(draw.full_sides, draw.entries, st.booleans())
def test_an_undone_creation_stays_away_until_the_library_changes_the_entry(
    slugs: list[str], entry: Entry, edited: bool
) -> None:
    world = settled_world(slugs, entry)
    side = world.sides[slugs[0]]
    record = latest(world, slugs[0], Action.CREATE)
    if edited:
        world.edit(slugs[0], 1, notes="mine now")
        assert take_back(world, record).action is Action.NONE
        return
    take_back(world, record)
    world.settle()
    world.settle()
    assert 1 not in side.entries
    assert set(world.alive()) == {1}
    assert all(1 in world.sides[slug].entries for slug in slugs[1:])
    world.edit(LIBRARY, 1, notes="changed", status=Status.DROPPED)
    world.settle()
    assert 1 in side.entries
    assert disagreements(world) == []


@given(draw.full_sides, draw.entries, st.integers(1, 2))
def test_an_undone_removal_brings_the_entry_back_everywhere(slugs: list[str], entry: Entry, misses: int) -> None:
    for place in (LIBRARY, slugs[1]):
        world = settled_world(slugs, entry, misses=misses)
        before = world.library[1].entry
        world.remove(slugs[0], 1)
        world.settle()
        assert world.alive() == {}
        assert not any(side.entries for side in world.sides.values())
        take_back(world, latest(world, place, Action.REMOVE))
        world.settle()
        assert world.alive() == {1: before}
        assert all(1 in side.entries for side in world.sides.values())
        assert disagreements(world) == []
        assert world.rests() == []


@given(st.data(), draw.full_sides, draw.entries, draw.one_field())
def test_an_undone_write_is_put_back_there_and_the_next_edit_travels(
    data: st.DataObject, slugs: list[str], entry: Entry, edit: dict[str, Any]
) -> None:
    world = settled_world(slugs, entry)
    side, name = world.sides[slugs[0]], next(iter(edit))
    assume(name in side.capability.fields)
    before = side.entries[1][0]
    world.edit(LIBRARY, 1, **edit)
    world.settle()
    assume(side.entries[1][0] != before)
    said = world.library[1].entry
    back = take_back(world, latest(world, slugs[0], Action.UPDATE))
    assert (back.action, back.left) == (Action.UPDATE, ())
    world.settle()
    assert (side.entries[1][0], world.library[1].entry) == (before, said)
    value = data.draw(draw.VALUES[name])
    world.edit(slugs[0], 1, **{name: value})
    assume(side.entries[1][0] != before)
    world.settle()
    assert agree(side, side.entries[1][0], world.library[1], name)
    assert disagreements(world) == []


@given(ONE_SIDE, draw.entries, st.sampled_from(THREE_FIELDS), st.data())
def test_an_undo_loses_no_edit_of_another_field(
    slug: str, entry: Entry, names: tuple[str, str, str], data: st.DataObject
) -> None:
    """Edits that no run has seen yet are made before the undo, in the library and on the service."""
    world = settled_world([slug], entry)
    side = world.sides[slug]
    assume(set(names) <= side.capability.fields)
    brought, here, there = ({name: data.draw(draw.VALUES[name])} for name in names)
    world.edit(LIBRARY, 1, **brought)
    world.settle()
    assume(world.journal[-1].done.action is Action.UPDATE)
    world.edit(LIBRARY, 1, **here)
    world.edit(slug, 1, **there)
    theirs = side.entries[1][0].get(names[2])
    take_back(world, world.journal[-1])
    world.settle()
    assert world.library[1].entry.get(names[1]) == here[names[1]]
    assert side.entries[1][0].get(names[2]) == theirs
    for name in names[1:]:
        assert agree(side, side.entries[1][0], world.library[1], name)
