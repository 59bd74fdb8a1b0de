"""Entries that are there and of which no more is known: the service says something strange, or our own code fails on
them. They are neither absent nor anybody's to change, and all others flow on around them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from integrations.models import Connection
from integrations.providers.base import RemoteEntry
from library.entry import Kind
from library.services.catalogue import media_by_external_ids
from library.services.matches import Words
from syncing.core.plan import Fault, Key
from syncing.services import sparing
from syncing.services.baselines import Ledger
from syncing.services.matching import Matched, Waiting, key_of, match


def match_list(
    connection: Connection, entries: Sequence[RemoteEntry], ledger: Ledger, *, own: Words
) -> tuple[Matched, dict[Key, str]]:
    """What was read with its media, and the title of each entry on which matching itself failed."""
    # Of two entries of one work the one we know stays the work's: else each edit would make it the other one.
    known_first = sorted(entries, key=lambda entry: key_of(entry) not in ledger.tracks)
    matched, faulty = sparing.spare(known_first, partial(match, connection.provider, own=own))
    for entry, error in faulty:
        sparing.tell(connection.pk, f"{entry.media.kind} {entry.media.external_id}", error)
    return matched, {key_of(entry): "".join(entry.media.titles[:1]) for entry, _ in faulty}


def media_of_unclear(
    provider: str, ledger: Ledger, unclear: Collection[Key], *, matched: Matched, own: Words
) -> frozenset[int]:
    """Media of entries that are there and of which no more is known: they are not to be touched there either. One that
    another entry of the list stands for is not among them."""
    found = {track.media_id for key, track in ledger.tracks.items() if key in unclear}
    found.update(media_id for key, media_id in own.media.items() if key in unclear and media_id is not None)
    for kind in Kind:
        ids = [external_id for each, external_id in unclear if each == kind]
        if ids:
            found.update(media_by_external_ids(provider, kind, ids).values())
    found.difference_update(remote.media_id for remote in matched.remotes)
    return frozenset(found.difference(track.media_id for key, track in ledger.tracks.items() if key not in unclear))


def wait_for_us(
    connection: Connection, unclear: Collection[Key], puzzles: Mapping[Key, str], *, faults: Sequence[Fault], own: Words
) -> list[Waiting]:
    """What is left alone without anybody's decision, for the person to see."""
    alone = {key for key, media_id in own.media.items() if media_id is None}
    waiting = [
        Waiting(kind, "fault" if (kind, id_) in puzzles else "unclear", id_, title=puzzles.get((kind, id_), ""))
        for kind, id_ in sorted(set(unclear) - alone)
    ]
    for fault in faults:
        sparing.tell(connection.pk, f"{fault.kind} {fault.remote_id or f'work {fault.media_id}'}", fault.error)
        media_id = None if fault.remote_id else fault.media_id
        waiting.append(Waiting(fault.kind, "fault", fault.remote_id, media_id))
    return waiting
