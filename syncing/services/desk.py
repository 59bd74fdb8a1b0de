"""What one run has on its desk: passed along instead of a dozen arguments, and written back as the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from django.conf import settings

from integrations import stopping
from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider
from library.entry import Entry, Kind
from syncing.core.model import Rules
from syncing.core.plan import Item, Key
from syncing.models import Baseline, Change, SyncRun
from syncing.services.baselines import Ledger, pack
from syncing.services.leases import Lease
from syncing.services.planning import Prepared
from syncing.services.rules import kinds_of

Tell = Callable[[str, int, int], None]
"""(stage, done, in all): progress for who watches; stages are read, plan, library, write."""


WORTH = 12
"""A turn goes on until its writes have cost so many times the requests of its read."""
LONGEST = 4
"""But no longer than so many of its times: then it is another's turn in any case."""
MOST_CALLS = 250
"""One a second for the longest turn."""


def tell_nobody(_stage: str, _done: int, _total: int) -> None:
    return None


@dataclass(slots=True)
class Desk:
    """One run at work.

    held: entries of the side as they are now known, echoes included; None = removed by us.
    refused, faulty: media that are left alone in this run, since they were edited meanwhile or our own code fails on
    them. unfinished: something is left that the next run must look at again.
    turn: media whose changes are to be sent in this turn, None = all; left: changes that are still to be sent, also
    those of later turns. read_requests: what it cost to get as far as the plan.
    """

    connection: Connection
    lease: Lease
    provider: Provider
    session: Session
    baseline: Baseline
    ledger: Ledger
    run: SyncRun
    prepared: Prepared
    tell: Tell = tell_nobody
    changes: dict[tuple[str, int], Change] = field(default_factory=dict)
    held: dict[Key, Entry | None] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    faulty: set[int] = field(default_factory=set)
    done: list[Item] = field(default_factory=list)
    library_revision: int = 0
    library_changes: int = 0
    writes: int = 0
    failed: int = 0
    unfinished: bool = False
    turn: frozenset[int] | None = None
    left: int = 0
    read_requests: int = 0
    # Looked up when it is called: tests play time.
    started: float = field(default_factory=lambda: monotonic())  # noqa: PLW0108

    @property
    def rules(self) -> Mapping[Kind, Rules]:
        return self.prepared.rules

    @property
    def kinds(self) -> frozenset[Kind]:
        """What this connection reads; the rules know the other kinds too."""
        return kinds_of(self.connection, self.provider)

    def is_spent(self) -> bool:
        """True when this turn is over: others wait for the queue too, or this worker was asked to end."""
        took = monotonic() - self.started
        # The next turn begins with reading it all again.
        pays = self.session.requests - self.read_requests >= WORTH * self.read_requests
        long_enough = took > settings.SYNC_SLICE_SECONDS * (1 if pays else LONGEST)
        return long_enough or self.writes >= settings.SYNC_SLICE_WRITES or stopping.is_asked()

    @property
    def most_writes(self) -> int:
        """Changes that are planned for one turn. The journal need not hold what cannot be done in it."""
        return min(settings.SYNC_SLICE_WRITES, MOST_CALLS * self.provider.write_batch)

    def save_ledger(self, **values: object) -> None:
        """Write the whole baseline. Its digest is empty until the run has ended well."""
        Baseline.objects.filter(pk=self.connection.pk).update(
            **{
                "data": pack(self.ledger),
                "tracks": len(self.ledger.tracks),
                "digest": "",
                "library_revision": self.library_revision,
                **values,
            }
        )
