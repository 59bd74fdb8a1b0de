"""What the core promises, whatever edits, failures and crashes came before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from integrations.capability import SCALES
from library.entry import FIELDS, NO_DATE, Entry, PartialDate, Status
from library.stamps import Stamp
from syncing.core.model import Canonical
from tests.core import strategies as draw
from tests.core.playing import agree, disagreements, play, settled_world, world_of
from tests.core.services import TOTAL, Side
from tests.core.world import LIBRARY, World


@given(st.data(), draw.sides, st.sampled_from(["newest", "library", "provider", "furthest"]), st.integers(1, 2))
def test_after_two_clean_sweeps_a_third_plans_nothing(
    data: st.DataObject, slugs: list[str], policy: str, misses: int
) -> None:
    world = world_of(slugs, policy=policy, misses=misses)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    assert world.rests() == []


@given(st.data(), draw.full_sides)
def test_all_sides_show_the_canonical_entry(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    for side in world.sides.values():
        hidden = {
            media for media, entry in world.alive().items() if entry.private and "private" not in side.capability.fields
        }
        assert set(side.entries) | hidden == set(world.alive()) | hidden
        for media, (held, _) in side.entries.items():
            for name in side.capability.fields:
                assert agree(side, held, world.library[media], name), (side.slug, name, held, world.library[media])


@given(
    st.lists(
        st.sampled_from(["anilist:POINT_100", "anilist:POINT_5", "myanimelist", "twenty"]), min_size=2, unique=True
    ),
    st.data(),
)
def test_however_finely_it_is_edited_every_side_shows_the_last_word(slugs: list[str], data: st.DataObject) -> None:
    """Fine edits pass by coarse sides without a write; that must not add up to a side that shows another opinion.

    Not claimed: a score that leaves and returns between two sweeps of a side, more exact than before. The side does
    not see that it was gone (README.md, "Accepted").
    """
    world = settled_world(slugs, Entry(Status.CURRENT))
    name = data.draw(st.sampled_from(sorted(draw.CLOSE)))
    places, values = st.sampled_from([*slugs, LIBRARY]), st.sampled_from(draw.CLOSE[name])
    for where, value in data.draw(st.lists(st.tuples(places, values), max_size=6)):
        world.edit(where, 1, **{name: value})
        world.settle()
    assert disagreements(world) == []
    assert world.rests() == []


@given(st.data(), draw.full_sides, draw.entries, draw.one_field(), st.randoms(use_true_random=False))
def test_one_edit_reaches_every_side_and_touches_its_own_field_only(
    data: st.DataObject, slugs: list[str], entry: Entry, edit: dict[str, Any], random: Any
) -> None:
    world = world_of(slugs)
    world.library[1] = Canonical(replace(entry, private=False), {"*": Stamp(1.0)})
    world.settle()
    where = data.draw(st.sampled_from([*slugs, "library"]))
    (name, value), before = next(iter(edit.items())), world.library[1]
    if where != "library":
        assume(name in world.sides[where].capability.fields)
        value = getattr(world.sides[where].hold(replace(entry, **edit)), name)
    world.edit(where, 1, **{name: value})
    order = list(slugs)
    random.shuffle(order)
    world.settle(order)
    after = world.library[1]
    assert set(before.entry.changed(after.entry)) <= {name}
    given_at = getattr(world.sides[where].entries[1][0], name) if where != "library" else value
    for side in world.sides.values():
        if name in side.capability.fields:
            assert agree(side, side.entries[1][0], after, name)
    if where == "library":
        assert getattr(after.entry, name) == given_at


@given(draw.sides, draw.entries, st.lists(draw.one_field(), min_size=1, max_size=3), st.sampled_from(["", "lost"]))
def test_what_a_server_alters_on_our_write_is_no_edit(
    slugs: list[str], entry: Entry, edits: list[dict[str, Any]], fault: str
) -> None:
    """Kitsu completes, fills and moves on when an entry is saved. Nobody said so: the library stays as it was left, and
    does so where the answer is lost and the next read is the first to show it."""
    world = settled_world(slugs, entry)
    for edit in edits:
        world.edit(LIBRARY, 1, **edit)
        said = world.library[1].entry
        for slug in slugs:
            world.sweep(slug, lambda _step: fault)
        world.settle()
        assert world.library[1].entry == said


@given(st.data(), draw.full_sides)
def test_nothing_is_deleted_that_nobody_deleted(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    history = data.draw(draw.actions(slugs, removals=False))
    play(world, history)
    before = {media for side in world.sides.values() for media in side.entries} | set(world.alive())
    world.settle()
    assert set(world.alive()) == before
    assert all(action != "remove" for side in world.sides.values() for _, action in side.writes)


@given(st.data(), draw.full_sides, draw.entries, st.sampled_from(["score", "started_on"]))
def test_saying_the_same_more_coarsely_is_no_vote(
    data: st.DataObject, slugs: list[str], entry: Entry, name: str
) -> None:
    """A mark that covers the library's score, or the year of its day, given on a coarser service: it stays as it is."""
    coarse = data.draw(st.sampled_from(["myanimelist", "twenty"])) if name == "score" else slugs[0]
    fine = next(slug for slug in ("anilist:POINT_100", *slugs) if slug != coarse)
    world = settled_world([coarse, fine], entry)
    for value in data.draw(st.lists(st.sampled_from(draw.CLOSE[name]), max_size=2)):
        world.edit(fine, 1, **{name: value})
        world.settle()
    said = world.library[1].entry
    mark = world.sides[coarse].capability.scale.mark(said.score)
    again = mark if name == "score" else PartialDate(said.started_on.year)
    assume(again)
    world.edit(coarse, 1, **{name: again})
    world.settle()
    assert world.library[1].entry == said


