"""A whole list against a whole library: what becomes an item, what is settled, what is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.capability import SCALES
from library.entry import Kind, Status
from syncing.core import plan as plan_module
from syncing.core.merge import merge
from syncing.core.model import AWAY, Action, Canonical, Memory, Verdict
from syncing.core.plan import Census, Item, Plan, make_plan, memory_if_undone
from tests.core.build import ANIME, entry, held, remote, rules, table, track
from tests.core.services import MAL, NARROW, anilist

FIVE = entry(progress=5)
SIX = entry(progress=6)
IN_STEP = Memory(FIVE, FIVE)


def actions(plan: Plan) -> dict[str, tuple[Action, Action]]:
    """{remote id: (on the library, on the side)}."""
    return {item.key[1]: (item.verdict.to_library, item.verdict.to_side) for item in plan.items}


def test_nothing_moved_plans_and_settles_nothing() -> None:
    plan = make_plan(table(remote(1, FIVE), library={1: held(FIVE)}, tracks=dict([track(1, IN_STEP)])))
    assert plan == Plan(census=Census(read=1, remembered=1))


def test_each_entry_gets_what_its_two_sides_say() -> None:
    plan = make_plan(
        table(
            remote(1, SIX),
            remote(2, FIVE),
            remote(3, FIVE),
            library={1: held(FIVE), 2: held(SIX), 4: held(FIVE)},
            tracks=dict([track(1, IN_STEP), track(2, IN_STEP)]),
        )
    )
    assert actions(plan) == {
        "1": (Action.UPDATE, Action.NONE),
        "2": (Action.NONE, Action.UPDATE),
        "3": (Action.CREATE, Action.NONE),
        "4": (Action.NONE, Action.CREATE),
    }
    assert plan.census == Census(read=3, remembered=2, missing=0, rewritten=1)


def test_a_missing_entry_is_counted_and_settled_before_it_is_removed() -> None:
    first = make_plan(table(library={1: held(FIVE)}, tracks=dict([track(1, IN_STEP)])))
    assert first.items == ()
    settled = first.settled[ANIME, "1"]
    assert settled is not None
    assert settled.memory == replace(IN_STEP, missing=1)
    second = make_plan(table(library={1: held(FIVE)}, tracks={(ANIME, "1"): settled}))
    assert actions(second) == {"1": (Action.REMOVE, Action.NONE)}
    assert second.census == Census(read=0, remembered=1, missing=1)


def test_an_entry_that_came_back_starts_counting_anew() -> None:
    tracks = dict([track(1, replace(IN_STEP, missing=1))])
    plan = make_plan(table(remote(1, FIVE), library={1: held(FIVE)}, tracks=tracks))
    assert plan.items == ()
    assert [track.memory for track in plan.settled.values() if track is not None] == [IN_STEP]


def test_absences_of_a_kind_that_was_not_read_whole_say_nothing() -> None:
    tracks = dict([track(1, replace(IN_STEP, missing=1)), track(2, IN_STEP)])
    library = {1: held(FIVE), 2: held(FIVE), 3: held(FIVE)}
    plan = make_plan(table(remote(2, SIX), library=library, tracks=tracks, complete=set()))
    assert actions(plan) == {"2": (Action.UPDATE, Action.NONE)}
    assert plan.settled == {}
    assert plan.census == Census(read=1, remembered=0, missing=0, rewritten=1)


def test_one_kind_may_be_complete_without_the_other() -> None:
    key = (Kind.MANGA, "7")
    manga = replace(track(7, replace(IN_STEP, missing=1))[1], kind=Kind.MANGA)
    tracks = {**dict([track(1, replace(IN_STEP, missing=1))]), key: manga}
    rows = {1: held(FIVE), 7: held(FIVE), 8: held(FIVE)}
    plan = make_plan(
        table(
            library=rows,
            tracks=tracks,
            kinds={1: ANIME, 7: Kind.MANGA, 8: Kind.MANGA},
            rules={ANIME: rules(), Kind.MANGA: rules()},
        )
    )
    assert actions(plan) == {"1": (Action.REMOVE, Action.NONE)}


def test_the_same_work_under_another_id_is_a_track_to_forget() -> None:
    tracks = dict([track(1, replace(IN_STEP, missing=1))])
    plan = make_plan(table(remote(1, FIVE, remote_id="99", at=50.0), library={1: held(FIVE)}, tracks=tracks))
    assert plan.items == ()
    assert plan.settled[ANIME, "1"] is None
    new = plan.settled[ANIME, "99"]
    assert new is not None
    assert (new.media_id, new.memory) == (1, IN_STEP)
    assert plan.census == Census(read=1, remembered=1, missing=0)


def test_an_entry_matched_to_another_media_is_met_for_the_first_time() -> None:
    """A person said that remote 1 is media 2: what we remember of it speaks of media 1."""
    tracks = dict([track(1, Memory(entry(progress=1, notes="x"), entry(progress=1, notes="x")))])
    plan = make_plan(
        table(
            remote(2, SIX, remote_id="1"),
            library={1: held(FIVE), 2: held(entry(progress=6, notes="mine"))},
            tracks=tracks,
        )
    )
    (item,) = plan.items
    assert (item.key, item.track.media_id) == ((ANIME, "1"), 2)
    assert [move.field for move in item.verdict.moves_out] == ["notes"]


def test_an_entry_that_could_not_be_understood_is_left_as_it_is() -> None:
    """It is on the side: neither removed here, nor counted as missing, nor written over by a media that has its id."""
    key, known = track(1, replace(IN_STEP, missing=1))
    gone = make_plan(table(library={1: held(FIVE)}, tracks={key: known}))
    assert actions(gone) == {"1": (Action.REMOVE, Action.NONE)}
    plan = make_plan(table(library={1: held(SIX), 2: held(FIVE)}, tracks={key: known}, routes={2: "1"}, unclear={key}))
    assert (plan.items, dict(plan.settled), plan.unroutable) == ((), {}, ((ANIME, 2),))
    assert (plan.census.remembered, plan.census.missing) == (0, 0)
    never_understood = make_plan(table(library={2: held(FIVE)}, routes={2: "9"}, unclear={(ANIME, "9")}))
    assert (never_understood.items, never_understood.unroutable) == ((), ((ANIME, 2),))


@pytest.mark.parametrize("where", ["there", "missing", "here"])
def test_one_entry_on_which_the_merge_fails_costs_nobody_else_anything(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = merge

    def stumble(canonical: Canonical | None, *args: Any, **kwargs: Any) -> Verdict:
        if canonical is not None and canonical.entry.notes == "odd":
            raise ZeroDivisionError
        return real(canonical, *args, **kwargs)

    odd = FIVE.with_(notes="odd")
    remotes = [remote(1, SIX, at=300.0), remote(2, SIX, at=300.0)]
    tracks = dict([track(1, IN_STEP), track(2, IN_STEP)])
    if where != "there":
        remotes.pop(0)
    if where == "here":
        tracks.pop((ANIME, "1"))
    made = table(*remotes, library={1: held(odd), 2: held(FIVE), 3: held(FIVE)}, tracks=tracks)
    monkeypatch.setattr(plan_module, "merge", stumble)
    plan = make_plan(made)
    assert actions(plan) == {"2": (Action.UPDATE, Action.NONE), "3": (Action.NONE, Action.CREATE)}
    (fault,) = plan.faults
    assert (fault.media_id, fault.remote_id, type(fault.error)) == (
        1,
        "" if where == "here" else "1",
        ZeroDivisionError,
    )
    assert (ANIME, "1") not in plan.settled


def test_no_media_is_written_over_the_entry_of_another() -> None:
    """Media 1's known id there is held by media 2 now: it has no way to this side, and media 2 is not touched."""
    plan = make_plan(
        table(
            remote(2, FIVE, remote_id="1", at=50.0),
            library={1: held(SIX), 2: held(FIVE)},
            routes={1: "1"},
            tracks=dict([track(2, IN_STEP, remote_id="1")]),
        )
    )
    assert plan.items == ()
    assert plan.unroutable == ((ANIME, 1),)


