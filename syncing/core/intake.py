"""An entry that a file offers against the library's: what the library takes of it. Pure.

A file is a side that is met for the first time and never written to, compared like any other: a score that only
restates a finer one, a year that is known to the day and an empty field change nothing. Where both say something
different, the person's rule decides. Nothing is ever taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from integrations.capability import LIBRARY_SCALE, SCALES, Capability
from library.entry import FIELDS, Entry, Kind
from library.stamps import Stamp, Stamps, stamp_of
from syncing.core.absence import all_moves
from syncing.core.fields import Bench, step
from syncing.core.fields import Kind as StepKind
from syncing.core.model import Action, Canonical, Move, Now, Reason, Rules

POLICIES: Mapping[str, str] = {"newest": "newest", "library": "library", "file": "provider", "furthest": "furthest"}
"""What a person may choose, in the words of `syncing.core.policy`."""
SOURCE = "file"
_CAPABILITIES = {
    Kind.ANIME: Capability(frozenset(FIELDS) - {"progress_volumes"}, LIBRARY_SCALE),
    Kind.MANGA: Capability(frozenset(FIELDS), LIBRARY_SCALE),
}


@dataclass(frozen=True, slots=True)
class Intake:
    """moves: what changes, in the order of FIELDS. stamps: of these fields; time 0 = the file does not tell.
    kept: fields in which the library says something else and keeps it."""

    action: Action = Action.NONE
    moves: tuple[Move, ...] = ()
    reason: Reason | None = None
    stamps: Stamps = field(default_factory=dict)
    kept: tuple[str, ...] = ()


def take_in(
    canonical: Canonical | None, offered: Entry, stamps: Stamps, *, kind: Kind, policy: str, now: float
) -> Intake:
    """canonical: the library's, None or a tombstone = not on the list: then all of it is taken, whatever the policy.

    stamps: as the file has them; a time after `now` (unix seconds) counts as now. policy: a key of POLICIES.
    """
    capability = _CAPABILITIES[kind]
    if canonical is None or canonical.removed:
        moves = all_moves(offered, capability, Reason.NEW_ON_SIDE)
        known = {name: _believable(stamp, now) for name, stamp in stamps.items()}
        return Intake(Action.CREATE, moves, Reason.NEW_ON_SIDE, known)
    moves_in: list[Move] = []
    taken: dict[str, Stamp] = {}
    kept: list[str] = []
    for name in canonical.entry.changed(offered):
        if name not in capability.fields:
            continue
        stamp = _believable(stamp_of(stamps, name), now)
        scaled = replace(capability, scale=SCALES[stamp.scale])
        rules = Rules(SOURCE, scaled, POLICIES[policy])
        this = step(name, Bench(canonical, Now(offered, stamp.at), None, rules, {}))
        if this.kind is StepKind.TAKE:
            moves_in.append(Move(name, canonical.entry.get(name), offered.get(name), this.reason))
            taken[name] = stamp
        elif this.conflict is not None:
            kept.append(name)
    if not moves_in:
        return Intake(kept=tuple(kept))
    return Intake(Action.UPDATE, tuple(moves_in), None, taken, tuple(kept))


def _believable(stamp: Stamp, now: float) -> Stamp:
    """Nobody has given a value in the future, or on a scale that nobody knows."""
    return Stamp(min(stamp.at, now), stamp.source, stamp.scale if stamp.scale in SCALES else LIBRARY_SCALE.slug)
