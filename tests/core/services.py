"""Services that keep lists, each with what it can hold and what its server does to an entry on every save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.capability import SCALES, Capability, Totals, project
from library.entry import FIELDS, Entry, Status
from syncing.core.model import Track
from syncing.core.plan import Key

TOTAL = 12
"""Episodes of every work in the world."""
ANIME = frozenset(FIELDS) - {"progress_volumes"}


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
TRAKT = Capability(
    frozenset({"status", "progress", "score"}),
    SCALES["10"],
    statuses=frozenset({Status.PLANNED, Status.CURRENT, Status.COMPLETED}),
    fallback={
        Status.PAUSED: Status.CURRENT,
        Status.DROPPED: Status.CURRENT,
        Status.REPEATING: Status.COMPLETED,
    },
    can_delete=False,
    clamps=True,
    alters=frozenset({"status", "progress"}),
    rises=frozenset({"status", "progress"}),
    bare=frozenset({Status.PLANNED}),
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


def record(before: Entry | None, after: Entry) -> Entry:
    """Trakt's history, in short: plays are added and never taken away; the status is what they amount to."""
    progress = min(max(before.progress if before else 0, after.progress), TOTAL)
    status = Status.COMPLETED if progress == TOTAL else Status.CURRENT if progress else Status.PLANNED
    return replace(after, progress=progress, status=status)


def as_sent(_before: Entry | None, after: Entry) -> Entry:
    return after


@dataclass
class Side:
    """One service with one person's list, and what is remembered of it.

    names:   remote id of a media where it is not simply its number.
    unknown: what was sent and never answered, by key.
    writes:  every write that reached it, as (media, action).
    room:    episodes that it has of every work by now.
    """

    slug: str
    capability: Capability
    saves: Callable[[Entry | None, Entry], Entry] = as_sent
    takes: bool = True
    gives: bool = True
    fresh: frozenset[str] = frozenset()
    tells_time: bool = True
    entries: dict[int, tuple[Entry, float]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    tracks: dict[Key, Track] = field(default_factory=dict)
    unknown: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    writes: list[tuple[int, str]] = field(default_factory=list)
    room: int = TOTAL

    def hold(self, entry: Entry) -> Entry:
        """What this service can store of an entry."""
        shown = project(entry, self.capability, Totals(self.room))
        return shown if "status" in self.capability.fields else replace(shown, status=Status.CURRENT)

    def put(self, media: int, entry: Entry, at: float) -> Entry:
        """Saves an entry as the server would, and returns its echo."""
        stored = self.saves(self.held(media), self.hold(entry))
        self.entries[media] = (stored, at)
        return stored

    def hidden(self) -> set[Key]:
        """What is remembered and not there, where that says nothing."""
        if self.capability.can_delete:
            return set()
        return {key for key, track in self.tracks.items() if track.media_id not in self.entries}

    def held(self, media: int) -> Entry | None:
        return self.entries[media][0] if media in self.entries else None

    def name(self, media: int) -> str:
        return self.names.get(media, str(media))
