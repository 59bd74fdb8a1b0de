"""What stops and asks before something large or strange happens. Pure.

A guard looks at the whole plan (a list suddenly empty, shrunk, rewritten, its oldest entries gone) or at single items
(removals, large drops of progress, entries that flip back and forth). What it withholds waits; the rest flows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from library.entry import Status
from syncing.core.model import Action, Memory
from syncing.core.plan import Item, Key, Plan

SHRUNK_AT_LEAST = 5
SHRUNK_SHARE = 0.10
REWRITTEN_SHARE = 0.50
REWRITTEN_AT_LEAST = 20
"""Fewer changed entries than this are an evening's work of one person, whatever their share."""
REMOVALS_A_RUN = 25
WRITES_AN_HOUR = 3
DROP_AT_LEAST = 10
DROP_SHARE = 0.50


class Topic(StrEnum):
    EMPTIED = "emptied"
    SENTINELS = "sentinels"
    REWRITTEN = "rewritten"
    SHRUNK = "shrunk"
    FIRST_PLAN = "first_plan"
    REMOVAL = "removal"
    PROGRESS_DROP = "progress_drop"
    CONFLICT = "conflict"
    FLIP_FLOP = "flip_flop"


STOPS = (Topic.EMPTIED, Topic.SENTINELS, Topic.REWRITTEN)
"""Topics that hold the whole run."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known besides the plan.

    removals: ask, yes or no. allowed: media ids whose removal or drop a person has approved, by topic.
    approved: topics of the whole run that a person has approved. first: nothing was ever approved here.
    lately:   writes to an entry within the last hour. sentinels: keys of old entries that should be there.
    """

    removals: str = "ask"
    first: bool = False
    approved: frozenset[Topic] = frozenset()
    allowed: Mapping[Topic, frozenset[int]] = field(default_factory=dict)
    lately: Mapping[Key, int] = field(default_factory=dict)
    sentinels: frozenset[Key] = frozenset()
    sentinels_present: int = 0


@dataclass(frozen=True, slots=True)
class Guarded:
    """plan: what may be done now. stopped: topics that hold the run or a part of it. withheld: items by topic.
    deferred: allowed removals that wait for a later run."""

    plan: Plan
    stopped: tuple[Topic, ...] = ()
    withheld: Mapping[Topic, tuple[Item, ...]] = field(default_factory=dict)
    deferred: int = 0


def guard(plan: Plan, watch: Watch) -> Guarded:
    """The plan without what must wait. A stopped plan has no items and settles nothing."""
    stopped = tuple(topic for topic in _run_topics(plan, watch) if topic not in watch.approved)
    if any(topic in STOPS for topic in stopped):
        return Guarded(Plan(census=plan.census), stopped)
    withheld: dict[Topic, list[Item]] = {}
    items = [item for item in plan.items if _passes(item, watch, withheld=withheld, shrunk=Topic.SHRUNK in stopped)]
    removals = [item for item in items if item.removes]
    others = [item for item in items if not item.removes]
    settled = plan.settled
    if Topic.SHRUNK in stopped:
        # Absences of a shrunken list are not counted: it may be a bad read.
        settled = {key: track for key, track in settled.items() if track is not None and _is_present(track.memory)}
    # Removals last, and no more of them than one run may do.
    kept = replace(plan, items=(*others, *removals[:REMOVALS_A_RUN]), settled=settled)
    return Guarded(
        kept,
        stopped,
        {topic: tuple(held) for topic, held in withheld.items()},
        deferred=max(0, len(removals) - REMOVALS_A_RUN),
    )


def _is_present(memory: Memory | None) -> bool:
    return memory is not None and memory.missing <= 0


def _run_topics(plan: Plan, watch: Watch) -> list[Topic]:
    census = plan.census
    topics = []
    if census.remembered and not census.read:
        topics.append(Topic.EMPTIED)
    elif len(watch.sentinels) >= 3 and watch.sentinels_present == 0:
        topics.append(Topic.SENTINELS)
    if census.missing > max(SHRUNK_AT_LEAST, SHRUNK_SHARE * census.remembered) and census.read:
        topics.append(Topic.SHRUNK)
    if census.rewritten >= REWRITTEN_AT_LEAST and census.rewritten > REWRITTEN_SHARE * census.remembered:
        topics.append(Topic.REWRITTEN)
    return topics


def _passes(item: Item, watch: Watch, *, withheld: dict[Topic, list[Item]], shrunk: bool) -> bool:
    for topic, holds in _ITEM_GUARDS.items():
        if holds(item, watch, shrunk):
            withheld.setdefault(topic, []).append(item)
            return False
    return True


def _holds_removal(item: Item, watch: Watch, shrunk: bool) -> bool:
    if not item.removes:
        return False
    if watch.first or shrunk or watch.removals == "no":
        return True
    return watch.removals == "ask" and item.track.media_id not in watch.allowed.get(Topic.REMOVAL, frozenset())


def _holds_drop(item: Item, watch: Watch, _shrunk: bool) -> bool:
    """A large fall of progress that is no new start. On first contact nothing falls: it is in the preview."""
    if watch.first or item.track.media_id in watch.allowed.get(Topic.PROGRESS_DROP, frozenset()):
        return False
    verdict = item.verdict
    if verdict.canonical is None or verdict.canonical.entry.status in (Status.REPEATING, Status.PLANNED):
        return False
    updates = [
        move
        for action, moves in ((verdict.to_library, verdict.moves_in), (verdict.to_side, verdict.moves_out))
        if action is Action.UPDATE
        for move in moves
        if move.field == "progress"
    ]
    return any(
        move.before - move.after >= DROP_AT_LEAST and move.after < DROP_SHARE * move.before
        for move in updates
        if move.reason not in _KNOWINGLY
    )


_KNOWINGLY = frozenset({"library_edit", "undo", "conflict_chosen"})
"""Reasons that are a person's own hand here: they meant it."""


def _holds_flip_flop(item: Item, watch: Watch, _shrunk: bool) -> bool:
    return item.verdict.to_side is not Action.NONE and watch.lately.get(item.key, 0) >= WRITES_AN_HOUR


_ITEM_GUARDS: Mapping[Topic, Callable[[Item, Watch, bool], bool]] = {
    Topic.REMOVAL: _holds_removal,
    Topic.PROGRESS_DROP: _holds_drop,
    Topic.FLIP_FLOP: _holds_flip_flop,
}
