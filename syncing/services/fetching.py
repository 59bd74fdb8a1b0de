"""Reading the side: the cheapest honest read. Complete or unknown, never "empty" for "failed"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Account, BatchProber, Provider, RemoteEntry
from library.entry import Entry, Kind
from syncing.core.plan import Key
from syncing.models import Baseline
from syncing.services import marks
from syncing.services.baselines import digest
from syncing.services.matching import key_of
from syncing.services.rules import kinds_of, options_of

COMPLETE_AT_LEAST_EVERY = timedelta(hours=24)
"""A probe is blind to deletions: a whole read once a day sees them."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """unchanged: nothing moved on the side since the last run ended well; then there are no entries.
    complete: kinds whose absences count. mark: the probe's, "" when it was not asked.
    rooms: how much progress entries have room for, where that is not their total; when it grows more can be written.
    """

    entries: Sequence[RemoteEntry] = ()
    complete: frozenset[Kind] = frozenset()
    digest: str = ""
    mark: str = ""
    unchanged: bool = False
    reason: str = ""
    rooms: Mapping[Key, int] = field(default_factory=dict)


def fetch(connection: Connection, session: Session, provider: Provider, *, baseline: Baseline, full: bool) -> Fetched:
    """Raises ProviderError; a list that could not be read whole and is not known to be short is such an error."""
    kinds = kinds_of(connection, provider)
    mark = ""
    if not full and _probe_pays(provider, baseline, kinds):
        mark = provider.probe(session, kinds)
        if mark and mark == baseline.probe_mark:
            return Fetched(mark=mark, unchanged=True)
    snapshot = provider.read(session, kinds)
    if snapshot.account is not None:
        _note_account(connection, snapshot.account)
        # What the read just told decides the writes of this run too, e.g. how much room an account has.
        session.account_settings = snapshot.account.settings
    complete = snapshot.kinds if snapshot.complete else frozenset()
    held = {key_of(entry): entry.entry for entry in snapshot.entries}
    rooms = {key_of(entry): entry.room for entry in snapshot.entries if entry.room}
    now = digest_of(connection, held, complete, rooms=rooms)
    if isinstance(provider, BatchProber):
        mark = marks.confirm(baseline.probe_mark, held.values(), now=timezone.now())
    # A mark stands for a whole read only: after a part the next run reads again.
    is_old = now == baseline.digest
    return Fetched(snapshot.entries, complete, now, mark if complete else "", is_old, snapshot.reason, rooms)


def digest_of(
    connection: Connection, held: Mapping[Key, Entry], complete: frozenset[Kind], *, rooms: Mapping[Key, int]
) -> str:
    """The digest that the next read will have if nobody edits anything."""
    shown = [f"room:{kind}:{remote_id}:{room}" for (kind, remote_id), room in rooms.items()]
    return digest(held, options=[*options_of(connection), *_of_kinds(complete), *shown])


def _of_kinds(complete: frozenset[Kind]) -> list[str]:
    return [f"complete:{kind}" for kind in sorted(complete)]


def _probe_pays(provider: Provider, baseline: Baseline, kinds: frozenset[Kind]) -> bool:
    if not baseline.digest or baseline.complete_at is None:
        return False
    if timezone.now() - baseline.complete_at > COMPLETE_AT_LEAST_EVERY:
        return False
    # All tracks might be of one kind: the cheapest read there can be, so that a probe is never the dearer way.
    return provider.read_requests(dict.fromkeys(kinds, baseline.tracks // len(kinds))) > provider.probe_requests


def _note_account(connection: Connection, account: Account) -> None:
    """A changed score system changes what the person's marks mean: it must be known before anything is compared."""
    fresh = dict(account.settings)
    name = account.name or connection.account_name
    if fresh != connection.account_settings or name != connection.account_name:
        connection.account_settings, connection.account_name = fresh, name
        # Not that of another account, which may have been linked while this one was read.
        rows = Connection.objects.filter(pk=connection.pk, account_id=connection.account_id)
        rows.update(account_settings=fresh, account_name=name)
