"""One field of one entry that both sides hold: keep, take, send, or wait. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from integrations.capability import project_value, shown_value
from library.entry import COUNT_FIELDS, DATE_FIELDS, Status
from library.stamps import Stamp, stamp_of
from syncing.core.compare import agrees, is_empty, is_finer, is_further, restates, shows
from syncing.core.model import Canonical, Conflict, Memory, Now, Reason, Rules
from syncing.core.policy import ASK, LIBRARY, PROVIDER, choose


class Kind(Enum):
    KEEP = auto()
    TAKE = auto()
    SEND = auto()
    HOLD = auto()
    LEAVE_SIDE = auto()
    """The side's value differs and may not be taken (export only)."""
    LEAVE_LIBRARY = auto()
    """The library's value differs and may not be sent (import only)."""


@dataclass(frozen=True, slots=True)
class Step:
    """stamp: the field's new stamp in the library, None = as it was."""

    kind: Kind = Kind.KEEP
    reason: Reason = Reason.SIDE_EDIT
    stamp: Stamp | None = None
    conflict: Conflict | None = None


KEEP = Step()


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a step looks at."""

    canonical: Canonical
    now: Now
    memory: Memory | None
    rules: Rules
    choices: Mapping[str, str]

    def is_first(self, name: str) -> bool:
        return self.memory is None or name in self.rules.fresh

    @property
    def known(self) -> Memory:
        """The memory, where a field is not met for the first time."""
        assert self.memory is not None
        return self.memory

    def shows(self, name: str, side: Any, library: Any) -> bool:
        stamp = stamp_of(self.canonical.stamps, name)
        return shows(name, side, library, stamp, self.rules.capability, self.now.totals)

    def shown(self, name: str, value: Any) -> Any:
        return shown_value(name, value, self.rules.capability, self.now.totals)

    def projected(self, name: str, value: Any) -> Any:
        return project_value(name, value, self.rules.capability, self.now.totals)


def step(name: str, bench: Bench) -> Step:
    """What to do with one field. `Step.stamp` is set wherever the library's value or its precision changes."""
    side, library = getattr(bench.now.entry, name), getattr(bench.canonical.entry, name)
    if name in bench.rules.capability.rises:
        return _rising(name, side, library, bench=bench)
    if bench.is_first(name):
        return _first_contact(name, side, library, bench=bench)
    side_moved = side != getattr(bench.known.seen, name)
    library_moved = _has_moved(name, library, bench=bench)
    if not side_moved and not library_moved:
        return KEEP
    if not library_moved:
        return _side_moved(name, side, library, bench=bench)
    if not side_moved:
        return _library_moved(name, side, library, bench=bench)
    return _both_moved(name, side, library, bench=bench)


def _rising(name: str, side: Any, library: Any, *, bench: Bench) -> Step:
    """The side's record only grows. Ahead, it raises the library, unless a repeat is under way: its old plays say
    nothing of that. Behind, it is brought up to what the library came to since. Nobody is ever asked to go back."""
    first = bench.is_first(name)
    side_moved = first or side != getattr(bench.known.seen, name)
    if side_moved and is_further(name, side, library) and bench.canonical.entry.status is not Status.REPEATING:
        return _take(bench, Reason.FILLED if first else Reason.SIDE_EDIT)
    wanted = bench.projected(name, library)
    behind = is_further(name, wanted, side) or (side is Status.DROPPED and wanted is not side)
    if not first and library == getattr(bench.known.agreed, name):
        return KEEP
    # What was brought once and is missing now was taken off there, also where the library's last step had no room.
    again = not first and name in COUNT_FIELDS and not is_further(name, wanted, getattr(bench.known.agreed, name))
    if behind and not again:
        return _send(bench, Reason.FILLED if first else Reason.LIBRARY_EDIT)
    if name in COUNT_FIELDS and library > side:
        # The side has no room for more yet, an episode that has not aired there: it stays to be brought.
        return Step(Kind.LEAVE_LIBRARY)
    return KEEP


def _has_moved(name: str, library: Any, *, bench: Bench) -> bool:
    """True when the library's value is another one for this side than what was last brought to it.

    A side may have been left with a value that agreed, more coarsely or more finely, with what was brought. Then a
    change too fine to be projected otherwise can still be one that its value does not stand for.
    """
    agreed = getattr(bench.known.agreed, name)
    if library == agreed:
        return False
    if bench.shown(name, library) != bench.shown(name, agreed):
        return True
    return not bench.shows(name, getattr(bench.known.seen, name), library)


