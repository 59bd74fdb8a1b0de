"""A small world for the core: a library, some services that keep lists, and people who edit anywhere.

Nothing here decides anything: a sweep reads a side, asks the core for a plan and does what it says, as the real run
does, with faults where a test wants them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.capability import SCALES, Capability, Totals, project
from library.entry import FIELDS, NO_DATE, Entry, Kind, Status
from library.stamps import Stamp, restamp
from syncing.core.merge import settle
from syncing.core.model import Action, Canonical, Now, Rules, Track
from syncing.core.plan import Item, Key, Plan, Remote, Table, make_plan

TOTAL = 12
ALL = frozenset(FIELDS)
ANIME = ALL - {"progress_volumes"}


def anilist(fmt: str = "POINT_100") -> Capability:
    return Capability(ANIME, SCALES[f"anilist:{fmt}"], alters=frozenset({"started_on", "finished_on"}))


MAL = Capability(ANIME - {"private"}, SCALES["10"], needs_year=True, clamps=True, alters=frozenset({"progress"}))
KITSU = Capability(
    ANIME,
    SCALES["20"],
    full_dates=True,
    limits={"repeats": 50},
    alters=frozenset({"status", "progress", "started_on", "finished_on"}),
)
NARROW = Capability(frozenset({"progress", "score"}), SCALES["10"])


def complete_when_full(before: Entry | None, after: Entry) -> Entry:
    """Kitsu's saving, in short: a full count completes, completing fills the count and the days."""
    status_changed = before is None or before.status != after.status
    if not status_changed and after.progress == TOTAL:
        after = replace(after, status=Status.COMPLETED)
    elif status_changed and after.status is Status.COMPLETED:
        after = replace(after, progress=TOTAL)
    elif before is not None and before.progress != after.progress and not status_changed:
        after = replace(after, status=Status.CURRENT)
    return after


def clamp(_before: Entry | None, after: Entry) -> Entry:
    return replace(after, progress=min(after.progress, TOTAL))


def as_sent(_before: Entry | None, after: Entry) -> Entry:
    return after


@dataclass
class Side:
    """One service. `saves` is what its server does to an entry on every save."""

    slug: str
    capability: Capability
    saves: Callable[[Entry | None, Entry], Entry] = as_sent
    takes: bool = True
    gives: bool = True
    entries: dict[int, tuple[Entry, float]] = field(default_factory=dict)
    tracks: dict[Key, Track] = field(default_factory=dict)
    writes: list[tuple[int, str]] = field(default_factory=list)

    def hold(self, entry: Entry) -> Entry:
        """What this service can store of an entry."""
        shown = project(entry, self.capability, Totals(TOTAL))
        return shown if "status" in self.capability.fields else replace(shown, status=Status.CURRENT)

    def put(self, media: int, entry: Entry, at: float) -> Entry:
        before = self.entries.get(media, (None, 0.0))[0]
        stored = self.saves(before, self.hold(entry))
        self.entries[media] = (stored, at)
        return stored


class Crash(Exception):
    pass


class World:
    def __init__(self, *sides: Side, policy: str = "newest", misses: int = 1) -> None:
        self.sides = {side.slug: side for side in sides}
        self.library: dict[int, Canonical] = {}
        self.policy = policy
        self.misses = misses
        self.clock = 1_000.0

    def tick(self) -> float:
        self.clock += 1
        return self.clock

    # People ----------------------------------------------------------------------------------------------

    def edit_side(self, slug: str, media: int, **values: Any) -> None:
        side = self.sides[slug]
        held = side.entries.get(media)
        base = held[0] if held else Entry(Status.PLANNED)
        side.put(media, replace(base, **values), self.tick())

    def remove_side(self, slug: str, media: int) -> None:
        self.sides[slug].entries.pop(media, None)

    def edit_library(self, media: int, **values: Any) -> None:
        at = self.tick()
        known = self.library.get(media)
        if known is None or known.removed:
            entry = replace(known.entry if known else Entry(Status.PLANNED), **values)
            self.library[media] = Canonical(entry, {"*": Stamp(at)})
            return
        changed = [name for name, value in values.items() if getattr(known.entry, name) != value]
        self.library[media] = Canonical(
            replace(known.entry, **values), restamp(known.stamps, changed, Stamp(at)), removed=False
        )

    def remove_library(self, media: int) -> None:
        known = self.library.get(media)
        if known is not None:
            self.library[media] = replace(known, removed=True)

    # Sweeps ----------------------------------------------------------------------------------------------

    def plan(self, slug: str) -> Plan:
        side = self.sides[slug]
        rules = Rules(
            source=slug,
            capability=side.capability,
            policy=self.policy,
            takes=side.takes,
            gives=side.gives,
            misses=self.misses,
            read_at=self.clock,
        )
        remotes = [
            Remote(Kind.ANIME, str(media), media, Now(entry, at, Totals(TOTAL)))
            for media, (entry, at) in side.entries.items()
        ]
        return make_plan(
            Table(
                remotes=remotes,
                tracks=side.tracks,
                library=self.library,
                kinds=dict.fromkeys(self.library, Kind.ANIME),
                routes={media: str(media) for media in self.library},
                complete={Kind.ANIME},
                rules={Kind.ANIME: rules},
            )
        )

    def sweep(self, slug: str, fault: Callable[[int], str] = lambda _step: "") -> Plan:
        """One run of one connection. `fault(n)` says what befalls the n-th step: "", "fail", "lost" or "crash"."""
        side, plan = self.sides[slug], self.plan(slug)
        for key, track in plan.settled.items():
            if track is None:
                side.tracks.pop(key, None)
            else:
                side.tracks[key] = track
        pending = []
        for item in plan.items:
            if item.verdict.to_library is not Action.NONE or item.verdict.stamped:
                assert item.verdict.canonical is not None
                self.library[item.track.media_id] = item.verdict.canonical
            if item.verdict.to_side is Action.NONE:
                self._remember(side, item, item.track)
            else:
                pending.append(item)
        for number, item in enumerate(pending):
            if fault(number) == "crash":
                return plan
            self._send(side, item, fault(number))
        return plan

    def _remember(self, side: Side, item: Item, track: Track) -> None:
        if track.memory is None:
            side.tracks.pop(item.key, None)
        else:
            side.tracks[item.key] = track

    def _send(self, side: Side, item: Item, fault: str) -> None:
        if fault == "fail":
            return
        media = item.track.media_id
        side.writes.append((media, item.verdict.to_side))
        if item.verdict.to_side is Action.REMOVE:
            side.entries.pop(media, None)
            if fault != "lost":
                side.tracks.pop(item.key, None)
            return
        held = side.entries.get(media)
        base = held[0] if held else Entry(Status.PLANNED)
        wanted = replace(base, **{move.field: move.after for move in item.verdict.moves_out})
        # Never a write that changes nothing.
        assert held is None or wanted != base, f"{side.slug} is sent what it holds: {item.verdict.moves_out}"
        echo = side.put(media, wanted, self.tick())
        if fault == "lost":
            return
        assert item.track.memory is not None
        memory = settle(
            item.track.memory,
            echo,
            now=item.now.entry if item.now else None,
            sent=frozenset(move.field for move in item.verdict.moves_out),
            capability=side.capability,
        )
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
            for item in self.plan(slug).items:
                left.append(f"{slug}: media {item.track.media_id}: {item.verdict}")
        return left

    def alive(self) -> dict[int, Entry]:
        return {media: row.entry for media, row in self.library.items() if not row.removed}


__all__ = ["ANIME", "KITSU", "MAL", "NARROW", "NO_DATE", "Crash", "Side", "World", "anilist"]
