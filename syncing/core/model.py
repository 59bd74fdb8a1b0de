"""The values that a merge speaks of. Pure.

canonical  the library's entry, with a stamp per field; a tombstone once it was removed
now        what the side holds, as just read
memory     (seen, agreed): what the side's server echoed when we last finished with the entry, and the canonical
           entry that we last brought to it. With only the echo, a write that failed is forgotten; with only the
           intention, a server that changes an entry by itself is rewritten for ever.
verdict    what is to be done with one entry, on both sides
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from integrations.capability import NO_TOTALS, Capability, Totals
from library.entry import Entry, Kind
from library.stamps import Stamps


class Action(StrEnum):
    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


class Reason(StrEnum):
    """Which rule chose a change."""

    SIDE_EDIT = "side_edit"
    LIBRARY_EDIT = "library_edit"
    NEW_ON_SIDE = "new_on_side"
    NEW_IN_LIBRARY = "new_in_library"
    FILLED = "filled"
    FINER = "finer"
    NEWER = "conflict_newest"
    POLICY = "conflict_policy"
    CHOSEN = "conflict_chosen"
    CAME_BACK = "came_back"
    EDIT_BEATS_REMOVAL = "edit_beats_removal"
    REMOVED_ON_SIDE = "removed_on_side"
    REMOVED_IN_LIBRARY = "removed_in_library"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Canonical:
    """The library's row as a value. `removed` True = a tombstone that still knows its last values."""

    entry: Entry
    stamps: Stamps
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """`updated_at`: unix seconds as the service tells them, 0 = unknown. untold: fields of `entry` that are unknown."""

    entry: Entry
    updated_at: float = 0.0
    totals: Totals = NO_TOTALS
    untold: frozenset[str] = frozenset()


AWAY = -1
"""Memory.missing of an entry that we took off the side on a person's word: its absence means nothing."""


@dataclass(frozen=True, slots=True)
class Memory:
    """See the module. `missing` = complete reads in a row that lacked the entry, or AWAY."""

    seen: Entry
    agreed: Entry
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """How one side is merged.

    source:     its slug. policy: newest, library, provider, furthest or ask.
    takes:      side → library allowed; gives: library → side allowed.
    fresh:      fields that are compared for the first time, although the entry is known.
    misses:     complete reads in a row that must lack an entry before its absence counts as a removal.
    read_at:    unix seconds of the read: the time of an edit whose service does not tell when it was made.
    """

    source: str
    capability: Capability
    policy: str = "newest"
    takes: bool = True
    gives: bool = True
    fresh: frozenset[str] = frozenset()
    misses: int = 2
    read_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """One field that changes on one side."""

    field: str
    before: Any
    after: Any
    reason: Reason


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed one field differently. winner: "library", "provider" or "" (waits for a person)."""

    field: str
    library: Any
    provider: Any
    winner: str
    policy: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with one entry.

    to_library, to_side: what happens on each; moves_in, moves_out: the fields, in order of FIELDS.
    canonical: the library's entry afterwards (a tombstone after a removal); None = it has none.
    memory:    to be remembered once everything was done; None = forget, or nothing to remember yet.
    held:      fields that wait for a person's word; stamped: stamps changed in the library, values or not.
    waiting:   to be remembered if a removal is not carried out (yet).
    """

    to_library: Action = Action.NONE
    to_side: Action = Action.NONE
    moves_in: tuple[Move, ...] = ()
    moves_out: tuple[Move, ...] = ()
    canonical: Canonical | None = None
    memory: Memory | None = None
    conflicts: tuple[Conflict, ...] = ()
    held: frozenset[str] = frozenset()
    stamped: bool = False
    reason: Reason | None = None
    waiting: Memory | None = None

    @property
    def is_quiet(self) -> bool:
        """True when nothing is done on either side."""
        return self.to_library is Action.NONE and self.to_side is Action.NONE


@dataclass(frozen=True, slots=True)
class Track:
    """One remote entry of a connection, the media it is matched to, and what we remember of both."""

    kind: Kind
    remote_id: str
    media_id: int
    memory: Memory | None
    entry_id: str = ""
