"""Putting back what a change did, where nobody touched it since. Pure.

Undo works on the side where the change happened, and only there: a value that was brought to a service is put back on
that service, a value that was taken into the library is put back in the library, from where it travels on to the
others. What was edited since is left as it is and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from library.entry import Entry
from syncing.core.model import AWAY, Action, Memory, Move, Reason


@dataclass(frozen=True, slots=True)
class Done:
    """One change as the journal has it. before, after: changed fields only; None = was not there."""

    action: Action
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Undo:
    """What puts it back: an action on the same side. left: fields that were edited since and stay."""

    action: Action = Action.NONE
    moves: tuple[Move, ...] = ()
    entry: Entry | None = None
    left: tuple[str, ...] = ()


def undo(done: Done, present: Entry | None, *, last: Entry | None = None) -> Undo:
    """How to take `done` back where `present` is what that side holds now (None = nothing).

    last: what a removed entry last held, for the fields that `before` does not name.
    """
    if done.action is Action.CREATE:
        return _undo_create(done, present)
    if done.action is Action.REMOVE:
        return _undo_remove(done, present, last)
    return _undo_update(done, present)


def remember(back: Undo, memory: Memory | None, *, held: Entry | None, library: Entry) -> Memory:
    """What to remember of a service's entry when `back` is done there; its echo is settled on top, as after any write.

    held: what the service holds before. library: what the library holds; it was brought here before and is not sent
    again. Edits of other fields, made on either side since the last run, stay edits.
    """
    if back.action is Action.REMOVE:
        return Memory(held or library, library, AWAY)
    if memory is None or held is None:
        return Memory(held or library, library)
    names = [move.field for move in back.moves]
    return Memory(
        replace(memory.seen, **{name: getattr(held, name) for name in names}),
        replace(memory.agreed, **{name: getattr(library, name) for name in names}),
    )


def _undo_create(done: Done, present: Entry | None) -> Undo:
    if present is None:
        return Undo()
    created = Entry(**{"status": present.status, **(done.after or {})})
    touched = created.changed(present)
    if touched:
        return Undo(left=touched)
    moves = tuple(Move(name, value, None, Reason.UNDO) for name, value in (done.after or {}).items())
    return Undo(Action.REMOVE, moves)


def _undo_remove(done: Done, present: Entry | None, last: Entry | None) -> Undo:
    before = dict(done.before or {})
    if present is not None:
        return Undo(left=tuple(before))
    if last is not None:
        entry = last.with_(**before)
    elif "status" in before:
        entry = Entry(**before)
    else:
        return Undo(left=tuple(before))
    return Undo(Action.CREATE, tuple(Move(name, None, value, Reason.UNDO) for name, value in before.items()), entry)


def _undo_update(done: Done, present: Entry | None) -> Undo:
    before, after = done.before or {}, done.after or {}
    if present is None:
        return Undo(left=tuple(after))
    untouched = [name for name, value in after.items() if getattr(present, name) == value]
    moves = tuple(Move(name, after[name], before[name], Reason.UNDO) for name in untouched if name in before)
    left = tuple(name for name in after if name not in untouched)
    if not moves:
        return Undo(left=left)
    entry = present.with_(**{move.field: move.after for move in moves})
    return Undo(Action.UPDATE, moves, entry, left)
