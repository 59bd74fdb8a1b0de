"""Entries that a whole read lacked and whose absence still says nothing."""

from __future__ import annotations

from collections.abc import Collection

from integrations.http import Session
from integrations.providers.base import Provider
from library.entry import Kind
from syncing.core.plan import Key
from syncing.services.baselines import Ledger


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
