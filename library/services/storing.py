"""Writing entries: the person's library row is locked, its revision counts up, and unchanged rows are not touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from library.entry import DATE_FIELDS, FIELDS, Entry
from library.models import Library, ListEntry
from library.stamps import Stamps, stamps_to_json

if TYPE_CHECKING:
    from uuid import UUID

_UPDATED = [*FIELDS, "stamps", "revision", "removed_at", "removed_by", "updated_at"]


@dataclass(frozen=True, slots=True)
class Stored:
    """What one media's row shall hold. removed: as a tombstone. moved: False when only stamps changed, which does
    not count as an edit and does not travel."""

    entry: Entry
    stamps: Stamps
    removed: bool = False
    moved: bool = True


@dataclass(frozen=True, slots=True)
class Revision:
    """before, after: the library's revision when it was locked and when it was left."""

    before: int
    after: int
    refused: frozenset[int]


def lock_library(user_id: UUID) -> Library:
    """The person's library, locked until the transaction ends; made on first use."""
    assert transaction.get_connection().in_atomic_block
    Library.objects.get_or_create(user_id=user_id)
    return Library.objects.select_for_update().get(user_id=user_id)


def store_entries(
    user_id: UUID, rows: Mapping[int, Stored], *, known: Mapping[int, int] | None = None, source: str
) -> Revision:
    """Store the rows, by media id, in the caller's transaction.

    known: the revision of each row as the caller saw it (0 = there was none). A row that was edited since is refused,
    not overwritten. source: who is to be named on a tombstone.
    """
    library = lock_library(user_id)
    before = library.revision
    present = dict(
        ListEntry.objects.filter(user_id=user_id, media_id__in=list(rows)).values_list("media_id", "revision")
    )
    refused = frozenset(
        media_id for media_id in rows if known is not None and present.get(media_id, 0) != known.get(media_id, 0)
    )
    accepted = {media_id: row for media_id, row in rows.items() if media_id not in refused}
    if not accepted:
        return Revision(before, before, refused)
    after = before + 1 if any(row.moved for row in accepted.values()) else before
    now = timezone.now()
    objects = []
    for media_id, row in accepted.items():
        revision = after if row.moved else present.get(media_id, after)
        objects.append(
            ListEntry(
                user_id=user_id,
                media_id=media_id,
                stamps=stamps_to_json(row.stamps),
                revision=revision,
                removed_at=now if row.removed else None,
                removed_by=source if row.removed else "",
                updated_at=now,
                **_columns(row.entry),
            )
        )
    ListEntry.objects.bulk_create(
        objects,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["user", "media"],
        update_fields=_UPDATED,
    )
    if after != before:
        Library.objects.filter(pk=user_id).update(revision=after)
    return Revision(before, after, refused)


def delete_entries(user_id: UUID, media_ids: list[int]) -> None:
    """Drop rows without a tombstone: for imports that are undone. In the caller's transaction."""
    library = lock_library(user_id)
    ListEntry.objects.filter(user_id=user_id, media_id__in=media_ids).delete()
    Library.objects.filter(pk=user_id).update(revision=library.revision + 1)


def _columns(entry: Entry) -> dict[str, Any]:
    return {name: str(getattr(entry, name)) if name in DATE_FIELDS else getattr(entry, name) for name in FIELDS}
