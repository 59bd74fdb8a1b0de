"""Failed writes, lost answers, crashes and reads cut short: nothing is lost, nothing is done twice."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from library.entry import Entry
from library.stamps import Stamp
from syncing.core.model import Canonical
from tests.core import strategies as draw
from tests.core.playing import agree, disagreements, play, settled_world, world_of
from tests.core.world import AFTER_LIBRARY, LIBRARY, World

STEADY_FULL = [slug for slug in draw.STEADY if slug != "narrow"]
ONE_SIDE = st.sampled_from(STEADY_FULL)

TWO_FIELDS = [*permutations(["status", "score", "repeats", "notes"], 2), ("score", "progress"), ("notes", "progress")]
"""Of those that no server here alters by itself when the first is saved."""


def lose_all(step: int) -> str:
    return "lost" if step > AFTER_LIBRARY else ""


def make_due(world: World, slug: str, action: str, *, entry: Entry, edit: dict[str, Any]) -> None:
    """A world in which one write of that kind is due on the side."""
    world.library[1] = Canonical(entry.with_(private=False), {"*": Stamp(1.0)})
    if action == "create":
        return
    world.settle()
    if action == "remove":
        world.remove(LIBRARY, 1)
    else:
        world.edit(LIBRARY, 1, **edit)
    world.sides[slug].writes.clear()


@given(ONE_SIDE, draw.entries, draw.one_field(), st.sampled_from(["create", "update", "remove"]), st.booleans())
def test_a_write_whose_answer_was_lost_is_not_written_again(
    slug: str, entry: Entry, edit: dict[str, Any], action: str, recalls: bool
) -> None:
    world = world_of([slug])
    world.recalls = recalls
    make_due(world, slug, action, entry=entry, edit=edit)
    world.sweep(slug, lose_all)
    assume(world.sides[slug].writes)
    library = dict(world.library)
    world.settle()
    assert world.sides[slug].writes == [(1, action)]
    assert {media: row.entry for media, row in world.library.items()} == {m: row.entry for m, row in library.items()}
    assert world.rests() == []


@given(ONE_SIDE, draw.entries, st.booleans())
def test_a_lost_creation_does_not_bring_back_what_was_removed_since(slug: str, entry: Entry, recalls: bool) -> None:
    world = world_of([slug])
    world.recalls = recalls
    world.library[1] = Canonical(entry.with_(private=False), {"*": Stamp(1.0)})
    world.sweep(slug, lose_all)
    world.remove(LIBRARY, 1)
    world.settle()
    assert (world.alive(), world.sides[slug].entries) == ({}, {})
    assert world.rests() == []


@given(st.data(), draw.full_sides, st.booleans())
def test_no_failure_loses_an_edit(data: st.DataObject, slugs: list[str], recalls: bool) -> None:
    """One edit, and sweeps in which anything may go wrong: after clean ones it is everywhere."""
    world = settled_world(slugs, data.draw(draw.entries))
    world.recalls = recalls
    where, edit = data.draw(st.sampled_from([*slugs, LIBRARY])), data.draw(draw.one_field())
    name = next(iter(edit))
    assume(where == LIBRARY or name in world.sides[where].capability.fields)
    world.edit(where, 1, **edit)
    told = world.library[1].entry if where == LIBRARY else world.sides[where].entries[1][0]
    sweeps = st.tuples(st.just("sweep"), st.sampled_from(slugs), draw.faults, draw.reads)
    play(world, data.draw(st.lists(sweeps, max_size=6)))
    world.settle()
    kept = world.library[1].entry if where == LIBRARY else world.sides[where].entries[1][0]
    assert kept.get(name) == told.get(name)
    assert disagreements(world) == []
    assert world.rests() == []


@given(ONE_SIDE, ONE_SIDE, draw.entries, draw.one_field(), st.data())
def test_our_own_lost_write_never_beats_an_edit_made_before_it_landed(
    first: str, second: str, entry: Entry, edit: dict[str, Any], data: st.DataObject
) -> None:
    """The write to one service is lost after the person edited the same field on the other: it is the later one by
    the clock, but it is ours, not theirs."""
    assume(first != second)
    world = settled_world([first, second], entry)
    name = next(iter(edit))
    assume(name in world.sides[second].capability.fields and name != "private")
    world.edit(LIBRARY, 1, **edit)
    world.sweep(second)
    world.edit(second, 1, **{name: data.draw(draw.VALUES[name])})
    theirs = world.sides[second].entries[1][0]
    assume(not agree(world.sides[second], theirs, world.library[1], name))
    world.sweep(first, lose_all)
    world.sweep(second)
    assume(world.library[1].entry.get(name) == theirs.get(name))
    world.settle()
    assert world.library[1].entry.get(name) == theirs.get(name)
    assert disagreements(world) == []


@given(st.data(), draw.full_sides, st.integers(0, 5))
def test_a_crash_after_any_step_changes_nothing_in_the_end(data: st.DataObject, slugs: list[str], step: int) -> None:
    """The same history with and without one crash settles the same, but for the times at which it did."""
    history = data.draw(draw.actions(slugs, faulty=False))
    ends = []
    for crashes in (False, True):
        world = world_of(slugs)
        play(world, history)
        if crashes:
            world.sweep(slugs[0], lambda number: "crash" if number == step + AFTER_LIBRARY else "")
        world.settle()
        assert world.rests() == []
        ends.append(world.alive())
    assert ends[0] == ends[1]


@given(st.data(), draw.full_sides)
def test_reads_cut_short_remove_nothing(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    before = world.alive(), {slug: dict(side.entries) for slug, side in world.sides.items()}
    for only in data.draw(st.lists(draw.reads.filter(lambda read: read is not None), max_size=4)):
        for slug in slugs:
            world.sweep(slug, only=only)
    assert (world.alive(), {slug: dict(side.entries) for slug, side in world.sides.items()}) == before
    assert world.rests() == []


@given(ONE_SIDE, draw.entries, st.sampled_from(TWO_FIELDS), st.data())
def test_an_edit_on_a_service_while_a_run_is_at_work_is_seen_by_the_next(
    slug: str, entry: Entry, names: tuple[str, str], data: st.DataObject
) -> None:
    ours, theirs = ({name: data.draw(draw.VALUES[name])} for name in names)
    world = settled_world([slug], entry)
    side = world.sides[slug]
    world.edit(LIBRARY, 1, **ours)
    world.sweep(slug, meanwhile=lambda: world.edit(slug, 1, **theirs))
    held = side.entries[1][0].get(names[1])
    assert held == side.hold(entry.with_(**theirs)).get(names[1])
    world.settle()
    assert side.entries[1][0].get(names[1]) == held
    assert disagreements(world) == []
