"""Reading the library. Every function takes the person; what is not theirs is not there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from django.db.models import Count, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from library.entry import Entry, Kind, PartialDate, Status
from library.models import Library, ListEntry, Media
from library.stamps import Stamp, stamps_from_json

if TYPE_CHECKING:
    from accounts.models import User

M = TypeVar("M", bound=Model)
_STATUSES = {str(status): status for status in Status}
_KINDS = {str(kind): kind for kind in Kind}
_parse_date = lru_cache(maxsize=4096)(PartialDate.parse)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as a value. removed: a tombstone. described: a list service has said what the work is."""

    media_id: int
    kind: Kind
    entry: Entry
    stamps: dict[str, Stamp]
    revision: int
    removed: bool
    described: bool = True


def entries_for_user(user: User) -> QuerySet[ListEntry]:
    """What is on the person's list, without tombstones, newest edit first."""
    return ListEntry.objects.filter(user=user, removed_at=None).select_related("media").order_by("-revision")


def entry_for_user(user: User, *, media_id: int) -> ListEntry:
    """Raises ListEntry.DoesNotExist, also for a tombstone."""
    return ListEntry.objects.select_related("media").get(user=user, media_id=media_id, removed_at=None)


def listed_of(user: User, media_ids: Collection[int]) -> frozenset[int]:
    """Those of a page of works that are on the person's list. One query."""
    rows = ListEntry.objects.filter(user=user, media_id__in=media_ids, removed_at=None)
    return frozenset(rows.values_list("media_id", flat=True))


def count_entries(user: User) -> dict[str, int]:
    """{"anime": 312, "manga": 40}: present entries by kind, every kind named. One query."""
    rows = entries_for_user(user).order_by().values("media__kind").annotate(count=Count("id"))
    found = {row["media__kind"]: row["count"] for row in rows}
    return {str(kind): found.get(str(kind), 0) for kind in Kind}


def works() -> QuerySet[Media]:
    """Every work that is known here, by title."""
    return Media.objects.order_by("title")


def with_text(rows: QuerySet[M], text: str, *, prefix: str = "") -> QuerySet[M]:
    """Those that have `text` in one of their titles. prefix: from the rows to the work, e.g. "media__"."""
    # NUL is refused by PostgreSQL's text type, and no title holds one.
    text = text.replace("\x00", "").strip()
    if not text:
        return rows
    titled = cast("QuerySet[M]", rows.alias(all_titles=Cast(f"{prefix}titles", TextField())))
    return titled.filter(Q(**{f"{prefix}title__icontains": text}) | Q(all_titles__icontains=text))


def revision_of(user_id: UUID) -> int:
    """The library's present revision; 0 before its first entry."""
    return Library.objects.filter(user_id=user_id).values_list("revision", flat=True).first() or 0


def revisions_of(user_ids: Collection[UUID]) -> dict[UUID, int]:
    """As `revision_of`, for many people in one query; who has no library yet is absent."""
    return dict(Library.objects.filter(user_id__in=user_ids).values_list("user_id", "revision"))


def rows_of(user_id: UUID) -> dict[int, Row]:
    """The whole library as values by media id, tombstones included. One query, whatever its size."""
    rows = ListEntry.objects.filter(user_id=user_id).values_list(
        "media_id",
        "media__kind",
        "status",
        "progress",
        "progress_volumes",
        "score",
        "started_on",
        "finished_on",
        "repeats",
        "notes",
        "private",
        "stamps",
        "revision",
        "removed_at",
        "media__format",
    )
    return {row[0]: _row(row) for row in rows.iterator(chunk_size=5000)}


def _row(row: tuple[Any, ...]) -> Row:
    media_id, kind, status, progress, volumes, score, started, finished, *rest = row
    repeats, notes, private, stamps, revision, removed_at, form = rest
    entry = Entry(
        _STATUSES[status],
        progress,
        volumes,
        score,
        _parse_date(started),
        _parse_date(finished),
        repeats,
        notes,
        private,
    )
    return Row(
        media_id, _KINDS[kind], entry, stamps_from_json(stamps), revision, removed_at is not None, described=bool(form)
    )