@given(
    st.data(), draw.full_sides, draw.entries, st.sampled_from(sorted(set(draw.VALUES) - {"private"})), st.integers(1, 2)
)
def test_an_edit_is_never_lost_to_a_delete_elsewhere(
    data: st.DataObject, slugs: list[str], entry: Entry, name: str, misses: int
) -> None:
    """Whoever did what first, and in whatever order the connections run."""
    world = settled_world(slugs, entry, misses=misses)
    editor, remover = world.sides[slugs[0]], data.draw(st.sampled_from([*slugs[1:], LIBRARY]))
    before = world.library[1].entry
    wanted = editor.hold(entry.with_(**{name: data.draw(draw.VALUES[name])})).get(name)
    assume(not agree(editor, editor.entries[1][0].with_(**{name: wanted}), world.library[1], name))
    for act in data.draw(st.permutations(["edit", "remove"])):
        world.edit(editor.slug, 1, **{name: wanted}) if act == "edit" else world.remove(remover, 1)
    world.settle(data.draw(st.permutations(slugs)))
    assert 1 in world.alive()
    assert all(1 in side.entries for side in world.sides.values())
    assert agree(editor, editor.entries[1][0], world.library[1], name)
    assert editor.entries[1][0].get(name) == wanted
    assert set(before.changed(world.library[1].entry)) <= {name}
    assert world.rests() == []


@given(draw.full_sides, draw.entries, st.permutations(range(3)), st.data())
def test_edits_of_different_fields_give_the_same_result_in_any_order(
    slugs: list[str], entry: Entry, order: list[int], data: st.DataObject
) -> None:
    """Scores and days may settle at different precision; every other field is exactly the same."""
    results = []
    edits = {
        slug: (name, data.draw(draw.VALUES[name]))
        for slug, name in zip(slugs, ["progress", "notes", "status"], strict=False)
    }
    for sequence in (slugs, [slugs[i] for i in order if i < len(slugs)]):
        world = world_of(slugs)
        world.library[1] = Canonical(replace(entry, private=False), {"*": Stamp(1.0)})
        world.settle()
        for slug, (name, value) in edits.items():
            world.edit(slug, 1, **{name: value})
        world.settle(sequence)
        results.append(world.library[1].entry)
    assert results[0] == results[1]


@given(st.data(), draw.steady_sides)
def test_no_value_is_invented(data: st.DataObject, slugs: list[str]) -> None:
    world = world_of(slugs)
    history = data.draw(draw.actions(slugs))
    said: dict[str, set[Any]] = {name: {getattr(Entry(Status.PLANNED), name)} for name in FIELDS}
    said["status"].add(Status.CURRENT)  # what a service without statuses is read as
    for step in history:
        if step[0] == "edit":
            for name, value in step[3].items():
                said[name].add(value)
                for side in world.sides.values():
                    said[name].add(getattr(side.hold(replace(Entry(Status.PLANNED), **{name: value})), name))
                    if name == "progress":
                        said[name].add(min(value, TOTAL))
    play(world, history)
    world.settle()
    for entry in world.alive().values():
        for name in FIELDS:
            assert getattr(entry, name) in said[name], name


@given(st.sampled_from(draw.SLUGS), st.sampled_from(draw.SLUGS), draw.entries)
def test_linking_services_that_agree_up_to_rounding_keeps_the_finer_score_and_writes_nothing(
    first: str, second: str, entry: Entry
) -> None:
    assume(first != second and "narrow" not in (first, second))
    a, b = draw.make_side(first), draw.make_side(second)
    whole = replace(entry, private=False, started_on=NO_DATE, finished_on=NO_DATE, repeats=0)
    whole = replace(whole, progress=min(whole.progress, 11), status=Status.CURRENT)
    a.entries[1] = (replace(whole, score=a.capability.scale.mark(whole.score)), 10.0)
    b.entries[1] = (replace(whole, score=b.capability.scale.mark(whole.score)), 20.0)
    world = World(a, b)
    world.settle()
    assert (a.writes, b.writes) == ([], [])
    widths = {}
    for side in (a, b):
        low, high = side.capability.scale.opinions(side.entries[1][0].score)
        widths[side.entries[1][0].score] = high - low
    assert widths[world.library[1].entry.score] == min(widths.values())


@given(st.sampled_from(draw.score_scales()), st.sampled_from(draw.score_scales()), st.integers(0, 100))
def test_every_score_comes_to_rest_after_one_run_between_every_pair_of_scales(one: str, two: str, score: int) -> None:
    a = Side("a", replace(draw.make_side("anilist:POINT_100").capability, scale=SCALES[one]))
    b = Side("b", replace(draw.make_side("anilist:POINT_100").capability, scale=SCALES[two]))
    world = World(a, b)
    a.put(1, Entry(Status.COMPLETED, score=SCALES[one].mark(score)), 10.0)
    world.sweep_all()
    assert world.rests() == []
    assert (b.entries[1][0].score == 0) == (a.entries[1][0].score == 0)
    assert a.writes == []
