"""A person's list as a file, piece by piece: however long it is, a few hundred entries are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from library.entry import Kind, Status
from library.files.csv_file import write_csv
from library.files.json_file import write_json
from library.files.mal_words import SITE
from library.files.mal_writing import write_mal_xml
from library.files.model import FileEntry, FileWork, Format
from library.models import ExternalId, ListEntry, PersonMatch
from library.queries import entries_for_user
from library.services.matches import NOWHERE
from library.services.works import LISTS
from library.stamps import stamps_from_json

if TYPE_CHECKING:
    from accounts.models import User

CHUNK = 250
Ids = dict[int, dict[str, str]]


class CannotExport(ValueError):
    """The message says what to choose instead."""


def export_list(
    user: User, *, file_format: Format, kind: Kind | None = None, with_private: bool = True, name: str = ""
) -> Iterator[str]:
    """Pieces of the file. Raises CannotExport, before the first piece.

    kind: None = both, which MyAnimeList's file cannot hold. with_private: entries kept private too; that file cannot
    say of an entry that it is private, so whoever imports it makes them public. name: of the person, for its head.
    """
    rows = _rows(user, kind=kind, with_private=with_private)
    if file_format is Format.JSON:
        return write_json(_entries(user, rows), exported_at=timezone.now().isoformat())
    if file_format is Format.CSV:
        return write_csv(_entries(user, rows), sites=LISTS)
    if kind is None:
        raise CannotExport("A file of MyAnimeList holds one kind: choose anime or manga.")
    return write_mal_xml(_entries(user, rows), kind=kind, counts=_count_written(user, rows), person=name)


def _rows(user: User, *, kind: Kind | None, with_private: bool) -> QuerySet[ListEntry]:
    rows = entries_for_user(user).order_by("media__kind", "media__title", "media_id")
    rows = rows.filter(media__kind=kind) if kind is not None else rows
    return rows if with_private else rows.filter(private=False)


def _entries(user: User, rows: QuerySet[ListEntry]) -> Iterator[FileEntry]:
    """Two queries for every 250 entries, and one for the person's own words."""
    said = _said(user)
    known = rows.prefetch_related("media__external_ids")
    for number, row in enumerate(known.iterator(chunk_size=CHUNK), 1):
        media = row.media
        # Of several at one service the oldest, as everywhere; before them what the person said.
        ids = {one.provider: one.external_id for one in sorted(media.external_ids.all(), key=lambda one: -one.pk)}
        work = FileWork(
            Kind(media.kind),
            {**ids, **said.get(media.pk, {})},
            tuple(dict.fromkeys(title for title in (media.title, *media.titles) if title)),
            media.format,
            media.year,
            media.total,
            media.volumes,
        )
        yield FileEntry(work, row.entry, stamps_from_json(row.stamps), number)


def _said(user: User) -> Ids:
    """{media id: {site: id there}} by the person's own word."""
    said: Ids = {}
    rows = PersonMatch.objects.filter(user=user, media__isnull=False).exclude(external_id__startswith=NOWHERE)
    for media_id, provider, external_id in rows.order_by("pk").values_list("media_id", "provider", "external_id"):
        said.setdefault(media_id or 0, {})[provider] = external_id
    return said


def _count_written(user: User, rows: QuerySet[ListEntry]) -> dict[Status, int]:
    """How many entries of each status have an id at MyAnimeList."""
    theirs = ExternalId.objects.filter(media=OuterRef("media"), provider=SITE)
    own = PersonMatch.objects.filter(user=user, media=OuterRef("media"), provider=SITE)
    own = own.exclude(external_id__startswith=NOWHERE)
    counted = rows.filter(Exists(theirs) | Exists(own)).order_by().values("status").annotate(count=Count("pk"))
    return {Status(row["status"]): row["count"] for row in counted}
