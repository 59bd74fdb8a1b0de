"""All entries of one side against the whole library. Pure: decisions as data, nothing is done here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from library.entry import Kind
from syncing.core.absence import unseen
from syncing.core.merge import NO_CHOICES, merge
from syncing.core.model import (
    AWAY,
    Action,
    Canonical,
    Memory,
    Now,
    Rules,
    Track,
    Verdict,
)

Key = tuple[Kind, str]
"""(kind, remote id): one entry of one side."""


@dataclass(frozen=True, slots=True)
class Remote:
    """One entry as read, matched to a media of ours."""

    kind: Kind
    remote_id: str
    media_id: int
    now: Now
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry on which something is to be done, with all that doing it needs."""

    track: Track
    verdict: Verdict
    now: Now | None
    before: Canonical | None

    @property
    def key(self) -> Key:
        return (self.track.kind, self.track.remote_id)

    @property
    def removes(self) -> bool:
        return Action.REMOVE in (self.verdict.to_library, self.verdict.to_side)


@dataclass(frozen=True, slots=True)
class Census:
    """What a guard looks at, in entries. remembered: known before; rewritten: of these, changed on the side."""

    read: int = 0
    remembered: int = 0
    missing: int = 0
    rewritten: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry on which the merge itself failed. It is left as it is on both sides, and all others flow on."""

    kind: Kind
    remote_id: str
    media_id: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Plan:
    """items: something to do. settled: memories that changed with nothing to do (None = forget).
    unroutable: media that the side lacks and for which we know no id there, as (kind, media id).
    conflicts are in the items' verdicts; an item may hold nothing but a conflict that waits for a person.
    """

    items: tuple[Item, ...] = ()
    settled: Mapping[Key, Track | None] = field(default_factory=dict)
    unroutable: tuple[tuple[Kind, int], ...] = ()
    census: Census = Census()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Everything a plan is made from.

    remotes:  what was read, at most one for a media. tracks: what we remember, by key.
    library:  by media id, tombstones included; kinds: the media's kind, for those without a track.
    routes:   remote id by media id, for media that the side lacks.
    complete: kinds whose absences count.
    rules:    by kind, since capabilities differ. choices: by media id.
    hidden:   keys whose absence says nothing although the read was complete.
    unclear:  keys that are on the side and of which no more is known: nothing is decided about them.
    """

    remotes: Sequence[Remote]
    tracks: Mapping[Key, Track]
    library: Mapping[int, Canonical]
    kinds: Mapping[int, Kind]
    routes: Mapping[int, str]
    complete: Collection[Kind]
    rules: Mapping[Kind, Rules]
    choices: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    hidden: Collection[Key] = frozenset()
    unclear: Collection[Key] = frozenset()