def test_two_media_with_one_id_are_not_both_created() -> None:
    plan = make_plan(table(library={1: held(FIVE), 2: held(SIX)}, routes={1: "5", 2: "5"}))
    assert actions(plan) == {"5": (Action.NONE, Action.CREATE)}
    assert plan.items[0].track.media_id == 1
    assert plan.unroutable == ((ANIME, 2),)


def test_a_media_without_a_known_id_is_named() -> None:
    plan = make_plan(table(library={1: held(FIVE), 2: held(FIVE, at=1.0)}, routes={2: "2"}))
    assert plan.unroutable == ((ANIME, 1),)
    assert actions(plan) == {"2": (Action.NONE, Action.CREATE)}


def test_what_may_not_go_there_is_not_looked_for() -> None:
    private = held(entry(private=True))
    by_mal = {ANIME: rules(MAL)}
    assert make_plan(table(library={1: private}, routes={}, rules=by_mal)).unroutable == ()
    one_way = {ANIME: rules(gives=False)}
    assert make_plan(table(library={1: held(FIVE)}, routes={}, rules=one_way)).unroutable == ()
    assert make_plan(table(library={1: replace(held(FIVE), removed=True)}, routes={})).unroutable == ()


def test_what_is_not_taken_leaves_no_track() -> None:
    plan = make_plan(table(remote(1, FIVE), rules={ANIME: rules(takes=False)}))
    assert plan == Plan(census=Census(read=1))


