"""Reading the side: the cheapest honest read. Complete or unknown, never "empty" for "failed"."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Account, BatchProber, Provider, RemoteEntry, Snapshot
from library.entry import Entry, Kind
from syncing.core.plan import Key
from syncing.models import Baseline
from syncing.services import marks
from syncing.services.baselines import digest
from syncing.services.matching import key_of
from syncing.services.rules import kinds_of, options_of

log = logging.getLogger(__name__)

TOLD_AT_MOST = 20
"""Lines of a log about one list."""
COMPLETE_AT_LEAST_EVERY = timedelta(hours=24)
"""A probe is blind to deletions: a whole read once a day sees them."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """unchanged: nothing moved on the side since the last run ended well; then there are no entries.
    complete: kinds whose absences count. mark: the probe's, "" when it was not asked.
    part: the kinds that were looked at where others were not due; empty = all.
    rooms: how much progress entries have room for, where that is not their total; when it grows more can be written.
    unclear: entries that are there and of which no more is known; True = by a fault of ours.
    """

    entries: Sequence[RemoteEntry] = ()
    complete: frozenset[Kind] = frozenset()
    digest: str = ""
    mark: str = ""
    unchanged: bool = False
    reason: str = ""
    rooms: Mapping[Key, int] = field(default_factory=dict)
    part: frozenset[Kind] = frozenset()
    unclear: Mapping[Key, bool] = field(default_factory=dict)


def fetch(
    connection: Connection,
    session: Session,
    provider: Provider,
    *,
    baseline: Baseline,
    full: bool,
    part: frozenset[Kind] = frozenset(),
) -> Fetched:
    """Raises ProviderError; a list that could not be read whole and is not known to be short is such an error.

    part: kinds that are due where others are not, empty = all. They are only looked at: when one of them moved, all
    are read, so that a plan is never made from half a list.
    """
    kinds = kinds_of(connection, provider)
    mark = ""
    if not full and part and part < kinds and _rests(connection, session, provider, baseline=baseline, part=part):
        return Fetched(unchanged=True, part=part)
    if not full and _probe_pays(provider, baseline, kinds):
        mark = provider.probe(session, kinds)
        if mark and mark == baseline.probe_mark:
            return Fetched(mark=mark, unchanged=True)
    snapshot = _read(connection, session, provider, kinds=kinds)
    complete = snapshot.kinds if snapshot.complete else frozenset()
    held, rooms = _shown(snapshot)
    now = digest_of(connection, held, complete, rooms=rooms)
    if isinstance(provider, BatchProber):
        mark = marks.confirm(baseline.probe_mark, held.values(), now=timezone.now())
    # A mark stands for a whole read only: after a part the next run reads again.
    is_old = now == baseline.digest
    unclear = _tell_unclear(connection, snapshot)
    mark = mark if complete else ""
    return Fetched(snapshot.entries, complete, now, mark, is_old, snapshot.reason, rooms, unclear=unclear)


def _tell_unclear(connection: Connection, snapshot: Snapshot) -> dict[Key, bool]:
    """A fault of ours is an error, which wakes someone; a strange value may be the service's own affair."""
    for one in snapshot.unclear[:TOLD_AT_MOST]:
        level = logging.ERROR if one.is_fault else logging.WARNING
        log.log(level, "connection %s, %s %s: %s; not read", connection.pk, one.kind, one.external_id, one.why)
    return {(one.kind, one.external_id): one.is_fault for one in snapshot.unclear}


def _read(connection: Connection, session: Session, provider: Provider, *, kinds: frozenset[Kind]) -> Snapshot:
    snapshot = provider.read(session, kinds)
    if snapshot.account is not None:
        _note_account(connection, snapshot.account)
        # What the read just told decides the writes of this run too, e.g. how much room an account has.
        session.account_settings = snapshot.account.settings
    return snapshot


def _shown(snapshot: Snapshot) -> tuple[dict[Key, Entry], dict[Key, int]]:
    """Entries and rooms."""
    held = {key_of(entry): entry.entry for entry in snapshot.entries}
    return held, {key_of(entry): entry.room for entry in snapshot.entries if entry.room}


def _rests(
    connection: Connection, session: Session, provider: Provider, *, baseline: Baseline, part: frozenset[Kind]
) -> bool:
    """These kinds are as the last whole read left them."""
    if not baseline.digest or not all(baseline.kind_digests.get(str(kind)) for kind in part):
        return False
    snapshot = _read(connection, session, provider, kinds=part)
    if not snapshot.complete:
        return False
    held, rooms = _shown(snapshot)
    now = digests_by_kind(connection, held, snapshot.kinds, rooms=rooms)
    return all(now.get(str(kind)) == baseline.kind_digests[str(kind)] for kind in part)


def digests_by_kind(
    connection: Connection, held: Mapping[Key, Entry], complete: frozenset[Kind], *, rooms: Mapping[Key, int]
) -> dict[str, str]:
    """{kind: digest_of that kind alone}; empty where kinds have no intervals of their own."""
    if not connection.intervals:
        return {}
    return {
        str(kind): digest_of(
            connection,
            {key: entry for key, entry in held.items() if key[0] == kind},
            frozenset({kind}),
            rooms={key: room for key, room in rooms.items() if key[0] == kind},
        )
        for kind in complete
    }


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
