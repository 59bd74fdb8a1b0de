"""Where works are on services that count by shows, out of all that the tables and a person say.

What one entry takes of a show also depends on its neighbours there, so those are read as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from library.entry import Kind
from library.episodes.bounds import bound
from library.episodes.model import Numbering, Place, Segment, Target, TargetKind
from library.episodes.ranges import PERSON, Choice, Statement, choose
from library.models import EpisodeRange, ExternalId, ListEntry, RangeState
from library.services.works import NAMERS, KnownWork, Name, by_site, chunks, works_of

SITES = (*NAMERS, "kitsu")


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom places are read: a person's own map wins for them alone. provider: whose ids of works are the keys."""

    provider: str
    user_id: UUID | None = None

    def at(self, targets: Collection[Target]) -> list[Place]:
        """All places with a segment at one of these shows or films; no two of one work. A constant number of queries,
        as for all of them."""
        names = {Name(row.site, row.site_id) for row in self._rows_at(targets)}
        wanted = set(targets)
        places = self.of(names).values()
        unique = {place.key: place for place in places if any(s.target in wanted for s in place.segments)}
        return list(unique.values())

    def named(self, site: str, ids: Collection[str]) -> dict[str, Place]:
        """{id at a list service: place}, flagged ones too."""
        places = self.of({Name(site, id_) for id_ in ids})
        return {name.id: place for name, place in places.items()}

    def keyed(self, keys: Collection[str]) -> dict[str, Place]:
        """{Place.key: place}."""
        names = self._names_of(keys)
        places = self.of(set(names.values()))
        return {key: places[name] for key, name in names.items() if name in places}

    def _names_of(self, keys: Collection[str]) -> dict[str, Name]:
        """A key that the catalogue knows names its media, whatever the key looks like."""
        names = {key: name for key in keys if (name := parse_key(key)) is not None}
        for chunk in chunks(keys):
            known = ExternalId.objects.filter(provider=self.provider, kind=Kind.ANIME, external_id__in=chunk)
            media: dict[int, list[str]] = {}
            for media_id, key in known.values_list("media_id", "external_id"):
                media.setdefault(media_id, []).append(key)
            rows = ExternalId.objects.filter(media_id__in=media, provider__in=SITES, kind=Kind.ANIME).order_by("-pk")
            own = rows.values_list("media_id", "provider", "external_id")
            # The best site comes last and stays.
            for media_id, site, id_ in sorted(own, key=lambda row: -SITES.index(row[1])):
                names |= dict.fromkeys(media[media_id], Name(site, id_))
        return names

    def of(self, names: Collection[Name]) -> dict[Name, Place]:
        """The places of these names, bounded by their neighbours. Works that are nowhere are left out."""
        works = works_of(names)
        choices = self._choices(works.values())
        targets = {segment.target for choice in choices.values() for segment in choice.segments}
        neighbours = {Name(row.site, row.site_id) for row in self._rows_at(targets)} - works.keys()
        around = {work.name: work for work in works_of(neighbours).values() if work.name not in choices}
        choices |= self._choices(around.values())
        everybody = {work.name: work for work in (*works.values(), *around.values()) if choices[work.name].segments}
        places = [_place(work, choices[name], self.provider) for name, work in everybody.items()]
        bounded = dict(zip(everybody, bound(places), strict=True))
        return {name: bounded[work.name] for name, work in works.items() if work.name in bounded}

    def _choices(self, works: Iterable[KnownWork]) -> dict[Name, Choice]:
        """By the work's own name; an empty choice for those that are nowhere."""
        said: dict[Name, list[Statement]] = {}
        owners: dict[Name, Name] = {}
        for work in works:
            said[work.name] = []
            owners |= dict.fromkeys(work.names, work.name)
        for row in self._rows_of(owners):
            said[owners[Name(row.site, row.site_id)]].append(_statement(row))
        return {main: choose(statements) for main, statements in said.items()}

    def _rows_of(self, names: Collection[Name]) -> Iterable[EpisodeRange]:
        for chunk in chunks(names):
            entries = Q()
            for site, ids in by_site(chunk).items():
                entries |= Q(site=site, site_id__in=ids)
            yield from self._rows().filter(entries)

    def _rows_at(self, targets: Collection[Target]) -> Iterable[EpisodeRange]:
        for chunk in chunks(targets):
            ids: dict[tuple[str, str], list[str]] = {}
            for target in chunk:
                ids.setdefault((target.kind, target.site), []).append(target.id)
            places = Q()
            for (kind, site), some in ids.items():
                places |= Q(target_kind=kind, target_site=site, target_id__in=some)
            yield from self._rows().filter(places)

    def _rows(self) -> QuerySet[EpisodeRange]:
        whose = Q(user=None) if self.user_id is None else Q(user=None) | Q(user_id=self.user_id)
        return EpisodeRange.objects.filter(whose, gone_at=None).order_by("pk")


def listed_places(sites: Collection[str], *, provider: str) -> list[Place]:
    """Places of works on somebody's list that are known by ids of these sites alone, without flagged ones."""
    rows = EpisodeRange.objects.filter(target_site__in=sites, state=RangeState.GOOD, gone_at=None, user=None)
    works = works_of({Name(*name) for name in rows.values_list("site", "site_id")})
    media = {work.media.pk for work in works.values() if work.media is not None}
    listed: set[int] = set()
    for chunk in chunks(media):
        listed.update(ListEntry.objects.filter(media_id__in=chunk, removed_at=None).values_list("media_id", flat=True))
    names = {name for name, work in works.items() if work.media is not None and work.media.pk in listed}
    places = {place.key: place for place in Reader(provider).of(names).values() if not place.flag}
    return [place for _, place in sorted(places.items()) if all(s.target.site in sites for s in place.segments)]


def parse_key(key: str) -> Name | None:
    """ "anilist-154587" as what AniList calls it; None for what is no such key."""
    site, dash, id_ = key.partition("-")
    return Name(site, id_) if dash and id_ and site in SITES else None


def key_of(work: KnownWork, provider: str) -> str:
    """The work's id at the service if it has one by now, so that it never changes; else its best name."""
    return work.catalogued.get(provider) or f"{work.name.site}-{work.name.id}"


def _place(work: KnownWork, choice: Choice, provider: str) -> Place:
    media = work.media
    return Place(
        key=key_of(work, provider),
        ids=work.ids,
        segments=choice.segments,
        total=media.total if media else 0,
        titles=tuple(media.titles) if media else (),
        format=media.format if media else "",
        year=media.year if media else 0,
        flag=choice.flag,
    )


def _statement(row: EpisodeRange) -> Statement:
    segment = Segment(
        # A person's "nowhere" names no target.
        Target(TargetKind(row.target_kind or TargetKind.SHOW), row.target_site, row.target_id),
        first=row.first,
        last=row.last,
        season=row.season,
        start=row.start,
        numbering=Numbering(row.numbering or Numbering.POSITION),
        per_entry=row.per_entry,
        per_target=row.per_target,
        source=row.source if row.user_id is None else PERSON,
    )
    return Statement(row.site, segment, row.state, row.flag)