def test_a_track_without_a_memory_does_not_stand_in_the_way() -> None:
    plan = make_plan(table(library={1: held(FIVE)}, tracks=dict([track(1, None)])))
    assert actions(plan) == {"1": (Action.NONE, Action.CREATE)}
    assert plan.census == Census()


def test_a_new_handle_of_a_known_entry_is_remembered() -> None:
    tracks = dict([track(1, IN_STEP, entry_id="old")])
    plan = make_plan(table(remote(1, FIVE, entry_id="new"), library={1: held(FIVE)}, tracks=tracks))
    assert plan.items == ()
    assert [track.entry_id for track in plan.settled.values() if track is not None] == ["new"]


def test_an_edit_of_a_field_that_is_not_synced_is_no_rewriting() -> None:
    seen = entry(progress=5, score=80)
    tracks = dict([track(1, Memory(seen, seen))])
    plan = make_plan(
        table(
            remote(1, replace(seen, notes="mine", status=Status.PAUSED)),
            library={1: held(seen)},
            tracks=tracks,
            rules={ANIME: rules(NARROW)},
        )
    )
    assert plan.items == ()
    assert plan.census == Census(read=1, remembered=1, rewritten=0)


def test_an_entry_that_we_took_away_is_neither_missing_nor_missed() -> None:
    tracks = dict([track(1, replace(IN_STEP, missing=AWAY))])
    plan = make_plan(table(library={1: held(FIVE)}, tracks=tracks))
    assert plan == Plan(census=Census())
    again = make_plan(table(library={1: held(SIX)}, tracks=tracks))
    assert actions(again) == {"1": (Action.NONE, Action.CREATE)}


def test_a_held_field_alone_is_an_item_that_does_nothing_and_asks_every_time() -> None:
    asking = {ANIME: rules(policy="ask")}
    plan = make_plan(table(remote(1, FIVE, at=50.0), library={1: held(SIX)}, rules=asking))
    again = make_plan(
        table(
            remote(1, FIVE, at=50.0),
            library={1: held(SIX)},
            rules=asking,
            tracks={item.key: item.track for item in plan.items},
        )
    )
    for (item,) in (plan.items, again.items):
        assert item.verdict.is_quiet
        assert not item.verdict.stamped
        assert [conflict.field for conflict in item.verdict.conflicts] == ["progress"]


