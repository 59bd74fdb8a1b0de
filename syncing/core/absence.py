"""What to do with an entry that one side lacks. Pure."""

from __future__ import annotations

from dataclasses import replace

from integrations.capability import Capability, leaves_trace, project
from library.entry import FIELDS, Entry
from syncing.core.model import (
    AWAY,
    Action,
    Canonical,
    Memory,
    Move,
    Reason,
    Rules,
    Verdict,
)


def absent(canonical: Canonical | None, memory: Memory | None, rules: Rules) -> Verdict:
    """The side was read whole, shows all it has, and lacks the entry."""
    if canonical is None or canonical.removed:
        return Verdict(canonical=canonical)
    if memory is None:
        return _create_there(canonical, rules, Reason.NEW_IN_LIBRARY)
    # Any edit since counts, also one that this side is too coarse to show: it must not be lost to a removal here.
    if rules.gives and canonical.entry != memory.agreed:
        return _create_there(canonical, rules, Reason.EDIT_BEATS_REMOVAL)
    if not rules.takes or memory.missing == AWAY:
        return Verdict(canonical=canonical, memory=memory)
    missed = replace(memory, missing=memory.missing + 1)
    if missed.missing < rules.misses:
        return Verdict(canonical=canonical, memory=missed)
    return Verdict(
        to_library=Action.REMOVE,
        moves_in=tuple(
            replace(move, before=move.after, after=None)
            for move in all_moves(canonical.entry, rules.capability, Reason.REMOVED_ON_SIDE)
        ),
        canonical=replace(canonical, removed=True),
        waiting=missed,
        reason=Reason.REMOVED_ON_SIDE,
    )


def unseen(canonical: Canonical | None, memory: Memory | None, rules: Rules) -> Verdict:
    """The side was read whole and lacks a remembered entry, but that says nothing: it may be hidden, or the side keeps
    no entry where nothing was recorded. Never a removal. Where the library went further since, that is brought to a
    side that keeps records, and so is another status without progress; anything else would only put back what its owner
    took off. Where entries can be deleted, all waits until this one is seen again."""
    kept = Verdict(canonical=canonical, memory=memory)
    if canonical is None or canonical.removed or memory is None or rules.capability.can_delete:
        return kept
    shown, brought = (project(entry, rules.capability) for entry in (canonical.entry, memory.agreed))
    if shown.progress <= brought.progress and (shown.progress or shown.status is brought.status):
        return kept
    made = _create_there(canonical, rules, Reason.LIBRARY_EDIT)
    return kept if made.is_quiet else made


def _create_there(canonical: Canonical, rules: Rules, reason: Reason) -> Verdict:
    if not rules.gives or _would_publish(canonical.entry, rules.capability):
        return Verdict(canonical=canonical)
    shown = project(canonical.entry, rules.capability)
    if not leaves_trace(shown, rules.capability):
        return Verdict(canonical=canonical)
    return Verdict(
        to_side=Action.CREATE,
        moves_out=all_moves(shown, rules.capability, reason),
        canonical=canonical,
        memory=Memory(shown, canonical.entry),
        reason=reason,
    )


def _would_publish(entry: Entry, capability: Capability) -> bool:
    """What is private here never becomes public on a service that cannot hide it."""
    return entry.private and "private" not in capability.fields


def all_moves(entry: Entry, capability: Capability, reason: Reason) -> tuple[Move, ...]:
    """One move for the status and each field that says something."""
    blank = Entry(entry.status)
    return tuple(
        Move(name, None, getattr(entry, name), reason)
        for name in FIELDS
        if name == "status" or (name in capability.fields and getattr(entry, name) != getattr(blank, name))
    )
