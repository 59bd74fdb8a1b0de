"""A small world for the core: a library, some services that keep lists, and people who edit anywhere.

Nothing here decides anything: a sweep reads a side, asks the core for a plan and does what it says, as the real run
does, with faults where a test wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from integrations.capability import Totals
from library.entry import Entry, Kind, Status
from library.stamps import Stamp, restamp
from syncing.core.merge import recall, settle
from syncing.core.model import Action, Canonical, Now, Rules, Track
from syncing.core.plan import Item, Plan, Remote, Table, make_plan, memory_if_undone
from syncing.core.undo import Done
from tests.core.services import Side

LIBRARY = "library"
AFTER_LIBRARY = -1
"""The step between the library's commit and the first write."""
Fault = Callable[[int], str]
"""What befalls the n-th write of a sweep: "", "fail", "lost" or "crash"."""


@dataclass(frozen=True)
class Record:
    """One line of the journal. side: where it happened; by: in a run of which connection; last: what a removed
    entry last held."""

    side: str
    by: str
    media: int
    done: Done
    last: Entry | None = None


def no_fault(_step: int) -> str:
    return ""


class World:
    """recalls: whether a run looks up what an earlier one sent without hearing back.
    allows_removals: whether removals are carried out or withheld, as a guard would."""

    def __init__(self, *sides: Side, policy: str = "newest", misses: int = 1) -> None:
        self.sides = {side.slug: side for side in sides}
        self.library: dict[int, Canonical] = {}
        self.policy = policy
        self.misses = misses
        self.recalls = True
        self.allows_removals = True
        self.choices: dict[int, Mapping[str, str]] = {}
        self.journal: list[Record] = []
        self.clock = 1_000.0

    def tick(self) -> float:
        self.clock += 1
        return self.clock

    # People ----------------------------------------------------------------------------------------------

    def edit(self, where: str, media: int, **values: Any) -> None:
        if where != LIBRARY:
            side = self.sides[where]
            base = side.held(media) or Entry(Status.PLANNED)
            side.put(media, replace(base, **values), self.tick())
            return
        at, known = self.tick(), self.library.get(media)
        if known is None or known.removed:
            entry = replace(known.entry if known else Entry(Status.PLANNED), **values)
            self.library[media] = Canonical(entry, {"*": Stamp(at)})
            return
        changed = [name for name, value in values.items() if getattr(known.entry, name) != value]
        stamps = restamp(known.stamps, changed, Stamp(at))
        self.library[media] = Canonical(replace(known.entry, **values), stamps)

    def remove(self, where: str, media: int) -> None:
        if where != LIBRARY:
            self.sides[where].entries.pop(media, None)
        elif media in self.library:
            self.library[media] = replace(self.library[media], removed=True)

    # Sweeps ----------------------------------------------------------------------------------------------

    def plan(self, slug: str, *, only: Collection[int] | None = None) -> Plan:
        """`only`: the media that a read cut short still brought; None = the read is complete."""
        side = self.sides[slug]
        remotes = [
            Remote(Kind.ANIME, side.name(media), media, Now(entry, at if side.tells_time else 0.0, Totals(side.room)))
            for media, (entry, at) in side.entries.items()
            if only is None or media in only
        ]
        self._recall(side, remotes)
        return make_plan(
            Table(
                remotes=remotes,
                tracks=side.tracks,
                library=self.library,
                kinds=dict.fromkeys(self.library, Kind.ANIME),
                routes={media: side.name(media) for media in self.library},
                complete={Kind.ANIME} if only is None else set(),
                rules={Kind.ANIME: self._rules(side)},
                choices=self.choices,
                hidden=side.hidden(),
            )
        )

    def _rules(self, side: Side) -> Rules:
        return Rules(
            source=side.slug,
            capability=side.capability,
            policy=self.policy,
            takes=side.takes,
            gives=side.gives,
            fresh=side.fresh,
            misses=self.misses,
            read_at=self.clock,
        )

    def _recall(self, side: Side, remotes: list[Remote]) -> None:
        """Look up what was sent without an answer in what the side holds now."""
        for remote in remotes:
            sent = side.unknown.pop((remote.kind, remote.remote_id), None) if self.recalls else None
            if sent is None:
                continue
            known = side.tracks.get((remote.kind, remote.remote_id))
            memory = recall(known.memory if known else None, remote.now.entry, sent=sent, capability=side.capability)
            if memory is not None:
                key = (remote.kind, remote.remote_id)
                side.tracks[key] = Track(remote.kind, remote.remote_id, remote.media_id, memory)

    def sweep(
        self,
        slug: str,
        fault: Fault = no_fault,
        *,
        only: Collection[int] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Plan:
        """One run of one connection. A crash ends it where it stands. `meanwhile`: done between reading and writing."""
        side, plan = self.sides[slug], self.plan(slug, only=only)
        meanwhile()
        items = [item for item in plan.items if self._may_do(side, item)]
        for item in items:
            self._apply_library(slug, item)
        if fault(AFTER_LIBRARY) == "crash":
            return plan
        for key, track in plan.settled.items():
            if track is None:
                side.tracks.pop(key, None)
            else:
                assert track.memory is not None, "a track without a memory is none"
                side.tracks[key] = track
        writes = [item for item in items if item.verdict.to_side is not Action.NONE]
        for item in items:
            if item not in writes:
                self._remember(side, item)
        for number, item in enumerate(writes):
            if fault(number) == "crash":
                return plan
            self._send(side, item, fault(number))
        return plan

    def _may_do(self, side: Side, item: Item) -> bool:
        if self.allows_removals or not item.removes:
            return True
        memory = memory_if_undone(item, side.tracks.get(item.key))
        if memory is not None:
            side.tracks[item.key] = replace(item.track, memory=memory)
        return False

    def _apply_library(self, slug: str, item: Item) -> None:
        verdict, media = item.verdict, item.track.media_id
        if verdict.to_library is Action.NONE and not verdict.stamped:
            return
        assert verdict.canonical is not None
        last = self.library[media].entry if media in self.library else None
        self.library[media] = verdict.canonical
        self._note(LIBRARY, item, by=slug, last=last)

    def _note(self, side: str, item: Item, *, by: str, last: Entry | None, echo: Entry | None = None) -> None:
        """What was stored is noted rather than what was sent: a server may alter it."""
        here = side == LIBRARY
        action = item.verdict.to_library if here else item.verdict.to_side
        moves = item.verdict.moves_in if here else item.verdict.moves_out
        if action is Action.NONE:
            return
        before = None if action is Action.CREATE else {move.field: move.before for move in moves}
        after = {move.field: getattr(echo, move.field) if echo else move.after for move in moves}
        done = Done(action, before, None if action is Action.REMOVE else after)
        self.journal.append(Record(side, by, item.track.media_id, done, last))

    def _remember(self, side: Side, item: Item) -> None:
        side.unknown.pop(item.key, None)
        if item.track.memory is None:
            side.tracks.pop(item.key, None)
        else:
            side.tracks[item.key] = item.track

    def _send(self, side: Side, item: Item, fault: str) -> None:
        if fault == "fail":
            return
        media, verdict = item.track.media_id, item.verdict
        base = side.held(media)
        side.writes.append((media, verdict.to_side))
        if verdict.to_side is Action.REMOVE:
            assert base is not None, f"{side.slug} is told to remove what it does not hold"
            side.entries.pop(media)
            if fault != "lost":
                side.tracks.pop(item.key, None)
                self._note(side.slug, item, by=side.slug, last=base)
            return
        sent = {move.field: move.after for move in verdict.moves_out}
        wanted = replace(base or Entry(Status.PLANNED), **sent)
        assert base is None or wanted != base, f"{side.slug} is sent what it holds: {verdict.moves_out}"
        echo = side.put(media, wanted, self.tick())
        if fault == "lost":
            side.unknown[item.key] = sent
            return
        self._note(side.slug, item, by=side.slug, last=base, echo=echo)
        assert item.track.memory is not None
        memory = settle(
            item.track.memory,
            echo,
            now=item.now.entry if item.now else None,
            sent=frozenset(sent),
            capability=side.capability,
            room=side.room,
        )
        side.unknown.pop(item.key, None)
        side.tracks[item.key] = replace(item.track, memory=memory)

    def sweep_all(self, order: list[str] | None = None) -> list[Plan]:
        return [self.sweep(slug) for slug in order or list(self.sides)]

    def settle(self, order: list[str] | None = None) -> None:
        """Two clean sweeps, and one more for each read that a removal has to wait for."""
        for _ in range(1 + self.misses):
            self.sweep_all(order)

    def rests(self) -> list[str]:
        """What a further sweep of each side would still do; [] = at rest."""
        left = []
        for slug in self.sides:
            plan = self.plan(slug)
            left += [f"{slug}: media {item.track.media_id}: {item.verdict}" for item in plan.items]
            left += [f"{slug}: settles {key}: {track}" for key, track in plan.settled.items()]
        return left

    def alive(self) -> dict[int, Entry]:
        return {media: row.entry for media, row in self.library.items() if not row.removed}
