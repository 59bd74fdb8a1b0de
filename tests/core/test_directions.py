"""One-way connections, and what a service must never be told: private entries, and the same thing twice."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from integrations.capability import shown_value
from library.entry import FIELDS, Entry, Status
from syncing.core.model import Action
from tests.core import strategies as draw
from tests.core.playing import agree, disagreements, play, settled_world, world_of
from tests.core.services import Side
from tests.core.world import LIBRARY, World

CHANGING = st.sampled_from([Action.CREATE, Action.UPDATE, Action.REMOVE])


def one_way(world: World, slug: str, *, takes: bool) -> Side:
    side = world.sides[slug]
    side.takes, side.gives = takes, not takes
    return side


def open_up(world: World) -> None:
    for side in world.sides.values():
        side.takes = side.gives = True


@given(st.data(), draw.steady_sides)
def test_import_only_never_writes(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    side = one_way(world, slugs[0], takes=True)
    play(world, data.draw(draw.actions(slugs, works=1)))
    world.settle()
    assert side.writes == []
    assert world.rests() == []


@given(st.data(), draw.steady_sides)
def test_export_only_never_changes_the_library(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs[:1])
    one_way(world, slugs[0], takes=False)
    for step in data.draw(draw.actions(slugs[:1], works=1)):
        before = dict(world.library)
        play(world, [step])
        assert step[1] == LIBRARY or world.library == before
    world.settle()
    assert world.rests() == []


@given(st.data(), draw.full_sides, draw.entries, draw.one_field())
def test_export_only_leaves_an_edit_on_the_side_alone_until_the_library_changes_that_field(
    data: st.DataObject, slugs: list[str], entry: Entry, edit: dict[str, Any]
) -> None:
    world = settled_world(slugs[:1], entry)
    side, name = one_way(world, slugs[0], takes=False), next(iter(edit))
    assume(name in side.capability.fields)
    before = world.library[1].entry
    world.edit(slugs[0], 1, **edit)
    theirs = side.entries[1][0].get(name)
    other = data.draw(st.sampled_from(sorted(side.capability.fields - {name, "private"})))
    world.edit(LIBRARY, 1, **{other: data.draw(draw.VALUES[other])})
    world.settle()
    assert side.entries[1][0].get(name) == theirs
    assert agree(side, side.entries[1][0], world.library[1], other)
    world.edit(LIBRARY, 1, **{name: data.draw(draw.VALUES[name])})
    shown = [shown_value(name, row.get(name), side.capability) for row in (before, world.library[1].entry)]
    moved = shown[0] != shown[1]
    world.settle()
    assert not moved or agree(side, side.entries[1][0], world.library[1], name)


@given(draw.full_sides, draw.entries, draw.one_field(), st.booleans())
def test_what_a_one_way_connection_withheld_travels_once_it_is_opened(
    slugs: list[str], entry: Entry, edit: dict[str, Any], takes: bool
) -> None:
    world = settled_world(slugs[:1], entry)
    side, name = one_way(world, slugs[0], takes=takes), next(iter(edit))
    assume(name in side.capability.fields)
    where = LIBRARY if takes else slugs[0]
    world.edit(where, 1, **edit)
    before = world.library[1].entry, side.entries[1][0]
    world.settle()
    assert (world.library[1].entry, side.entries[1][0]) == before
    open_up(world)
    world.settle()
    assert world.rests() == []
    assert agree(side, side.entries[1][0], world.library[1], name)
    kept = world.library[1].entry if takes else side.entries[1][0]
    assert kept.get(name) == before[0 if takes else 1].get(name)


@given(st.data(), draw.steady_sides)
def test_an_opened_connection_comes_to_rest(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    for slug in slugs:
        one_way(world, slug, takes=data.draw(st.booleans()))
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    open_up(world)
    world.settle()
    assert world.rests() == []
    if "narrow" not in slugs:
        assert disagreements(world) == []


@given(st.sampled_from(["anilist:POINT_100", "kitsu"]), draw.entries, st.booleans())
def test_an_entry_of_one_way_connections_is_met_again_after_it_was_away(slug: str, entry: Entry, takes: bool) -> None:
    """What a connection could not bring over leaves no trace that stands in the way later."""
    world = world_of([slug])
    side = one_way(world, slug, takes=takes)
    here, there = (slug, LIBRARY) if takes is False else (LIBRARY, slug)
    world.edit(here, 1, status=entry.status)
    world.settle()
    world.remove(here, 1)
    world.settle()
    open_up(world)
    world.edit(there, 1, status=Status.CURRENT, notes="new")
    world.settle()
    assert side.entries[1][0].notes == world.library[1].entry.notes == "new"


@given(st.data(), st.lists(st.sampled_from(["myanimelist", "narrow", "kitsu"]), min_size=2, max_size=3, unique=True))
def test_a_private_entry_is_never_created_where_it_would_be_public(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    hidden = data.draw(draw.entries).with_(private=True)
    history = data.draw(draw.actions([*slugs], removals=False))
    for step in history:
        known = {slug: set(side.entries) for slug, side in world.sides.items()}
        play(world, [step])
        for side in world.sides.values():
            if step[0] == "sweep" and "private" not in side.capability.fields:
                new = set(side.entries) - known[side.slug]
                assert not any(world.library[media].entry.private for media in new)
    world.edit(LIBRARY, 9, **{name: hidden.get(name) for name in FIELDS})
    world.settle()
    shown = {side.slug for side in world.sides.values() if 9 in side.entries}
    assert shown == {slug for slug in slugs if slug == "kitsu"}
    world.edit(LIBRARY, 9, private=False)
    world.settle()
    assert all(9 in side.entries for side in world.sides.values())


@given(draw.full_sides, draw.entries, draw.one_field())
def test_the_same_work_under_another_id_is_no_removal(slugs: list[str], entry: Entry, edit: dict[str, Any]) -> None:
    """Services merge their duplicates: the entry is there, only its id is another."""
    world = settled_world(slugs, entry)
    side, others = world.sides[slugs[0]], slugs[1:]
    name = next(iter(edit))
    assume(name != "private")
    side.names[1] = "1001"
    world.edit(LIBRARY, 1, **edit)
    world.settle()
    assert set(world.alive()) == {1}
    assert all(1 in world.sides[slug].entries for slug in others)
    assert [key[1] for key in side.tracks] == ["1001"]
    assert all(action == "update" or media != 1 for s in world.sides.values() for media, action in s.writes[1:])
    assert world.rests() == []


@given(draw.full_sides, draw.entries, st.booleans())
def test_a_removal_follows_the_direction(slugs: list[str], entry: Entry, takes: bool) -> None:
    for where in (LIBRARY, slugs[0]):
        world = settled_world(slugs[:1], entry)
        side = one_way(world, slugs[0], takes=takes)
        world.remove(where, 1)
        world.settle()
        follows = takes is (where == slugs[0])
        assert ((1 in world.alive()), (1 in side.entries)) == (
            (False, False) if follows else (where != LIBRARY, where == LIBRARY)
        )
        assert world.rests() == []
