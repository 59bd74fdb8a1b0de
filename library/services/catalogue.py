"""Works and their external ids: looked up in bulk, made where they are new, never merged silently."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from operator import or_
from typing import TypeVar

from django.db import connection as database
from django.db import transaction
from django.db.models import Q

from library.entry import Kind
from library.models import ExternalId, Media

T = TypeVar("T")
FILE = "file"
"""`ExternalId.source` of works that only a person's file has told of. Until a service describes them nobody vouches for
their titles, so these are shown but never compared with anybody's entries."""
CHUNK = 2000
"""Ids in one IN list: few queries on PostgreSQL, under SQLite's limit of variables."""
MAX_TITLES = 20
_ONE_ADDER = 0x656E_6973_6869
"""Of PostgreSQL's advisory locks the one that adding works goes by."""
_ID = ("provider", "external_id")
DESCRIBED = ("title", "titles", "format", "year", "total", "volumes", "is_adult")
MAX_TITLE = 500


@dataclass(frozen=True, slots=True)
class Work:
    """What a source says of a work. ids: {provider: external id}, its own among them."""

    kind: Kind
    titles: tuple[str, ...] = ()
    format: str = ""
    year: int = 0
    total: int = 0
    volumes: int = 0
    is_adult: bool = False
    ids: Mapping[str, str] = field(default_factory=dict)


def media_by_external_ids(provider: str, kind: Kind, ids: Iterable[str]) -> dict[str, int]:
    """{external id: media id} for the ids that are known."""
    found: dict[str, int] = {}
    for chunk in _chunks(ids):
        rows = ExternalId.objects.filter(provider=provider, kind=kind, external_id__in=chunk)
        found.update(rows.values_list("external_id", "media_id"))
    return found


def media_by_ids_of_all(kind: Kind, ids: Mapping[str, Collection[str]]) -> dict[tuple[str, str], int]:
    """{(provider, external id): media id} for a page of works: {provider: ids}, few enough for one query."""
    wanted = [Q(provider=provider, external_id__in=some) for provider, some in ids.items() if some]
    if not wanted:
        return {}
    rows = ExternalId.objects.filter(reduce(or_, wanted), kind=kind)
    return {(provider, id_): media_id for provider, id_, media_id in rows.values_list(*_ID, "media_id")}


def external_ids_of(provider: str, media_ids: Iterable[int]) -> dict[int, str]:
    """{media id: external id} at one provider. Of several the oldest, so that the answer does not change."""
    found: dict[int, str] = {}
    for chunk in _chunks(media_ids):
        rows = ExternalId.objects.filter(provider=provider, media_id__in=chunk).order_by("-pk")
        found.update(rows.values_list("media_id", "external_id"))
    return found


def titles_of(media_ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in _chunks(media_ids):
        found.update(Media.objects.filter(pk__in=chunk).values_list("pk", "title"))
    return found


@transaction.atomic
def attach_ids(provider: str, kind: Kind, pairs: Mapping[str, int], *, source: str) -> None:
    """Remember {external id: media id}; a pair that exists, or whose id is taken, is left as it is."""
    ExternalId.objects.bulk_create(
        [
            ExternalId(media_id=media_id, provider=provider, kind=kind, external_id=external_id, source=source)
            for external_id, media_id in sorted(pairs.items())
        ],
        batch_size=500,
        ignore_conflicts=True,
    )


@contextmanager
def only_adder() -> Iterator[None]:
    """A transaction in which nobody else adds works. Who lacks a work looks for it again in here before adding it:
    another list may bring the same work at the same moment, under an id that says nothing to us."""
    with transaction.atomic():
        # On SQLite the transaction itself is the only one that writes.
        if database.vendor == "postgresql":
            with database.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_ADDER])
        yield


def newest_id() -> int:
    """Grows with each work and each id that is added; 0 = there is none."""
    return ExternalId.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@transaction.atomic
def add_works(provider: str, kind: Kind, works: Sequence[Work], *, source: str = "") -> dict[str, int]:
    """Make media for works of one kind that are not known by their id at `provider`; {external id: media id}.

    Another worker may add the same work at the same time: the first one's media stays, ours is taken back.
    source: who told of them, by default the provider.
    """
    media = Media.objects.bulk_create([_media(work) for work in works], batch_size=500)
    ExternalId.objects.bulk_create(
        sorted(
            (
                ExternalId(media=row, provider=slug, kind=work.kind, external_id=external_id, source=source or provider)
                for work, row in zip(works, media, strict=True)
                for slug, external_id in work.ids.items()
            ),
            # In one order everywhere: two workers that add the same works would wait for each other for ever.
            key=lambda row: (row.provider, row.kind, row.external_id),
        ),
        batch_size=500,
        ignore_conflicts=True,
    )
    found = media_by_external_ids(provider, kind, [work.ids[provider] for work in works])
    lost = [row.pk for work, row in zip(works, media, strict=True) if found.get(work.ids[provider]) != row.pk]
    if lost:
        Media.objects.filter(pk__in=lost).delete()
    return found


def describe_works(works: Mapping[int, Work]) -> None:
    """What a list service says of media that were known by a service of shows alone, by media id.

    Such a one knows no format; its title is that of a season. What a list service said before stays.
    """
    rows = [row for chunk in _chunks(works) for row in Media.objects.filter(pk__in=chunk, format="")]
    told = [row for row in rows if works[row.pk].format]
    for row in told:
        fresh = _media(works[row.pk])
        for name in DESCRIBED:
            setattr(row, name, getattr(fresh, name))
    if told:
        Media.objects.bulk_update(told, DESCRIBED, batch_size=500)


def _media(work: Work) -> Media:
    titles = [title.replace("\x00", "")[:MAX_TITLE] for title in work.titles[:MAX_TITLES]]
    return Media(
        kind=work.kind,
        title=titles[0] if titles else "",
        titles=titles,
        format=work.format[:32],
        year=work.year if 0 < work.year < 10_000 else 0,
        total=work.total,
        volumes=work.volumes,
        is_adult=work.is_adult,
    )


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