def test_what_is_withheld_by_direction_is_settled_once() -> None:
    tracks = dict([track(1, IN_STEP)])
    one_way = {ANIME: rules(takes=False)}
    edited = remote(1, SIX.with_(notes="mine"))
    first = make_plan(table(edited, library={1: held(FIVE.with_(repeats=1))}, tracks=tracks, rules=one_way))
    (item,) = first.items
    assert [move.field for move in item.verdict.moves_out] == ["repeats"]
    told = {item.key: replace(item.track, memory=Memory(FIVE.with_(repeats=1), FIVE.with_(repeats=1)))}
    edited = remote(1, SIX.with_(notes="mine", repeats=1))
    second = make_plan(table(edited, library={1: held(FIVE.with_(repeats=1))}, tracks=told, rules=one_way))
    assert second == Plan(census=Census(read=1, remembered=1, rewritten=1))


def test_choices_reach_their_own_media_only() -> None:
    plan = make_plan(
        table(
            remote(1, FIVE),
            remote(2, FIVE),
            library={1: held(SIX), 2: held(SIX)},
            rules={ANIME: rules(policy="ask")},
            choices={2: {"progress": "library"}},
        )
    )
    assert actions(plan) == {"1": (Action.NONE, Action.NONE), "2": (Action.NONE, Action.UPDATE)}


def test_progress_is_told_now_and_then() -> None:
    told: list[int] = []
    make_plan(table(*(remote(number, FIVE) for number in range(1, 1002))), progress=told.append)
    assert told == [0, 500, 1000]


def test_an_item_knows_whether_it_removes() -> None:
    def item(number: int) -> Item:
        return {item.track.media_id: item for item in plan.items}[number]

    tracks = dict([track(1, replace(IN_STEP, missing=1)), track(2, IN_STEP)])
    library = {1: held(FIVE), 2: replace(held(FIVE), removed=True), 3: held(FIVE)}
    plan = make_plan(table(remote(2, FIVE), library=library, tracks=tracks))
    assert [item(number).removes for number in (1, 2, 3)] == [True, True, False]


def test_a_removal_that_waits_keeps_counting_in_the_library_only() -> None:
    tracks = dict([track(1, replace(IN_STEP, missing=1)), track(2, IN_STEP)])
    library = {1: held(FIVE), 2: replace(held(FIVE), removed=True)}
    plan = make_plan(table(remote(2, FIVE), library=library, tracks=tracks))
    kept = {item.key[1]: memory_if_undone(item, tracks[item.key]) for item in plan.items}
    assert kept == {"1": replace(IN_STEP, missing=2), "2": IN_STEP}
    fresh = make_plan(table(remote(3, FIVE))).items[0]
    assert memory_if_undone(fresh, None) is None


def test_rules_are_those_of_the_kind() -> None:
    coarse = rules(replace(anilist(), scale=SCALES["10"]))
    manga = replace(remote(7, entry(score=90)), kind=Kind.MANGA)
    rows = {1: held(entry(score=87)), 7: held(entry(score=87))}
    plan = make_plan(
        table(
            remote(1, entry(score=90)),
            manga,
            library=rows,
            kinds={1: ANIME, 7: Kind.MANGA},
            complete=set(Kind),
            rules={ANIME: rules(), Kind.MANGA: coarse},
        )
    )
    # Of 100 points 90 is another opinion than 87; of ten marks it is the same one, known more finely here.
    assert [(item.key[0], item.verdict.to_library) for item in plan.items] == [
        (ANIME, Action.UPDATE),
        (Kind.MANGA, Action.NONE),
    ]
