"""What waits: fields that a person is asked about, removals that were not allowed, fields switched on later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from library.entry import Entry
from library.stamps import Stamp
from syncing.core.model import Canonical
from tests.core import strategies as draw
from tests.core.playing import agree, disagreements, play, settled_world, world_of
from tests.core.services import Side
from tests.core.world import LIBRARY, World

ONE_SIDE = st.sampled_from([slug for slug in draw.STEADY if slug != "narrow"])
CONFLICTING = st.sampled_from(["status", "progress", "score", "started_on", "notes", "repeats"])


def open_conflicts(world: World) -> set[tuple[str, int, str]]:
    """(side, media, field) of what the next sweeps would ask."""
    return {
        (slug, item.track.media_id, conflict.field)
        for slug in world.sides
        for item in world.plan(slug).items
        for conflict in item.verdict.conflicts
        if not conflict.winner
    }


def asking_world(slug: str, entry: Entry, *, field: str, values: list[Any], known: bool) -> tuple[World, Side]:
    """A world whose only open question is `field` of media 1; `known`: the entry was in step before."""
    side = draw.make_side(slug)
    world = World(side, policy="ask")
    entry = entry.with_(private=False)
    if known:
        world.library[1] = Canonical(entry, {"*": Stamp(1.0)})
        world.settle()
        world.edit(LIBRARY, 1, **{field: values[0]})
        world.edit(slug, 1, **{field: values[1]})
    else:
        side.put(1, entry.with_(**{field: values[1]}), 1.0)
        held = side.entries[1][0]
        world.library[1] = Canonical(replace(held, **{field: values[0]}), {"*": Stamp(1.0)})
    assume(open_conflicts(world) == {(slug, 1, field)})
    return world, side


@given(st.data(), ONE_SIDE, draw.entries, CONFLICTING, st.booleans())
def test_a_field_in_question_stays_untouched_while_the_others_flow(
    data: st.DataObject, slug: str, entry: Entry, field: str, known: bool
) -> None:
    values = [data.draw(draw.VALUES[field]), data.draw(draw.VALUES[field])]
    world, side = asking_world(slug, entry, field=field, values=values, known=known)
    held, said = side.entries[1][0].get(field), world.library[1].entry.get(field)
    world.settle()
    others = sorted((set(draw.VALUES) - {field, "private"}) & side.capability.fields)
    for where in (LIBRARY, slug):
        name = data.draw(st.sampled_from(others))
        value = side.hold(entry.with_(**{name: data.draw(draw.VALUES[name])})).get(name)
        world.edit(where, 1, **{name: value})
        world.settle()
        assert open_conflicts(world) == {(slug, 1, field)}
        edited, other = world.library[1].entry.get(name), side.entries[1][0].get(name)
        assert (edited if where == LIBRARY else other) == value
        assert agree(side, side.entries[1][0], world.library[1], name)
    assert (side.entries[1][0].get(field), world.library[1].entry.get(field)) == (held, said)


@given(st.data(), ONE_SIDE, draw.entries, CONFLICTING, st.booleans(), st.sampled_from([LIBRARY, "provider"]))
def test_a_word_settles_the_question(
    data: st.DataObject, slug: str, entry: Entry, field: str, known: bool, word: str
) -> None:
    values = [data.draw(draw.VALUES[field]), data.draw(draw.VALUES[field])]
    world, side = asking_world(slug, entry, field=field, values=values, known=known)
    world.sweep(slug)
    held, said = side.entries[1][0].get(field), world.library[1].entry.get(field)
    world.choices = {1: {field: word}}
    world.settle()
    world.choices = {}
    assert world.rests() == []
    if word == LIBRARY:
        assert world.library[1].entry.get(field) == said
        assert agree(side, side.entries[1][0], world.library[1], field)
    else:
        assert (side.entries[1][0].get(field), world.library[1].entry.get(field)) == (held, held)


@given(st.data(), draw.steady_sides)
def test_under_ask_nothing_waits_but_the_questions(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs, policy="ask")
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    before = {side.slug: dict(side.entries) for side in world.sides.values()}, dict(world.library)
    asked = open_conflicts(world)
    for slug in slugs:
        for item in world.plan(slug).items:
            assert item.verdict.is_quiet
            assert {conflict.winner for conflict in item.verdict.conflicts} == {""}
    world.settle()
    assert ({side.slug: dict(side.entries) for side in world.sides.values()}, dict(world.library)) == before
    assert open_conflicts(world) == asked


@given(st.data(), ONE_SIDE, draw.entries, st.sampled_from(["newest", "library", "provider", "furthest"]))
def test_a_field_switched_on_later_is_merged_as_on_first_contact(
    data: st.DataObject, slug: str, entry: Entry, policy: str
) -> None:
    """Both sides have lived without each other in this field: what is empty loses, what agrees stays."""
    side = draw.make_side(slug)
    name = data.draw(st.sampled_from(sorted(side.capability.fields - {"status", "private"})))
    narrow = replace(side, capability=side.capability.only(side.capability.fields - {name}))
    world = World(narrow, policy=policy)
    world.library[1] = Canonical(entry.with_(private=False), {"*": Stamp(1.0)})
    world.settle()
    held, at = narrow.entries[1]
    side.entries[1] = (side.hold(held.with_(**{name: data.draw(draw.VALUES[name])})), at)
    side.tracks = narrow.tracks
    world.sides[slug] = side
    before, theirs = world.library[1].entry, side.entries[1][0]
    side.fresh = frozenset({name})
    world.sweep(slug)
    side.fresh = frozenset()
    assert world.rests() == []
    after = world.library[1].entry
    assert set(before.changed(after)) <= {name}
    assert agree(side, side.entries[1][0], world.library[1], name)
    blank = Entry(entry.status).get(name)
    if before.get(name) == blank:
        assert after.get(name) == theirs.get(name)
    elif theirs.get(name) == blank:
        assert after.get(name) == before.get(name)


@given(st.data(), draw.full_sides, st.integers(1, 2))
def test_a_removal_that_is_not_allowed_waits_and_everything_else_flows(
    data: st.DataObject, slugs: list[str], misses: int
) -> None:
    world = world_of(slugs, misses=misses)
    world.allows_removals = False
    play(world, data.draw(draw.actions(slugs)))
    alive = {media for media, row in world.library.items() if not row.removed}
    world.settle()
    assert alive <= set(world.alive())
    assert all(action != "remove" for side in world.sides.values() for _, action in side.writes)
    assert all(item.removes for slug in slugs for item in world.plan(slug).items)
    assert disagreements(world) == []
    world.allows_removals = True
    world.settle()
    world.settle()
    assert world.rests() == []


@given(draw.full_sides, draw.entries, st.integers(1, 3))
def test_a_removal_counts_only_after_as_many_complete_reads_in_a_row(
    slugs: list[str], entry: Entry, misses: int
) -> None:
    world = settled_world(slugs, entry, misses=misses)
    first = world.sides[slugs[0]]
    held = first.entries[1]
    for again in (True, False):
        world.remove(first.slug, 1)
        for _ in range(misses - 1):
            world.sweep(first.slug)
            world.sweep(first.slug, only=())  # a read cut short counts for nothing
            assert 1 in world.alive()
        if again:
            first.entries[1] = held
            world.sweep(first.slug)
    world.sweep(first.slug)
    assert 1 not in world.alive()
    world.settle()
    assert all(not side.entries for side in world.sides.values())
