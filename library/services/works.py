"""Which ids name one work, by what the tables and the catalogue say together. Ambiguous pairs are never followed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar

from django.db.models import Q

from library.entry import Kind
from library.models import ExternalId, IdPair, Media, PairState
from library.services.catalogue import CHUNK

T = TypeVar("T")
LISTS = ("anilist", "myanimelist", "kitsu")
NAMERS = ("anilist", "myanimelist", "anidb")
"""A work goes by its id at the first of these that has it."""


class Name(NamedTuple):
    """What one site calls a work."""

    site: str
    id: str


@dataclass(frozen=True, slots=True)
class KnownWork:
    """name: the work's own; names: all of its names, at most one a site.

    media: in the catalogue, if it is there; catalogued: its ids, also at services that are no lists.
    """

    name: Name
    names: tuple[Name, ...]
    media: Media | None = None
    catalogued: Mapping[str, str] = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, str]:
        return {name.site: name.id for name in self.names if name.site in LISTS}


@dataclass(slots=True)
class _Ties:
    """told[name][site]: the ids there that pairs name. doubtful: where some pair is ambiguous. media: by name."""

    told: dict[Name, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    doubtful: set[tuple[Name, str]] = field(default_factory=set)
    media: dict[Name, Media] = field(default_factory=dict)
    own: dict[int, dict[str, str]] = field(default_factory=dict)

    def link(self, name: Name, site: str) -> Name | None:
        """The one name at `site` that is this work and no other: the catalogue's word, else a pair that is true both
        ways. One entry that is two elsewhere counts its episodes differently there."""
        known = self.catalogued(name, site)
        if known is not None:
            return known
        other = self._pair(name, site)
        if other is None or self._pair(other, name.site) != name:
            return None
        return other if self.catalogued(other, name.site) in (None, name) else None

    def catalogued(self, name: Name, site: str) -> Name | None:
        """What the catalogue calls this work at `site`."""
        media = self.media.get(name)
        id_ = self.own[media.pk].get(site) if media is not None else None
        return Name(site, id_) if id_ is not None else None

    def _pair(self, name: Name, site: str) -> Name | None:
        found = self.told[name][site] if name in self.told else set()
        return Name(site, next(iter(found))) if len(found) == 1 and (name, site) not in self.doubtful else None


def works_of(names: Collection[Name]) -> dict[Name, KnownWork]:
    """The work of each name, also of names that nobody else knows. At most seven queries for every 2,000 names."""
    ties = _Ties()
    # A name's best name is one step away, the other names of that are two, and a third shows whether these are its
    # alone: from whichever of its names a work is looked at, it must be the same.
    reached = {*names}
    near = _follow_pairs(ties, reached)
    near |= _follow_media(ties, reached | near)
    far = _follow_pairs(ties, near - reached)
    far |= _follow_media(ties, far - near - reached)
    _follow_pairs(ties, far - near - reached)
    works: dict[Name, KnownWork] = {}
    found: dict[Name, KnownWork] = {}
    for name in names:
        main = _main_name(ties, name)
        if main not in works:
            works[main] = _work(ties, main)
        found[name] = works[main]
    return found


def _main_name(ties: _Ties, name: Name) -> Name:
    for site in NAMERS:
        other = (ties.catalogued(name, site) or name) if name.site == site else ties.link(name, site)
        if other is not None:
            return other
    return name


def _work(ties: _Ties, main: Name) -> KnownWork:
    linked = (main if site == main.site else ties.link(main, site) for site in (*LISTS, "anidb"))
    names = tuple(name for name in linked if name is not None)
    if main not in names:
        names = (main, *names)
    media = next((ties.media[name] for name in names if name in ties.media), None)
    return KnownWork(main, names, media, ties.own[media.pk] if media is not None else {})


def _follow_pairs(ties: _Ties, names: Collection[Name]) -> set[Name]:
    """Takes in all pairs of these names; returns the other ends."""
    ends: set[Name] = set()
    for chunk in chunks(names):
        for left, right, state in _pairs_touching(chunk):
            for one, other in ((left, right), (right, left)):
                ties.told[one][other.site].add(other.id)
                if state != PairState.GOOD:
                    ties.doubtful.add((one, other.site))
            ends |= {left, right}
    return ends - {*names}


def _pairs_touching(names: Iterable[Name]) -> Iterator[tuple[Name, Name, str]]:
    """One statement of several parts, each along an index of its own: with OR, SQLite would read the whole table."""
    said = IdPair.objects.filter(kind=Kind.ANIME, gone_at=None)
    parts = []
    for site, ids in by_site(names).items():
        parts += [said.filter(left_site=site, left_id__in=ids), said.filter(right_site=site, right_id__in=ids)]
    columns = ("left_site", "left_id", "right_site", "right_id", "state")
    first, *others = [part.values_list(*columns) for part in parts]
    for left_site, left_id, right_site, right_id, state in first.union(*others, all=True):
        yield Name(left_site, left_id), Name(right_site, right_id), state


def _follow_media(ties: _Ties, names: Collection[Name]) -> set[Name]:
    """Takes in the media of these names; returns their other names."""
    media_ids: set[int] = set()
    for chunk in chunks(name for name in names if name.site in LISTS):
        known = Q()
        for site, ids in by_site(chunk).items():
            known |= Q(provider=site, external_id__in=ids)
        media_ids.update(ExternalId.objects.filter(known, kind=Kind.ANIME).values_list("media_id", flat=True))
    ends: set[Name] = set()
    for some in chunks(sorted(media_ids)):
        for row in ExternalId.objects.filter(media_id__in=some).select_related("media").order_by("pk"):
            ties.own.setdefault(row.media_id, {}).setdefault(row.provider, row.external_id)
            if row.provider in LISTS:
                ties.media[Name(row.provider, row.external_id)] = row.media
                ends.add(Name(row.provider, row.external_id))
    return ends


def by_site(names: Iterable[Name]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.site, []).append(name.id)
    return found


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