@dataclass(slots=True)
class _Draft:
    """A plan while it is made."""

    items: list[Item] = field(default_factory=list)
    settled: dict[Key, Track | None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    missing: int = 0
    rewritten: int = 0


def make_plan(table: Table, *, progress: Callable[[int], None] | None = None) -> Plan:
    """The plan for one side. `progress` is told how many entries were looked at, now and then."""
    draft = _Draft()
    present = {(remote.kind, remote.remote_id) for remote in table.remotes}
    on_side = {remote.media_id for remote in table.remotes}
    for count, remote in enumerate(table.remotes):
        try:
            _judge_present(remote, table, draft)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one entry must not cost the others
            draft.faults.append(Fault(remote.kind, remote.remote_id, remote.media_id, error))
        if progress is not None and count % 500 == 0:
            progress(count)
    _judge_missing(table, present, on_side, draft=draft)
    away = {key: track for key, track in table.tracks.items() if key not in present and track.memory is not None}
    on_side.update(track.media_id for track in away.values())
    unroutable = _judge_library_only(table, on_side, present | away.keys() | set(table.unclear), draft=draft)
    known = sum(
        1
        for key, track in table.tracks.items()
        if track.memory is not None
        and key not in table.hidden
        and key not in table.unclear
        and track.kind in table.complete
        and _is_news(track.memory, table.rules[track.kind])
    )
    census = Census(len(table.remotes), known, draft.missing, draft.rewritten)
    return Plan(tuple(draft.items), draft.settled, unroutable, census, tuple(draft.faults))


def _is_news(memory: Memory, rules: Rules) -> bool:
    """False for entries whose absence is known: taken off on a person's word, or missed by enough reads already and
    kept here. They say nothing about this read, and must not be asked about for ever."""
    return AWAY < memory.missing < rules.misses


def _as_last_seen(remote: Remote, track: Track | None) -> Remote:
    """What the side cannot tell just now is taken to be as it was: unknown is not empty."""
    if not remote.now.untold or track is None or track.memory is None or track.media_id != remote.media_id:
        return remote
    known = {name: getattr(track.memory.seen, name) for name in remote.now.untold}
    return replace(remote, now=replace(remote.now, entry=replace(remote.now.entry, **known)))


def _is_rewritten(track: Track, remote: Remote, rules: Rules) -> bool:
    """True when a field that is synced was edited on the side."""
    if track.memory is None or track.memory.seen == remote.now.entry:
        return False
    return not rules.capability.fields.isdisjoint(track.memory.seen.changed(remote.now.entry))


def _judge_present(read: Remote, table: Table, draft: _Draft) -> None:
    track = table.tracks.get((read.kind, read.remote_id))
    remote = _as_last_seen(read, track)
    draft.rewritten += track is not None and _is_rewritten(track, remote, table.rules[remote.kind])
    canonical = table.library.get(remote.media_id)
    memory = track.memory if track is not None and track.media_id == remote.media_id else None
    verdict = merge(
        canonical,
        remote.now,
        memory,
        rules=table.rules[remote.kind],
        choices=table.choices.get(remote.media_id, NO_CHOICES),
    )
    if _is_settled(verdict) and verdict.memory is memory and track is not None and track.entry_id == remote.entry_id:
        return
    fresh = Track(remote.kind, remote.remote_id, remote.media_id, verdict.memory, remote.entry_id)
    if not _is_settled(verdict):
        draft.items.append(Item(fresh, verdict, remote.now, canonical))
    elif fresh.memory is not None:
        if fresh != track:
            draft.settled[remote.kind, remote.remote_id] = fresh
    elif track is not None:
        # Nothing to remember: a track without a memory would only stand in the way.
        draft.settled[remote.kind, remote.remote_id] = None


def _judge_missing(table: Table, present: set[Key], on_side: set[int], *, draft: _Draft) -> None:
    """Tracks whose entry was not read, of the kinds that were read whole."""
    for key, track in table.tracks.items():
        if key in present or track.kind not in table.complete or track.memory is None or key in table.unclear:
            continue
        if track.media_id in on_side:
            # The same work under another id now: not a removal, only a track to forget.
            draft.settled[key] = None
            continue
        try:
            _judge_one_missing(key, track, track.memory, table=table, draft=draft)
        except Exception as error:  # noqa: BLE001 - as in `make_plan`
            draft.faults.append(Fault(track.kind, track.remote_id, track.media_id, error))


def _judge_one_missing(key: Key, track: Track, memory: Memory, *, table: Table, draft: _Draft) -> None:
    canonical, rules = table.library.get(track.media_id), table.rules[track.kind]
    if key in table.hidden:
        verdict = unseen(canonical, memory, rules)
    else:
        draft.missing += _is_news(memory, rules)
        verdict = merge(canonical, None, memory, rules=rules)
    if not _is_settled(verdict):
        draft.items.append(Item(replace(track, memory=verdict.memory), verdict, None, canonical))
    elif verdict.memory != memory:
        draft.settled[key] = None if verdict.memory is None else replace(track, memory=verdict.memory)


def _judge_library_only(
    table: Table, on_side: set[int], taken: set[Key], *, draft: _Draft
) -> tuple[tuple[Kind, int], ...]:
    """Media that the side lacks. taken: ids there that are another media's already: never written over."""
    unroutable = []
    for media_id, canonical in table.library.items():
        kind = table.kinds[media_id]
        if media_id in on_side or canonical.removed or kind not in table.complete:
            continue
        try:
            verdict = merge(canonical, None, None, rules=table.rules[kind])
        except Exception as error:  # noqa: BLE001 - as in `make_plan`
            draft.faults.append(Fault(kind, "", media_id, error))
            continue
        if _is_settled(verdict):
            continue
        remote_id = table.routes.get(media_id)
        if remote_id is None or (kind, remote_id) in taken:
            unroutable.append((kind, media_id))
            continue
        taken.add((kind, remote_id))
        draft.items.append(Item(Track(kind, remote_id, media_id, verdict.memory), verdict, None, canonical))
    return tuple(unroutable)


def _is_settled(verdict: Verdict) -> bool:
    return verdict.is_quiet and not verdict.stamped and not verdict.conflicts


def memory_if_undone(item: Item, remembered: Track | None) -> Memory | None:
    """What to remember of an item that was not carried out: as before, but a counted absence stays counted."""
    if item.verdict.waiting is not None and item.verdict.to_library is Action.REMOVE:
        return item.verdict.waiting
    return remembered.memory if remembered is not None else None
