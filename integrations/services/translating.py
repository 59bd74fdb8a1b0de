"""Routes that no table has, by way of TMDB: films known by imdb id alone, shows by tvdb id alone. Only with a key."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from integrations.errors import ProviderError, Rejected
from integrations.http import Session
from integrations.services.atlases import DatabaseAtlas
from integrations.services.translators import open_tmdb
from integrations.translators.tmdb import client
from library.episodes.model import Numbering, Place, Segment, Target, TargetKind
from library.episodes.ranges import TRANSLATED
from library.models import EpisodeRange, IdTable
from library.services.places import listed_places, parse_key

log = logging.getLogger(__name__)

MOST_REQUESTS = 200
"""In one turn; the rest has its turn the next day."""
EVERY = timedelta(hours=20)


def translate_targets() -> int:
    """Gives how many works got a route. May be called at any time: one turn a day is taken, by one worker."""
    if not settings.TMDB_TOKEN or not _claim_turn(timezone.now()):
        return 0
    session = open_tmdb()
    atlas = DatabaseAtlas(client.SLUG, None)
    done = 0
    for place in listed_places(("imdb", "tvdb"), provider=client.SLUG):
        if session.requests >= MOST_REQUESTS:
            break
        try:
            done += _translate(place, session, atlas)
        except Rejected as error:
            log.info("TMDB has nothing for %s: %s", place.key, error.message)
        except ProviderError as error:
            log.warning("translating by TMDB stopped: %s", error.message)
            break
    return done


def _claim_turn(now: datetime) -> bool:
    IdTable.objects.get_or_create(source=TRANSLATED)
    free = Q(checked_at=None) | Q(checked_at__lt=now - EVERY)
    return IdTable.objects.filter(free, source=TRANSLATED).update(checked_at=now) == 1


def _translate(place: Place, session: Session, atlas: DatabaseAtlas) -> bool:
    targets = {segment.target for segment in place.segments}
    known = atlas.external_ids(targets)
    for target in sorted(targets - known.keys()):
        find = client.find_film if target.kind is TargetKind.MOVIE else client.find_show
        known[target] = find(session, target.id)
        atlas.learn_ids({target: known[target]})
    if not all(known[target] for target in targets):
        return False
    if any(target.kind is TargetKind.SHOW for target in targets):
        segments = _whole_show(place, known, session)
    else:
        segments = [(segment, known[segment.target]) for segment in place.segments]
    return _write(place, segments)


def _whole_show(place: Place, known: dict[Target, str], session: Session) -> list[tuple[Segment, str]]:
    """The only regular season of a show, where it is as long as the entry; nothing for all other cuts."""
    if len(place.segments) != 1 or not place.total:
        return []
    tmdb_id = known[place.segments[0].target]
    lengths = client.fetch_lengths(session, tmdb_id)
    if list(lengths.values()) != [place.total]:
        return []
    target = Target(TargetKind.SHOW, client.SLUG, tmdb_id)
    return [(Segment(target, last=place.total, season=next(iter(lengths))), tmdb_id)]


def _write(place: Place, segments: Iterable[tuple[Segment, str]]) -> bool:
    name = parse_key(place.key)
    if name is None:
        return False
    now = timezone.now()
    rows = [
        EpisodeRange(
            site=name.site,
            site_id=name.id,
            source=TRANSLATED,
            first=segment.first,
            last=segment.last,
            target_kind=segment.target.kind,
            target_site=client.SLUG,
            target_id=tmdb_id,
            season=segment.season,
            start=segment.start,
            numbering=Numbering.POSITION,
            per_entry=segment.per_entry,
            per_target=segment.per_target,
            first_seen_at=now,
        )
        for segment, tmdb_id in segments
    ]
    EpisodeRange.objects.bulk_create(rows)
    return bool(rows)
