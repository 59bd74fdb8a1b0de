"""Entries that a whole read lacked and whose absence still says nothing."""

from __future__ import annotations

from collections.abc import Collection

from integrations.http import Session
from integrations.models import Connection
from integrations.providers.base import Provider
from library.entry import Kind
from syncing.core.plan import Key
from syncing.services import sparing
from syncing.services.baselines import Ledger


def judge_absences(
    connection: Connection,
    session: Session,
    provider: Provider,
    *,
    ledger: Ledger,
    present: Collection[Key],
    complete: frozenset[Kind],
) -> tuple[frozenset[Key], frozenset[Kind]]:
    """(keys whose absence says nothing, kinds whose other absences count): where our own code fails on the question,
    none counts. Raises as `find_hidden`."""
    try:
        return find_hidden(session, provider, ledger=ledger, present=present, complete=complete), complete
    except Exception as error:
        if not sparing.is_of_entry(error):
            raise
        sparing.tell(connection.pk, "what is missing there", error)
        return frozenset(), frozenset()


def find_hidden(
    session: Session, provider: Provider, *, ledger: Ledger, present: Collection[Key], complete: Collection[Kind]
) -> frozenset[Key]:
    """Asks the provider about what is remembered and was not read; nothing missing costs nothing.

    Raises ProviderError: without an answer no absence may be judged.
    """
    hidden: set[Key] = set()
    for kind in sorted(complete):
        missing = [
            track.remote_id
            for key, track in ledger.tracks.items()
            if track.kind == kind and track.memory is not None and key not in present
        ]
        if missing:
            hidden.update((kind, remote_id) for remote_id in provider.hidden(session, kind, missing))
    return frozenset(hidden)
