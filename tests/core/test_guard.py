"""Each guard just below and just above its bound, and what a person's word lets through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from library.entry import Entry, Status
from syncing.core.guard import (
    REMOVALS_A_RUN,
    REWRITTEN_AT_LEAST,
    WRITES_AN_HOUR,
    Guarded,
    Topic,
    Watch,
    guard,
)
from syncing.core.model import AWAY, Action, Memory, Move, Reason, Track, Verdict
from syncing.core.plan import Census, Item, Key, Plan, make_plan
from tests.core.build import ANIME, entry, held, now, remote, rules, table, track

FIVE = entry(progress=5)
YES = Watch(removals="yes")


def item(number: int, verdict: Verdict) -> Item:
    (_, one) = track(number, None)
    return Item(one, verdict, now(FIVE), held(FIVE))


def update(number: int) -> Item:
    move = Move("notes", "", "x", Reason.LIBRARY_EDIT)
    return item(number, Verdict(to_side=Action.UPDATE, moves_out=(move,), canonical=held(FIVE)))


def removal(number: int, *, side: bool = False) -> Item:
    verdict = (
        Verdict(to_side=Action.REMOVE) if side else Verdict(to_library=Action.REMOVE, waiting=Memory(FIVE, FIVE, 2))
    )
    return item(number, verdict)


def drop(before: int, after: int, *, status: Status = Status.CURRENT, reason: Reason = Reason.SIDE_EDIT) -> Item:
    move = Move("progress", before, after, reason)
    canonical = held(Entry(status, progress=after))
    return item(1, Verdict(to_library=Action.UPDATE, moves_in=(move,), canonical=canonical))


def plan_of(items: Iterable[Item], **census: int) -> Plan:
    return Plan(tuple(items), census=Census(**{"read": 100, "remembered": 100, **census}))


def media(items: Iterable[Item]) -> list[int]:
    return [one.track.media_id for one in items]


def stopped(watch: Watch = YES, **census: int) -> tuple[Topic, ...]:
    return guard(plan_of([update(1)], **census), watch).stopped


# The whole run -------------------------------------------------------------------------------------------


def test_a_quiet_plan_passes_as_it_is() -> None:
    plan = plan_of([update(1)])
    assert guard(plan, Watch()) == Guarded(plan)


def test_a_list_suddenly_empty_stops_the_run() -> None:
    plan = plan_of([update(1)], read=0, remembered=1)
    assert guard(plan, YES) == Guarded(Plan(census=plan.census), (Topic.EMPTIED,))
    assert stopped(read=1, remembered=1) == ()
    assert stopped(read=0, remembered=0) == ()


def test_three_old_entries_all_gone_stop_the_run() -> None:
    three = frozenset((ANIME, str(number)) for number in range(3))
    two = frozenset(sorted(three)[:2])
    assert stopped(Watch(sentinels=three, sentinels_present=0)) == (Topic.SENTINELS,)
    assert stopped(Watch(sentinels=three, sentinels_present=1)) == ()
    assert stopped(Watch(sentinels=two, sentinels_present=0)) == ()
    assert stopped(Watch(sentinels=three, sentinels_present=0), read=0) == (Topic.EMPTIED,)


@pytest.mark.parametrize(
    ("rewritten", "remembered", "stops"),
    [
        (REWRITTEN_AT_LEAST, 39, True),
        (REWRITTEN_AT_LEAST, 40, False),
        (REWRITTEN_AT_LEAST - 1, 19, False),
        (51, 100, True),
        (50, 100, False),
    ],
)
def test_most_entries_rewritten_stops_the_run(rewritten: int, remembered: int, stops: bool) -> None:
    assert stopped(rewritten=rewritten, remembered=remembered) == ((Topic.REWRITTEN,) if stops else ())


@pytest.mark.parametrize(
    ("missing", "remembered", "shrinks"),
    [(5, 5, False), (6, 6, True), (5, 50, False), (6, 50, True), (10, 100, False), (11, 100, True)],
)
def test_a_shrunken_list_removes_nothing_and_lets_the_rest_flow(missing: int, remembered: int, shrinks: bool) -> None:
    items = [removal(1), update(2), removal(3, side=True)]
    result = guard(plan_of(items, missing=missing, remembered=remembered), YES)
    assert result.stopped == ((Topic.SHRUNK,) if shrinks else ())
    assert media(result.plan.items) == ([2] if shrinks else [2, 1, 3])
    assert media(result.withheld.get(Topic.REMOVAL, ())) == ([1, 3] if shrinks else [])


def test_absences_of_a_shrunken_list_are_not_counted() -> None:
    tracks: dict[Key, Track | None] = dict(
        [
            track(1, Memory(FIVE, FIVE)),
            track(2, Memory(FIVE, FIVE, missing=1)),
            track(4, Memory(FIVE, FIVE, missing=AWAY)),
        ]
    )
    tracks[ANIME, "3"] = None
    plan = replace(plan_of([], missing=11), settled=tracks)
    assert [key[1] for key in guard(plan, YES).plan.settled] == ["1", "4"]
    assert guard(replace(plan, census=Census(100, 100, 10)), YES).plan.settled == tracks


@pytest.mark.parametrize("topic", [Topic.EMPTIED, Topic.SENTINELS, Topic.REWRITTEN, Topic.SHRUNK])
def test_an_approval_lets_its_own_topic_through_and_no_other(topic: Topic) -> None:
    census = {
        Topic.EMPTIED: {"read": 0},
        Topic.SENTINELS: {},
        Topic.REWRITTEN: {"rewritten": 60},
        Topic.SHRUNK: {"missing": 20},
    }[topic]
    sentinels = frozenset((ANIME, str(number)) for number in range(3)) if topic is Topic.SENTINELS else frozenset()
    watch = Watch(removals="yes", sentinels=sentinels)
    assert stopped(watch, **census) == (topic,)
    assert stopped(replace(watch, approved=frozenset({topic})), **census) == ()
    others = frozenset(Topic) - {topic}
    assert stopped(replace(watch, approved=others), **census) == (topic,)


# Removals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [False, True])
def test_removals_wait_for_a_yes_by_default(side: bool) -> None:
    plan = plan_of([removal(1, side=side), update(2)])
    asked = guard(plan, Watch())
    assert (media(asked.plan.items), media(asked.withheld[Topic.REMOVAL])) == ([2], [1])
    assert asked.stopped == ()
    allowed = guard(plan, Watch(allowed={Topic.REMOVAL: frozenset({1})}))
    assert (media(allowed.plan.items), allowed.withheld) == ([2, 1], {})
    elsewhere = guard(plan, Watch(allowed={Topic.REMOVAL: frozenset({2}), Topic.PROGRESS_DROP: frozenset({1})}))
    assert media(elsewhere.plan.items) == [2]
    assert media(guard(plan, YES).plan.items) == [2, 1]
    never = guard(plan, Watch(removals="no", allowed={Topic.REMOVAL: frozenset({1})}))
    assert media(never.plan.items) == [2]


def test_the_first_plan_never_deletes() -> None:
    first = Watch(removals="yes", first=True, allowed={Topic.REMOVAL: frozenset({1})})
    assert media(guard(plan_of([removal(1), update(2)]), first).plan.items) == [2]


def test_removals_come_last_and_no_more_than_a_run_may_do() -> None:
    exactly = guard(plan_of([*(removal(number) for number in range(REMOVALS_A_RUN)), update(99)]), YES)
    assert media(exactly.plan.items) == [99, *range(REMOVALS_A_RUN)]
    assert exactly.deferred == 0
    more = guard(plan_of([*(removal(number) for number in range(REMOVALS_A_RUN + 1)), update(99)]), YES)
    assert media(more.plan.items) == [99, *range(REMOVALS_A_RUN)]
    assert more.deferred == 1
    assert more.withheld == {}


def test_a_removal_needs_its_second_complete_read_before_it_is_even_asked() -> None:
    tracks = dict([track(1, Memory(FIVE, FIVE)), track(2, Memory(FIVE, FIVE))])
    once = make_plan(table(remote(2, FIVE), library={1: held(FIVE), 2: held(FIVE)}, tracks=tracks))
    assert guard(once, Watch()).withheld == {}
    tracks[ANIME, "1"] = replace(tracks[ANIME, "1"], memory=Memory(FIVE, FIVE, 1))
    twice = make_plan(table(remote(2, FIVE), library={1: held(FIVE), 2: held(FIVE)}, tracks=tracks))
    assert media(guard(twice, Watch()).withheld[Topic.REMOVAL]) == [1]


# Falls of progress ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "large"),
    [
        (20, 9, True),
        (20, 10, False),
        (19, 9, True),
        (18, 9, False),
        (10, 0, True),
        (9, 0, False),
        (100, 49, True),
        (100, 50, False),
        (0, 50, False),
    ],
)
def test_a_large_fall_of_progress_waits(before: int, after: int, large: bool) -> None:
    result = guard(plan_of([drop(before, after)]), YES)
    assert (Topic.PROGRESS_DROP in result.withheld) == large
    assert bool(result.plan.items) != large


@pytest.mark.parametrize("status", list(Status))
def test_a_new_start_is_no_fall(status: Status) -> None:
    waits = Topic.PROGRESS_DROP in guard(plan_of([drop(24, 0, status=status)]), YES).withheld
    assert waits == (status not in (Status.REPEATING, Status.PLANNED))


@pytest.mark.parametrize("reason", list(Reason))
def test_a_fall_by_a_persons_own_hand_is_meant(reason: Reason) -> None:
    waits = Topic.PROGRESS_DROP in guard(plan_of([drop(24, 0, reason=reason)]), YES).withheld
    assert waits == (reason not in (Reason.LIBRARY_EDIT, Reason.UNDO, Reason.CHOSEN))


def test_falls_on_the_way_to_the_service_wait_too() -> None:
    move = Move("progress", 24, 0, Reason.NEWER)
    out = item(1, Verdict(to_side=Action.UPDATE, moves_out=(move,), canonical=held(entry())))
    assert Topic.PROGRESS_DROP in guard(plan_of([out]), YES).withheld
    other = replace(out, verdict=replace(out.verdict, moves_out=(replace(move, field="repeats"),)))
    assert guard(plan_of([other]), YES).withheld == {}


def test_a_fall_that_was_approved_or_shown_in_the_preview_passes() -> None:
    plan = plan_of([drop(24, 0)])
    assert guard(plan, Watch(allowed={Topic.PROGRESS_DROP: frozenset({1})})).withheld == {}
    assert guard(plan, Watch(first=True)).withheld == {}
    assert Topic.PROGRESS_DROP in guard(plan, Watch(allowed={Topic.PROGRESS_DROP: frozenset({2})})).withheld


# Flip-flop -----------------------------------------------------------------------------------------------


def test_an_entry_written_three_times_within_the_hour_is_benched() -> None:
    plan = plan_of([update(1), update(2)])
    few = Watch(lately={(ANIME, "1"): WRITES_AN_HOUR - 1})
    assert guard(plan, few).withheld == {}
    many = guard(plan, Watch(lately={(ANIME, "1"): WRITES_AN_HOUR}))
    assert (media(many.plan.items), media(many.withheld[Topic.FLIP_FLOP])) == ([2], [1])


def test_a_benched_entry_may_still_be_read() -> None:
    taking = drop(3, 2)
    assert guard(plan_of([taking]), Watch(lately={taking.key: 99})).withheld == {}


def test_the_plan_of_an_emptied_list_settles_nothing() -> None:
    tracks = dict([track(1, Memory(FIVE, FIVE, 1))])
    plan = make_plan(table(library={1: held(FIVE)}, tracks=tracks, rules={ANIME: rules(misses=9)}))
    assert plan.settled
    assert guard(plan, Watch()).plan.settled == {}
