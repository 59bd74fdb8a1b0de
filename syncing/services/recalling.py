"""Writes whose answer was lost: looked up in what the side holds when it is next read.

What arrived is our own doing. Without this it would look like an edit of the person, and a later one than what they
did elsewhere meanwhile. A service under load may do late what everybody has given up: for a while what was not found is
looked for again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection
from library.entry import Entry, Kind, clean_value
from syncing.core.merge import recall
from syncing.core.model import Rules, Track
from syncing.core.plan import Key, Remote
from syncing.models import Change, ChangeState
from syncing.services import journal, sparing
from syncing.services.baselines import Ledger

FOUND = "The answer was lost; the next read found it done."
MISSED = "The answer was lost; the next read did not find it done."
LATE = timedelta(minutes=2)
"""After a read that did not find it a write may still arrive. Longer than a gateway keeps a request; then it is taken
for an edit of the person again."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """Rows of the journal that are no longer unknown."""

    found: tuple[Change, ...] = ()
    missed: tuple[Change, ...] = ()

    def mark(self) -> None:
        """In the transaction that stores the ledger."""
        journal.mark(self.found, ChangeState.APPLIED, message=FOUND)
        journal.mark(self.missed, ChangeState.ABANDONED, message=MISSED)

    def __bool__(self) -> bool:
        return bool(self.found or self.missed)


NOTHING = Recalled()


def recall_lost(
    connection: Connection,
    ledger: Ledger,
    remotes: Mapping[Key, Remote],
    *,
    complete: Collection[Kind],
    rules: Mapping[Kind, Rules],
    unclear: Collection[Key] = frozenset(),
) -> Recalled:
    """Bring the ledger up to what was sent without an answer and is there. Entries that were not read stay unknown,
    and so does what our own code fails on."""
    found: list[Change] = []
    missed: list[Change] = []
    lost = Q(state=ChangeState.UNKNOWN)
    late = Q(state=ChangeState.ABANDONED, message=MISSED, settled_at__gt=timezone.now() - LATE, after__isnull=False)
    rows = Change.objects.filter(lost | late, connection=connection, side=connection.provider)
    for row in rows.order_by("pk"):
        key: Key = (Kind(row.kind), row.remote_id)
        remote = remotes.get(key)
        if key in unclear or (remote is None and key[0] not in complete):
            continue
        try:
            if row.state == ChangeState.ABANDONED and not _came_late(row, ledger, remote):
                continue
            if remote is not None and row.after is not None:
                _recall(ledger, remote, row.after, rules=rules[key[0]])
            is_there = holds(row, remote.now.entry if remote is not None else None)
        except Exception as error:  # noqa: BLE001 - told with its id; one odd row must not cost the others
            sparing.tell(connection.pk, f"change {row.pk}", error)
            continue
        (found if is_there else missed).append(row)
    return Recalled(tuple(found), tuple(missed))


def _came_late(row: Change, ledger: Ledger, remote: Remote | None) -> bool:
    """True when all that it wanted is there, and was not when we last knew."""
    if remote is None or not holds(row, remote.now.entry):
        return False
    known = ledger.tracks.get((remote.kind, remote.remote_id))
    return known is None or known.memory is None or not holds(row, known.memory.seen)


def holds(row: Change, present: Entry | None) -> bool:
    """True when what the row wanted of an entry is so."""
    if row.after is None or present is None:
        return row.after is None and present is None
    return all(getattr(present, name) == clean_value(name, value) for name, value in row.after.items())


def _recall(ledger: Ledger, remote: Remote, after: Mapping[str, object], *, rules: Rules) -> None:
    key: Key = (remote.kind, remote.remote_id)
    known = ledger.tracks.get(key)
    sent = {name: clean_value(name, value) for name, value in after.items()}
    memory = recall(known.memory if known else None, remote.now.entry, sent=sent, capability=rules.capability)
    if memory is None:
        return
    if known is not None:
        ledger.tracks[key] = replace(known, memory=memory)
    else:
        ledger.tracks[key] = Track(remote.kind, remote.remote_id, remote.media_id, memory, remote.entry_id)
