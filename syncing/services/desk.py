"""What one run has on its desk: passed along instead of a dozen arguments, and written back as the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from django.conf import settings

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


def tell_nobody(_stage: str, _done: int, _total: int) -> None:
    return None


@dataclass(slots=True)
class Desk:
    """One run at work.

    held: entries of the side as they are now known, echoes included; None = removed by us.
    unfinished: something is left that the next run must look at again.
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
    done: list[Item] = field(default_factory=list)
    library_revision: int = 0
    library_changes: int = 0
    writes: int = 0
    failed: int = 0
    unfinished: bool = False
    started: float = field(default_factory=monotonic)

    @property
    def rules(self) -> Mapping[Kind, Rules]:
        return self.prepared.rules

    @property
    def kinds(self) -> frozenset[Kind]:
        """What this connection reads; the rules know the other kinds too."""
        return kinds_of(self.connection, self.provider)

    def is_spent(self) -> bool:
        """True when this turn is over: others wait for the queue too."""
        long_enough = monotonic() - self.started > settings.SYNC_SLICE_SECONDS
        return long_enough or self.writes >= settings.SYNC_SLICE_WRITES

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
