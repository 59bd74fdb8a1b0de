"""All that is remembered of a connection, packed into one row: about 11 bytes an entry.

The format is ours and versioned: zlib over MessagePack. Reading refuses what it does not know.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from library.entry import Entry, Kind, PartialDate, Status
from syncing.core.model import Memory, Track
from syncing.core.plan import Key

VERSION = 1
_KINDS = (Kind.ANIME, Kind.MANGA)
_KIND_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_STATUSES = tuple(Status)
_STATUS_NUMBERS = {status: number for number, status in enumerate(_STATUSES)}
SENTINELS = 3


class UnreadableBaseline(ValueError):
    """The stored row is not one of ours, or of a later version of Enishi."""


@dataclass(slots=True)
class Ledger:
    """What a baseline holds. fields: by kind, the fields that were merged when it was last written."""

    tracks: dict[Key, Track] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)
    sentinels: list[tuple[str, str]] = field(default_factory=list)


EntryRow = tuple[int, int, int, int, int, int, int, str, bool]


@lru_cache(maxsize=4096)
def _date(number: int) -> PartialDate:
    return PartialDate(number // 10000, number // 100 % 100, number % 100)


def _number(date: PartialDate) -> int:
    return date.year * 10000 + date.month * 100 + date.day


def pack_entry(entry: Entry) -> EntryRow:
    return (
        _STATUS_NUMBERS[entry.status],
        entry.progress,
        entry.progress_volumes,
        entry.score,
        _number(entry.started_on),
        _number(entry.finished_on),
        entry.repeats,
        entry.notes,
        entry.private,
    )


def unpack_entry(row: Any) -> Entry:
    status, progress, volumes, score, started, finished, repeats, notes, private = row
    return Entry(_STATUSES[status], progress, volumes, score, _date(started), _date(finished), repeats, notes, private)


def pack(ledger: Ledger) -> bytes:
    rows = []
    for track in ledger.tracks.values():
        if track.memory is None:
            continue
        seen = pack_entry(track.memory.seen)
        # Mostly what the side shows is what the library says: stored once, and once unpacked one object.
        same = track.memory.agreed is track.memory.seen or track.memory.agreed == track.memory.seen
        agreed = None if same else pack_entry(track.memory.agreed)
        number = _KIND_NUMBERS[track.kind]
        rows.append((number, track.remote_id, track.media_id, track.entry_id, track.memory.missing, seen, agreed))
    document = {"v": VERSION, "fields": ledger.fields, "sentinels": ledger.sentinels, "tracks": rows}
    return zlib.compress(msgspec.msgpack.encode(document), 6)


def unpack(data: bytes) -> Ledger:
    """Raises UnreadableBaseline. b"" is an empty ledger."""
    if not data:
        return Ledger()
    try:
        document = msgspec.msgpack.decode(zlib.decompress(data))
        if document["v"] != VERSION:
            raise UnreadableBaseline(f"baseline version {document['v']}; this Enishi reads {VERSION}")
        tracks = {}
        for number, remote_id, media_id, entry_id, missing, seen_row, agreed_row in document["tracks"]:
            seen = unpack_entry(seen_row)
            memory = Memory(seen, seen if agreed_row is None else unpack_entry(agreed_row), missing)
            kind = _KINDS[number]
            tracks[kind, remote_id] = Track(kind, remote_id, media_id, memory, entry_id)
        sentinels = [(kind, remote_id) for kind, remote_id in document["sentinels"]]
        return Ledger(tracks, document["fields"], sentinels)
    except (zlib.error, msgspec.DecodeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableBaseline("a stored baseline cannot be read") from error


def digest(entries: Mapping[Key, Entry], *, options: Iterable[str]) -> str:
    """One text for a whole list and what we do with it: equal exactly when nothing moved on the side and in the
    options. Order does not matter."""
    rows = sorted((kind, remote_id, pack_entry(entry)) for (kind, remote_id), entry in entries.items())
    encoded = msgspec.msgpack.encode([sorted(options), rows])
    return hashlib.blake2b(encoded, digest_size=24).hexdigest()
