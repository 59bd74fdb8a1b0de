"""A side whose records only grow, as Trakt keeps plays: it raises the library, and is never asked to go back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.entry import Entry, Status
from library.stamps import Stamp
from syncing.core.absence import unseen
from syncing.core.compare import is_further
from syncing.core.merge import merge
from syncing.core.model import Action, Canonical, Memory, Reason
from syncing.core.plan import make_plan
from tests.core import strategies as draw
from tests.core.build import ANIME, entry, held, moved, now, remote, rules, table, track
from tests.core.playing import play, settled_world, world_of
from tests.core.services import TOTAL, TRAKT
from tests.core.world import LIBRARY, World

SIDES = st.sampled_from(
    [["trakt"], ["trakt", "anilist:POINT_100"], ["myanimelist", "trakt"], ["anilist:POINT_10", "trakt", "kitsu"]]
)
KEPT = (Status.PAUSED, Status.DROPPED, Status.REPEATING)
RULES = rules(TRAKT)
DROPPING = rules(replace(TRAKT, statuses=TRAKT.statuses | {Status.DROPPED}, bare=TRAKT.bare | {Status.DROPPED}))


@given(st.data(), SIDES, st.sampled_from(["newest", "library", "provider", "furthest"]))
def test_with_a_record_too_a_third_sweep_plans_nothing(data: st.DataObject, slugs: list[str], policy: str) -> None:
    world = world_of(slugs, policy=policy)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    assert world.rests() == []


@given(st.data(), SIDES)
def test_a_record_raises_the_library_and_nothing_else(data: st.DataObject, slugs: list[str]) -> None:
    """Of what its runs change here: progress rises, a status goes forward, and nothing is removed."""
    world = world_of(slugs)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    lines = [line.done for line in world.journal if line.side == LIBRARY and line.by == "trakt"]
    assert all(done.action is not Action.REMOVE for done in lines)
    for done in lines:
        for name in TRAKT.rises & set(done.before or {}):
            assert done.before is not None
            assert done.after is not None
            assert is_further(name, done.after[name], done.before[name]), (name, done)


@given(st.data(), SIDES)
def test_a_record_is_never_asked_to_go_back(data: st.DataObject, slugs: list[str]) -> None:
    """Every write to it adds something, and none removes."""
    world = world_of(slugs)
    play(world, data.draw(draw.actions(slugs)))
    world.settle()
    assert all(action != "remove" for _, action in world.sides["trakt"].writes)
    for line in world.journal:
        before, after = line.done.before or {}, line.done.after or {}
        if line.side == "trakt" and {"progress"} <= before.keys() & after.keys():
            assert after["progress"] >= before["progress"]


@given(st.data(), SIDES)
def test_no_play_is_invented(data: st.DataObject, slugs: list[str]) -> None:
    """What the record shows was said by somebody, here or elsewhere; a server may cut it to the total, or fill up."""
    world = world_of(slugs)
    history = data.draw(draw.actions(slugs))
    play(world, history)
    world.settle()
    said = {rest[1]["progress"] for verb, _, *rest in history if verb == "edit" and "progress" in rest[1]}
    for shown, _ in world.sides["trakt"].entries.values():
        assert shown.progress in said | {0, TOTAL}


@given(st.data(), SIDES)
def test_all_that_is_watched_is_on_record(data: st.DataObject, slugs: list[str]) -> None:
    """Unless somebody took plays off the record, which is theirs to do."""
    world = world_of(slugs)
    play(world, data.draw(draw.actions(slugs, removals=False)))
    world.settle()
    record = world.sides["trakt"]
    for media, one in world.alive().items():
        if one.private:
            continue
        shown = record.held(media)
        if shown is None:
            assert one.progress == 0
            assert one.status is not Status.PLANNED
        else:
            assert shown.progress >= min(one.progress, TOTAL)


@given(st.data(), st.sampled_from(KEPT), st.integers(0, TOTAL), st.lists(st.integers(1, TOTAL), max_size=3))
def test_what_a_person_paused_dropped_or_began_again_stays_so(
    data: st.DataObject, status: Status, progress: int, plays: list[int]
) -> None:
    world = settled_world(["trakt", "anilist:POINT_100"], Entry(status, progress=progress))
    for number in plays:
        world.edit("trakt", 1, progress=number)
        world.settle(data.draw(st.permutations(list(world.sides))))
    here = world.library[1].entry
    assert here.status is status
    assert here.progress == (progress if status is Status.REPEATING else max([progress, *plays]))


@given(st.integers(0, TOTAL), st.integers(0, TOTAL), draw.entries)
def test_one_play_reaches_every_side(before: int, after: int, one: Entry) -> None:
    status = Status.CURRENT if before else Status.PLANNED
    world = settled_world(["trakt", "anilist:POINT_100"], replace(one, status=status, progress=before))
    world.edit("trakt", 1, progress=after)
    world.settle()
    highest = max(before, after)
    assert world.library[1].entry.progress == highest
    assert world.sides["anilist:POINT_100"].entries[1][0].progress == highest


def test_taking_plays_off_the_record_changes_nothing_here_and_is_not_undone_there() -> None:
    world = settled_world(["trakt"], entry(progress=5))
    world.remove("trakt", 1)
    world.settle()
    assert (world.library[1].entry.progress, world.sides["trakt"].held(1)) == (5, None)
    assert not world.library[1].removed
    world.edit(LIBRARY, 1, progress=6)
    world.settle()
    shown = world.sides["trakt"].held(1)
    assert shown is not None
    assert shown.progress == 6
    assert world.rests() == []


@given(st.integers(1, TOTAL), st.integers(1, TOTAL), st.integers(1, TOTAL))
def test_what_a_record_has_no_room_for_yet_is_brought_once_it_has(room: int, progress: int, later: int) -> None:
    world = World(draw.make_side("trakt"))
    record = world.sides["trakt"]
    record.room = room
    world.library[1] = Canonical(entry(progress=progress), {"*": Stamp(1.0)})
    for more in (room, max(room, later), TOTAL):
        record.room = more
        world.settle()
        shown = record.held(1)
        assert shown is not None
        assert shown.progress == min(progress, more)
        assert world.rests() == []
    assert world.library[1].entry.progress == progress


def test_an_episode_too_many_is_not_sent_again_when_plays_were_taken_off() -> None:
    """The record was full once; what its owner took off later is no gap that we have to fill."""
    world = settled_world(["trakt"], entry(progress=TOTAL))
    world.remove("trakt", 1)
    world.edit("trakt", 1, progress=4)
    world.settle()
    shown = world.sides["trakt"].held(1)
    assert shown is not None
    assert shown.progress == 4


# Rule by rule --------------------------------------------------------------------------------------------

FIVE, IN_STEP = entry(progress=5), Memory(entry(progress=5), entry(progress=5))


@pytest.mark.parametrize(
    ("side", "library", "goes"),
    [
        (Status.CURRENT, Status.PLANNED, True),
        (Status.COMPLETED, Status.PLANNED, True),
        (Status.COMPLETED, Status.CURRENT, True),
        (Status.CURRENT, Status.CURRENT, False),
        (Status.PLANNED, Status.CURRENT, False),
        (Status.CURRENT, Status.COMPLETED, False),
        *((status, kept, False) for kept in KEPT for status in (Status.PLANNED, Status.CURRENT, Status.COMPLETED)),
        (Status.DROPPED, Status.CURRENT, True),
        (Status.DROPPED, Status.PAUSED, True),
        (Status.DROPPED, Status.COMPLETED, False),
        (Status.DROPPED, Status.REPEATING, False),
        (Status.DROPPED, Status.DROPPED, False),
    ],
)
def test_which_statuses_a_record_overtakes(side: Status, library: Status, goes: bool) -> None:
    assert is_further("status", side, library) is goes


def test_on_first_contact_the_further_side_wins_whatever_the_policy() -> None:
    for policy in ("newest", "library", "provider", "furthest", "ask"):
        ahead = merge(held(FIVE), now(entry(progress=8)), None, rules=replace(RULES, policy=policy))
        assert moved(ahead) == ({"progress": 8}, {})
        behind = merge(held(FIVE), now(entry(progress=3)), None, rules=replace(RULES, policy=policy))
        assert moved(behind) == ({}, {"progress": 5})
        assert (ahead.conflicts, behind.conflicts) == ((), ())


def test_old_plays_say_nothing_of_a_repeat() -> None:
    again = held(entry(Status.REPEATING, progress=3, repeats=1))
    verdict = merge(again, now(entry(Status.COMPLETED, progress=12)), None, rules=RULES)
    assert verdict.is_quiet
    assert verdict.memory == Memory(entry(Status.COMPLETED, progress=12), again.entry)


def test_going_back_in_the_library_is_not_brought_there() -> None:
    verdict = merge(held(entry(progress=2)), now(FIVE), IN_STEP, rules=RULES)
    assert verdict.is_quiet
    assert verdict.memory == Memory(FIVE, entry(progress=2))


def test_plays_that_vanished_are_not_sent_again() -> None:
    verdict = merge(held(FIVE), now(entry(progress=2)), IN_STEP, rules=RULES)
    assert verdict.is_quiet
    assert verdict.memory == Memory(entry(progress=2), FIVE)


def test_plays_that_vanished_are_not_sent_again_while_the_record_has_no_room_for_more() -> None:
    """12 was watched, 10 had aired there and were brought, and one of those was taken off."""
    known = Memory(entry(progress=10), entry(progress=10))
    left = merge(held(entry(progress=12)), now(entry(progress=9), total=10), known, rules=RULES)
    assert left.is_quiet
    assert left.memory == Memory(entry(progress=9), entry(progress=10))
    grown = merge(held(entry(progress=12)), now(entry(progress=9), total=11), left.memory, rules=RULES)
    assert moved(grown) == ({}, {"progress": 11})


def test_what_a_side_cannot_tell_is_taken_to_be_as_it_was() -> None:
    """A second season makes the rating of a show the score of no work in particular."""
    scored = entry(progress=5, score=80)
    key, known = track(1, Memory(scored, scored))
    read = remote(1, FIVE)
    untold = replace(read, now=replace(read.now, untold=frozenset({"score"})))
    options: dict[str, Any] = {"tracks": {key: known}, "rules": {ANIME: RULES}}
    plan = make_plan(table(untold, library={1: held(scored)}, **options))
    assert (plan.items, plan.settled, plan.census.rewritten) == ((), {}, 0)
    edited = make_plan(table(untold, library={1: held(scored.with_(score=60))}, **options))
    assert [moved(item.verdict) for item in edited.items] == [({}, {"score": 60})]
    taken = make_plan(table(read, library={1: held(scored)}, **options))
    assert [moved(item.verdict) for item in taken.items] == [({"score": 0}, {})]


def test_a_status_that_fell_back_with_its_plays_is_not_sent_again() -> None:
    done = entry(Status.COMPLETED, progress=TOTAL)
    verdict = merge(held(done), now(entry(progress=7)), Memory(done, done), rules=RULES)
    assert verdict.is_quiet


def test_one_way_connections_hold_for_records_too() -> None:
    import_only, export_only = replace(RULES, gives=False), replace(RULES, takes=False)
    assert merge(held(FIVE), now(entry(progress=3)), None, rules=import_only).is_quiet
    assert moved(merge(held(FIVE), now(entry(progress=8)), None, rules=import_only)) == ({"progress": 8}, {})
    assert merge(held(FIVE), now(entry(progress=8)), None, rules=export_only).is_quiet
    assert moved(merge(held(FIVE), now(entry(progress=3)), None, rules=export_only)) == ({}, {"progress": 5})


def test_a_drop_goes_both_ways_where_it_is_synced_and_so_does_taking_it_up_again() -> None:
    dropped, both = entry(Status.DROPPED, progress=5), Memory(entry(Status.DROPPED, progress=5), FIVE)
    assert moved(merge(held(FIVE), now(dropped), IN_STEP, rules=DROPPING))[0] == {"status": Status.DROPPED}
    assert moved(merge(held(dropped), now(FIVE), IN_STEP, rules=DROPPING))[1] == {"status": Status.DROPPED}
    settled = replace(both, agreed=dropped)
    assert moved(merge(held(FIVE), now(dropped), settled, rules=DROPPING))[1] == {"status": Status.CURRENT}


@pytest.mark.parametrize(
    ("one", "traced"),
    [
        (entry(Status.PLANNED), True),
        (entry(Status.CURRENT), False),
        (entry(Status.PAUSED), False),
        (entry(Status.COMPLETED), False),
        (entry(Status.PAUSED, progress=1), True),
    ],
)
def test_an_entry_that_would_leave_no_trace_is_not_created(one: Entry, traced: bool) -> None:
    verdict = merge(held(one), None, None, rules=RULES)
    assert verdict.is_quiet is not traced


def test_an_unseen_entry_waits_for_the_library_to_move() -> None:
    assert unseen(held(FIVE), IN_STEP, RULES).memory == IN_STEP
    assert unseen(held(entry(progress=5, notes="not held there")), IN_STEP, RULES).is_quiet
    again = unseen(held(entry(progress=6)), IN_STEP, RULES)
    assert (again.to_side, again.reason) == (Action.CREATE, Reason.LIBRARY_EDIT)
    assert unseen(held(entry(progress=6)), IN_STEP, replace(RULES, gives=False)).is_quiet
    for less in (FIVE.with_(score=90), entry(progress=3), entry(Status.COMPLETED, progress=5)):
        assert unseen(held(less), IN_STEP, RULES).is_quiet, less
    assert unseen(held(entry(Status.PLANNED)), IN_STEP, RULES).to_side is Action.CREATE
    gone = unseen(replace(held(entry(progress=6)), removed=True), IN_STEP, RULES)
    assert gone.is_quiet


def test_a_hidden_entry_of_a_list_waits_until_it_is_seen_again() -> None:
    """A filter hides it there: it is neither removed here, nor written over, nor counted as missing."""
    verdict = unseen(held(entry(progress=6)), IN_STEP, rules())
    assert (verdict.is_quiet, verdict.memory) == (True, IN_STEP)
    key, known = track(1, IN_STEP)
    plan = make_plan(table(library={1: held(entry(progress=6))}, tracks={key: known}, hidden={key}))
    assert (plan.items, plan.settled) == ((), {})
    assert (plan.census.remembered, plan.census.missing) == (0, 0)
    seen = make_plan(table(library={1: held(FIVE)}, tracks={key: known}))
    assert (seen.census.remembered, seen.census.missing) == (1, 1)


def test_a_record_emptied_by_its_owner_stops_no_run() -> None:
    world = World(draw.make_side("trakt"))
    for media in range(1, 4):
        world.library[media] = Canonical(entry(progress=media), {"*": Stamp(1.0)})
    world.settle()
    world.sides["trakt"].entries.clear()
    plan = world.plan("trakt")
    assert (plan.items, plan.census.remembered, plan.census.missing) == ((), 0, 0)
    assert all(track.kind is ANIME for track in world.sides["trakt"].tracks.values())
