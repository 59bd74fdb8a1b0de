"""Taking back a line of the world's journal, as the undo run does."""

from __future__ import annotations

from dataclasses import replace

from library.entry import Entry, Kind, Status
from library.stamps import Stamp, restamp
from syncing.core.merge import settle
from syncing.core.model import Action, Canonical, Track
from syncing.core.undo import Undo, remember, undo
from tests.core.services import Side
from tests.core.world import LIBRARY, Record, World


def take_back(world: World, record: Record) -> Undo:
    """Do the undo of one line where it can be done; what was done."""
    if record.side == LIBRARY:
        return _in_library(world, record)
    return _on_side(world, world.sides[record.side], record)


def _in_library(world: World, record: Record) -> Undo:
    row, media = world.library.get(record.media), record.media
    alive = row.entry if row is not None and not row.removed else None
    back = undo(record.done, alive, last=row.entry if row is not None else record.last)
    if back.action is Action.REMOVE:
        # No tombstone: an import that is undone deletes nothing at the service that it came from.
        del world.library[media]
    elif back.entry is not None:
        names = [move.field for move in back.moves]
        stamps = restamp(row.stamps if row is not None else {}, names, Stamp(world.tick()))
        world.library[media] = Canonical(back.entry, stamps)
        _tell_origin(world.sides[record.by], media, back)
    return back


def _tell_origin(origin: Side, media: int, back: Undo) -> None:
    """What is put back in the library does not travel to the service that its value came from."""
    for key, track in origin.tracks.items():
        if track.media_id == media and track.memory is not None:
            values = {move.field: move.after for move in back.moves}
            agreed = replace(track.memory.agreed, **values)
            origin.tracks[key] = replace(track, memory=replace(track.memory, agreed=agreed))
            return


def _on_side(world: World, side: Side, record: Record) -> Undo:
    row, media = world.library.get(record.media), record.media
    held = side.held(media)
    back = undo(record.done, held, last=record.last)
    if back.action is Action.NONE or row is None:
        return Undo(left=back.left)
    key = (Kind.ANIME, side.name(media))
    known = side.tracks.get(key)
    memory = remember(back, known.memory if known else None, held=held, library=row.entry)
    if back.action is Action.REMOVE:
        side.entries.pop(media)
    else:
        moves = {move.field: move.after for move in back.moves}
        base = held or Entry(Status.PLANNED)
        wanted = replace(base, **moves) if held else back.entry or base
        echo = side.put(media, wanted, world.tick())
        memory = settle(memory, echo, now=held, sent=frozenset(moves), capability=side.capability)
    side.tracks[key] = Track(Kind.ANIME, side.name(media), media, memory)
    if back.action is Action.CREATE and row.removed:
        # Or the next run would remove it again.
        world.library[media] = replace(row, removed=False)
    return back
