"""The atlas of a provider that counts by shows, kept in the database. Season tables and ids are everybody's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from integrations.models import SeasonTable, ShowId
from library.episodes.model import Place, Seasons, Target, TargetKind
from library.episodes.resolve import resolve
from library.models import EpisodeRange, IdPair, IdTable, PairState
from library.services.places import Reader
from library.services.works import chunks

AIRING_HOURS = 24
"""A table of a show that goes on, or that lacks an episode we look for: id-mapping.md 5.2, read 2026-11-25."""
ENDED_DAYS = 30
MISSING_DAYS = 7
"""What the service did not have may come."""
FOUND_DAYS = 365
"""Ids stay; a show that was deleted and made anew gets another one."""
RECUT = "recut"


class DatabaseAtlas:
    """`integrations.atlas.Atlas` for one provider and one person. Made without a query."""

    def __init__(self, provider_slug: str, user_id: UUID | None) -> None:
        self._provider = provider_slug
        self._reader = Reader(provider_slug, user_id)
        self._read: dict[str, Place] = {}
        self._ids: dict[Target, str] = {}

    def places_at(self, targets: Collection[Target]) -> list[Place]:
        return self._look_over(self._reader.at(targets))

    def places_for(self, slug: str, ids: Collection[str]) -> dict[str, Place]:
        found = self._reader.named(slug, ids)
        return dict(zip(found, self._look_over([*found.values()]), strict=True))

    def places_by_key(self, keys: Collection[str]) -> dict[str, Place]:
        found = self._reader.keyed(keys)
        return dict(zip(found, self._look_over([*found.values()]), strict=True))

    def external_ids(self, targets: Collection[Target]) -> dict[Target, str]:
        """Learnt ones first, then what the tables say; three queries for every 2,000 targets."""
        known = {target: target.id for target in targets if target.site == self._provider}
        known |= self._learnt(targets, fresh_at=timezone.now())
        unknown = [target for target in targets if not known.get(target)]
        known |= _told_by_tables(self._provider, unknown)
        self._ids |= known
        return known

    def learn_ids(self, found: Mapping[Target, str]) -> None:
        now = timezone.now()
        rows = [
            ShowId(
                provider=self._provider,
                kind=target.kind,
                site=target.site,
                site_id=target.id,
                external_id=external_id,
                expires_at=now + timedelta(days=FOUND_DAYS if external_id else MISSING_DAYS),
            )
            for target, external_id in sorted(found.items())
        ]
        ShowId.objects.bulk_create(
            rows,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["provider", "kind", "site", "site_id"],
            update_fields=["external_id", "expires_at"],
        )
        self._ids |= found

    def seasons(self, shows: Collection[str]) -> dict[str, Seasons]:
        found: dict[str, Seasons] = {}
        for chunk in chunks(shows):
            rows = SeasonTable.objects.filter(provider=self._provider, external_id__in=chunk)
            found |= {row.external_id: _seasons(row) for row in rows.filter(expires_at__gt=timezone.now())}
        return found

    def learn_seasons(self, table: Seasons) -> bool:
        now = timezone.now()
        life = timedelta(days=ENDED_DAYS) if table.is_ended else timedelta(hours=AIRING_HOURS)
        if self._lacks_episodes(table):
            life = timedelta(hours=AIRING_HOURS)
        values = {
            "title": table.title[:500],
            "seasons": {str(season): list(numbers) for season, numbers in sorted(table.numbers.items())},
            "is_ended": table.is_ended,
            "fetched_at": now,
            "expires_at": now + life,
        }
        rows = SeasonTable.objects.filter(provider=self._provider, external_id=table.show)
        with transaction.atomic():
            row = rows.select_for_update().first()
            if row is None:
                SeasonTable.objects.get_or_create(provider=self._provider, external_id=table.show, defaults=values)
                return True
            recut = is_recut(_seasons(row).numbers, table.numbers)
            rows.update(**values, **({"recut_at": now} if recut else {}))
        return not recut

    def _lacks_episodes(self, table: Seasons) -> bool:
        """True when a place that was looked at in this run has episodes at the show that the table does not."""
        targets = {target for target, external_id in self._ids.items() if external_id == table.show}
        targets = {target for target in targets if target.kind is TargetKind.SHOW}
        tables, ids = dict.fromkeys(targets, table), dict.fromkeys(targets, table.show)
        return any(
            resolve(place, tables, ids).held
            for place in self._read.values()
            if any(segment.target in targets for segment in place.segments)
        )

    def _learnt(self, targets: Iterable[Target], *, fresh_at: datetime | None = None) -> dict[Target, str]:
        found: dict[Target, str] = {}
        for chunk in chunks(targets):
            rows = ShowId.objects.filter(_each(chunk, kind="kind", site="site", id="site_id"), provider=self._provider)
            if fresh_at is not None:
                rows = rows.filter(expires_at__gt=fresh_at)
            for kind, site, id_, external_id in rows.values_list("kind", "site", "site_id", "external_id"):
                found[Target(TargetKind(kind), site, id_)] = external_id
        return found

    def _look_over(self, places: Sequence[Place]) -> list[Place]:
        """Places on shows that were cut anew since their map was made are flagged. In their order."""
        recut = dict(
            SeasonTable.objects.filter(provider=self._provider, recut_at__isnull=False).values_list(
                "external_id", "recut_at"
            )
        )
        if recut:
            places = _flag(places, self._recut_targets(places, recut))
        self._read |= {place.key: place for place in places}
        return list(places)

    def _recut_targets(self, places: Iterable[Place], recut: Mapping[str, datetime | None]) -> dict[Target, datetime]:
        targets = {segment.target for place in places for segment in place.segments}
        shows = [target for target in targets if target.kind is TargetKind.SHOW]
        ids = _told_by_tables(self._provider, shows) | self._learnt(shows)
        ids |= {target: target.id for target in shows if target.site == self._provider}
        return {target: at for target, id_ in ids.items() if (at := recut.get(id_)) is not None}


def is_recut(known: Mapping[int, tuple[int, ...]], fresh: Mapping[int, tuple[int, ...]]) -> bool:
    """True when a season that was known shrank or changed its numbers; one that grew at its end did not."""
    return any(fresh.get(season, ())[: len(numbers)] != numbers for season, numbers in known.items())


def _flag(places: Sequence[Place], recut: Mapping[Target, datetime]) -> list[Place]:
    """A table that was imported since, or a person who looked since, has the last word."""
    imported = dict(IdTable.objects.filter(imported_at__isnull=False).values_list("source", "imported_at"))
    stated = _newest_rows(recut)

    def is_outdated(place: Place) -> bool:
        for segment in place.segments:
            at = recut.get(segment.target)
            dates = (imported.get(segment.source), stated.get((segment.target, segment.source)))
            if at is not None and not any(date is not None and date > at for date in dates):
                return True
        return False

    return [replace(place, flag=place.flag or (RECUT if is_outdated(place) else "")) for place in places]


def _newest_rows(targets: Iterable[Target]) -> dict[tuple[Target, str], datetime]:
    """When a source last said something new of a show."""
    found: dict[tuple[Target, str], datetime] = {}
    for chunk in chunks(targets):
        rows = EpisodeRange.objects.filter(
            _each(chunk, kind="target_kind", site="target_site", id="target_id"), gone_at=None
        )
        names = ("target_kind", "target_site", "target_id", "source")
        for kind, site, id_, source, at in (
            rows.values(*names).annotate(at=Max("first_seen_at")).values_list(*names, "at")
        ):
            found[Target(TargetKind(kind), site, id_), source] = at
    return found


def _told_by_tables(provider: str, targets: Iterable[Target]) -> dict[Target, str]:
    """The tables' own pairs of a show's or film's ids; two ids for one are no answer."""
    told: dict[Target, set[str]] = {}
    for chunk in chunks(targets):
        for site in {target.site for target in chunk if target.site != provider}:
            sides = ("left", "right") if site < provider else ("right", "left")
            pairs = _each(
                [target for target in chunk if target.site == site],
                kind="kind",
                site=f"{sides[0]}_site",
                id=f"{sides[0]}_id",
            )
            rows = IdPair.objects.filter(pairs, **{f"{sides[1]}_site": provider}, gone_at=None)
            for kind, id_, found, state in rows.values_list("kind", f"{sides[0]}_id", f"{sides[1]}_id", "state"):
                here = told.setdefault(Target(TargetKind(kind), site, id_), set())
                here |= {found} if state == PairState.GOOD else {found, ""}
    return {target: next(iter(ids)) for target, ids in told.items() if len(ids) == 1}


def _each(targets: Iterable[Target], *, kind: str, site: str, id: str) -> Q:  # noqa: A002 (the names of columns)
    """Rows that name one of the targets, none for no targets."""
    ids: dict[tuple[str, str], list[str]] = {}
    for target in targets:
        ids.setdefault((target.kind, target.site), []).append(target.id)
    found = Q(pk__in=())
    for (one_kind, one_site), some in sorted(ids.items()):
        found |= Q(**{kind: one_kind, site: one_site, f"{id}__in": some})
    return found


def _seasons(row: SeasonTable) -> Seasons:
    numbers = {int(season): tuple(some) for season, some in row.seasons.items()}
    return Seasons(row.external_id, numbers, is_ended=row.is_ended, title=row.title)
