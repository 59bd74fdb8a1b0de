"""One entry of the library against the same entry on one side: what moves where. Pure.

    side edited     now present, now ≠ seen                 compared in the side's own projection, on its own scale
    side deleted    now absent, seen present, read complete (absent without memory = "not there yet", never a delete)
    library moved   project(canonical) ≠ project(agreed)

    per field: only the side moved → take it · only the library moved → send it · both, to the same → agree
               both, differently → conflict: the policy decides, and it is recorded

On first contact there is no memory: what is empty never beats what is not, agreeing values keep the finer one and the
later time, and only what truly contradicts is a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from integrations.capability import Capability, project
from library.entry import COUNT_FIELDS, EMPTY, FIELDS, Entry, Status
from library.stamps import Stamp, restamp
from syncing.core.absence import absent, all_moves
from syncing.core.compare import is_further
from syncing.core.fields import Bench, Kind, step
from syncing.core.model import (
    Action,
    Canonical,
    Memory,
    Move,
    Now,
    Reason,
    Rules,
    Verdict,
)

NO_CHOICES: Mapping[str, str] = {}
COURSE = COUNT_FIELDS | {"status"}
"""Fields whose writes make a server alter others."""


def merge(
    canonical: Canonical | None,
    now: Now | None,
    memory: Memory | None,
    *,
    rules: Rules,
    choices: Mapping[str, str] = NO_CHOICES,
) -> Verdict:
    """The verdict on one entry.

    now None: the read was complete and the entry is not there. A read that was cut short has no verdicts on absences.
    choices:  {field: "library" | "provider"}, a person's word on earlier conflicts.
    """
    if now is None:
        return absent(canonical, memory, rules)
    if canonical is None:
        return _unknown_here(now, memory, rules)
    if canonical.removed:
        return _removed_here(canonical, now, memory, rules)
    if memory is not None and not rules.fresh and now.entry == memory.seen and canonical.entry == memory.agreed:
        return Verdict(canonical=canonical, memory=memory if not memory.missing else replace(memory, missing=0))
    return _both(canonical, now, memory, rules=rules, choices=choices)


def settle(
    memory: Memory, echo: Entry, *, now: Entry | None, sent: frozenset[str], capability: Capability, room: int = 0
) -> Memory:
    """The memory after a write was answered with `echo`. room: progress that the side has room for, 0 = not limited.

    What we sent, and what this server made of it by itself, is remembered as the server now holds it. Any other field
    that differs from what we had read was edited by the person meanwhile: it is left as it was, so that the next run
    sees the edit. So is a field that is still in question or may not be taken: its edit must not be forgotten.
    """
    memory = replace(memory, agreed=_brought(memory.agreed, echo, capability.rises & sent, room=room))
    if now is None:
        return replace(memory, seen=echo)
    altered = _alterable(sent, was=now, shown=echo, capability=capability)
    ours = sent | {name for name in altered if getattr(memory.seen, name) == getattr(now, name)}
    values = {name: getattr(echo if name in ours else memory.seen, name) for name in FIELDS}
    return replace(memory, seen=Entry(**values))


def _brought(agreed: Entry, echo: Entry, sent: frozenset[str], *, room: int) -> Entry:
    """What a record took of it. A show may lack the latest episodes: what is left is still to be brought one day.

    Short for another reason, such as an episode that stands for several of ours, it is as near as it can come. And what
    was not sent was not brought anew: its plays may be missing because somebody took them off.
    """
    short = {
        name: getattr(echo, name)
        for name in sent & COUNT_FIELDS
        if getattr(echo, name) < getattr(agreed, name) and 0 < room < getattr(agreed, name)
    }
    return replace(agreed, **short) if short else agreed


def recall(memory: Memory | None, now: Entry, *, sent: Mapping[str, Any], capability: Capability) -> Memory | None:
    """The memory before a merge, when the answer to an earlier write was lost and the side has been read again.

    sent: {field: value} of that write. A field that holds what was sent arrived: it is our own doing, not an edit of
    the person that is newer than what they did elsewhere meanwhile. Without memory the write was a creation: only if
    all of it is there it was ours; else None, a first contact.
    """
    sent = {name: value for name, value in sent.items() if name in capability.fields}
    arrived = {name: value for name, value in sent.items() if getattr(now, name) == value}
    if memory is not None:
        altered = _altered(memory, now, arrived=arrived, capability=capability, but=sent.keys())
        arrived |= {name: value for name, value in altered.items() if name == "status"}
        # Of a record a part may have arrived, e.g. the first of several requests.
        for name in capability.rises & sent.keys():
            value = getattr(now, name)
            if is_further(name, value, getattr(memory.seen, name)) and is_further(name, sent[name], value):
                arrived[name] = value
        seen = replace(memory.seen, **{**altered, **arrived})
        return replace(memory, seen=seen, agreed=replace(memory.agreed, **arrived))
    if len(arrived) < len(sent):
        return None
    made = Entry(**{"status": now.status, **sent})
    return Memory(made, made)


def _altered(
    memory: Memory, now: Entry, *, arrived: Collection[str], capability: Capability, but: Collection[str]
) -> dict[str, Any]:
    """What the server made of a write on the way, which nobody said: Kitsu goes on with a paused title whose progress
    moves. A status is then to be brought anew; other fields stay as the server has them, as after an answered write."""
    names = _alterable(arrived, was=memory.seen, shown=now, capability=capability) - capability.rises - frozenset(but)
    return {name: getattr(now, name) for name in names if getattr(now, name) != getattr(memory.seen, name)}


def _alterable(sent: Collection[str], *, was: Entry, shown: Entry, capability: Capability) -> frozenset[str]:
    """What this server may have changed by itself when it saved these fields: all else was changed by the person.

    A mark or a note makes it change nothing, unless the count was full already: then it completes the title. And it
    moves a count only by completing.
    """
    completed = shown.status is Status.COMPLETED
    if not (COURSE.intersection(sent) or (completed and shown.progress == was.progress)):
        return frozenset()
    return capability.alters - (frozenset() if completed else COUNT_FIELDS - capability.rises)


# Present on both sides -----------------------------------------------------------------------------------


def _both(
    canonical: Canonical, now: Now, memory: Memory | None, *, rules: Rules, choices: Mapping[str, str]
) -> Verdict:
    bench = Bench(canonical=canonical, now=now, memory=memory, rules=rules, choices=choices)
    steps = [(name, step(name, bench)) for name in FIELDS if name in rules.capability.fields]
    taken = {name: getattr(now.entry, name) for name, this in steps if this.kind is Kind.TAKE}
    stamps = dict(canonical.stamps)
    for name, this in steps:
        if this.stamp is not None:
            stamps[name] = this.stamp
    merged = Canonical(replace(canonical.entry, **taken) if taken else canonical.entry, stamps)
    moves_in = tuple(
        Move(name, getattr(canonical.entry, name), taken[name], this.reason) for name, this in steps if name in taken
    )
    moves_out = tuple(
        Move(
            name,
            getattr(now.entry, name),
            bench.projected(name, getattr(merged.entry, name)),
            this.reason,
        )
        for name, this in steps
        if this.kind is Kind.SEND
    )
    held = frozenset(name for name, this in steps if this.kind is Kind.HOLD)
    return Verdict(
        to_library=Action.UPDATE if moves_in else Action.NONE,
        to_side=Action.UPDATE if moves_out else Action.NONE,
        moves_in=moves_in,
        moves_out=moves_out,
        canonical=merged,
        memory=_remember(bench, merged.entry, {name: this.kind for name, this in steps}),
        conflicts=tuple(this.conflict for _, this in steps if this.conflict is not None),
        held=held,
        stamped=stamps != canonical.stamps,
    )


def _remember(bench: Bench, merged: Entry, kinds: Mapping[str, Kind]) -> Memory:
    """Seen as read, agreed as merged; but a field that was not settled must look as unsettled next time."""
    seen, agreed = {}, {}
    for name, kind in kinds.items():
        side, library = getattr(bench.now.entry, name), getattr(merged, name)
        if kind is Kind.HOLD:
            seen[name], agreed[name] = _unsettled(name, side, library, bench=bench)
        elif kind is Kind.LEAVE_SIDE:
            # Not taken: it stays an edit of the side, should taking be allowed one day.
            seen[name] = bench.projected(name, library) if bench.is_first(name) else getattr(bench.known.seen, name)
        elif kind is Kind.LEAVE_LIBRARY:
            agreed[name] = side if bench.is_first(name) else getattr(bench.known.agreed, name)
    if not seen and not agreed:
        return Memory(bench.now.entry, merged)
    return Memory(replace(bench.now.entry, **seen), replace(merged, **agreed))


def _unsettled(name: str, side: Any, library: Any, *, bench: Bench) -> tuple[Any, Any]:
    """What to remember as (seen, agreed) of a field in question, so that both sides look as moved next time too."""
    if not bench.is_first(name):
        return getattr(bench.known.seen, name), getattr(bench.known.agreed, name)
    # Nothing was ever agreed. Where "nothing" is how the side shows the library's value, its own value serves.
    nothing = EMPTY.get(name, side)
    agreed = nothing if bench.shown(name, nothing) != bench.shown(name, library) else side
    return bench.projected(name, library), agreed


# Present on the side only --------------------------------------------------------------------------------


def _unknown_here(now: Now, memory: Memory | None, rules: Rules) -> Verdict:
    # Known, untouched and yet not in the library: its import was undone. It stays away until someone edits it.
    left_alone = memory is not None and now.entry == memory.seen
    if left_alone or not rules.takes:
        return Verdict(memory=memory)
    entry = _visible(now.entry, rules.capability)
    stamp = Stamp(now.updated_at, rules.source, rules.capability.scale.slug)
    return Verdict(
        to_library=Action.CREATE,
        moves_in=all_moves(entry, rules.capability, Reason.NEW_ON_SIDE),
        canonical=Canonical(entry, {"*": stamp}),
        memory=Memory(now.entry, entry),
        stamped=True,
        reason=Reason.NEW_ON_SIDE,
    )


def _removed_here(canonical: Canonical, now: Now, memory: Memory | None, rules: Rules) -> Verdict:
    """The library has a tombstone. An edit on the side is never lost to it; what nobody touched follows it."""
    fields = rules.capability.fields
    if memory is None:
        # Exactly our last projection: our own write whose answer was lost, not a new entry of the person.
        projected = project(canonical.entry, rules.capability, now.totals)
        touched = any(getattr(now.entry, name) != getattr(projected, name) for name in fields)
    else:
        touched = any(getattr(now.entry, name) != getattr(memory.seen, name) for name in fields)
    if touched and rules.takes:
        return _resurrect(canonical, now, memory, rules)
    if not rules.gives or not rules.capability.can_delete:
        return Verdict(canonical=canonical, memory=memory)
    return Verdict(
        to_side=Action.REMOVE,
        moves_out=tuple(
            replace(move, before=move.after, after=None)
            for move in all_moves(now.entry, rules.capability, Reason.REMOVED_IN_LIBRARY)
        ),
        canonical=canonical,
        waiting=memory,
        reason=Reason.REMOVED_IN_LIBRARY,
    )


def _resurrect(canonical: Canonical, now: Now, memory: Memory | None, rules: Rules) -> Verdict:
    stamp = Stamp(now.updated_at or rules.read_at, rules.source, rules.capability.scale.slug)
    if memory is None:
        entry = agreed = _visible(now.entry, rules.capability)
        row, reason = Canonical(entry, {"*": stamp}), Reason.CAME_BACK
    else:
        edited = {
            name: getattr(now.entry, name)
            for name in rules.capability.fields
            if getattr(now.entry, name) != getattr(memory.seen, name)
        }
        # The rest as the library last knew it, stamps and all: it may be finer than what the side can show.
        row = Canonical(replace(canonical.entry, **edited), restamp(canonical.stamps, edited, stamp))
        # What the library had not yet brought here before the removal is still to be brought.
        agreed, reason = replace(memory.agreed, **edited), Reason.EDIT_BEATS_REMOVAL
    return Verdict(
        to_library=Action.CREATE,
        moves_in=all_moves(row.entry, rules.capability, reason),
        canonical=row,
        memory=Memory(now.entry, agreed),
        stamped=True,
        reason=reason,
    )


def _visible(entry: Entry, capability: Capability) -> Entry:
    """The entry without the fields that are not synced; a status it always has."""
    hidden = {name for name in FIELDS if name not in capability.fields and name != "status"}
    if not hidden:
        return entry
    blank = Entry(entry.status)
    return replace(entry, **{name: getattr(blank, name) for name in hidden})