def _side_moved(name: str, side: Any, library: Any, *, bench: Bench) -> Step:
    if restates(name, side, library, bench.rules.capability, bench.now.totals):
        return KEEP
    return _take(bench, Reason.SIDE_EDIT)


def _library_moved(name: str, side: Any, library: Any, *, bench: Bench) -> Step:
    if bench.shows(name, side, library):
        return KEEP
    return _send(bench, Reason.LIBRARY_EDIT)


def _both_moved(name: str, side: Any, library: Any, *, bench: Bench) -> Step:
    stamp = stamp_of(bench.canonical.stamps, name)
    capability, totals = bench.rules.capability, bench.now.totals
    if agrees(name, side, library, stamp, capability, totals):
        if is_finer(name, side, library, stamp, capability):
            return _take(bench, Reason.FINER) if side != library else KEEP
        return _refine(name, side, library, bench=bench) or KEEP
    return _conflict(name, side, library, bench=bench)


def _first_contact(name: str, side: Any, library: Any, *, bench: Bench) -> Step:
    stamp = stamp_of(bench.canonical.stamps, name)
    capability, totals = bench.rules.capability, bench.now.totals
    if agrees(name, side, library, stamp, capability, totals):
        return _agreed_at_first(name, side, library, bench=bench)
    if is_empty(name, side):
        return _send(bench, Reason.FILLED)
    if is_empty(name, library):
        return _take(bench, Reason.FILLED)
    return _conflict(name, side, library, bench=bench)


def _agreed_at_first(name: str, side: Any, library: Any, *, bench: Bench) -> Step:
    """The finer value stays, with the later of the two times."""
    stamp = stamp_of(bench.canonical.stamps, name)
    scale = bench.rules.capability.scale.slug
    finer = is_finer(name, side, library, stamp, bench.rules.capability)
    later = bench.now.updated_at > stamp.at
    new = Stamp(
        max(bench.now.updated_at, stamp.at),
        bench.rules.source if later else stamp.source,
        scale if finer else stamp.scale,
    )
    changed = new if new != stamp else None
    if finer and side != library and bench.rules.takes:
        return Step(Kind.TAKE, Reason.FINER, new)
    refined = _refine(name, side, library, bench=bench)
    if refined is not None:
        return refined
    return Step(Kind.KEEP, stamp=changed if bench.rules.takes else None)


def _refine(name: str, side: Any, library: Any, *, bench: Bench) -> Step | None:
    """A side that knows only the year of a day is told the day. A rounded score is left: that is its own scale."""
    if name not in DATE_FIELDS or bench.shows(name, side, library):
        return None
    return _send(bench, Reason.FINER)


def _take(bench: Bench, reason: Reason, conflict: Conflict | None = None) -> Step:
    if not bench.rules.takes:
        return Step(Kind.LEAVE_SIDE, reason)
    at = bench.now.updated_at or (bench.rules.read_at if bench.memory is not None else 0.0)
    return Step(Kind.TAKE, reason, Stamp(at, bench.rules.source, bench.rules.capability.scale.slug), conflict)


def _send(bench: Bench, reason: Reason, conflict: Conflict | None = None) -> Step:
    if not bench.rules.gives:
        return Step(Kind.LEAVE_LIBRARY, reason)
    return Step(Kind.SEND, reason, None, conflict)


def _conflict(name: str, side: Any, library: Any, *, bench: Bench) -> Step:
    winner, reason = _winner(name, side, library, bench=bench)
    conflict = Conflict(name, library, side, winner, bench.rules.policy)
    if winner == ASK:
        return Step(Kind.HOLD, reason, None, conflict)
    if winner == PROVIDER:
        return _take(bench, reason, conflict)
    return _send(bench, reason, conflict)


def _winner(name: str, side: Any, library: Any, *, bench: Bench) -> tuple[str, Reason]:
    """A one-way connection has its winner; then a person's word; then the policy."""
    if not bench.rules.takes:
        return LIBRARY, Reason.POLICY
    if not bench.rules.gives:
        return PROVIDER, Reason.POLICY
    chosen = bench.choices.get(name)
    if chosen in (LIBRARY, PROVIDER):
        return chosen, Reason.CHOSEN
    winner = choose(
        name,
        policy=bench.rules.policy,
        side=side,
        library=library,
        side_at=bench.now.updated_at,
        stamp=stamp_of(bench.canonical.stamps, name),
    )
    return winner, Reason.NEWER if bench.rules.policy == "newest" else Reason.POLICY
