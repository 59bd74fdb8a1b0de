"""A person's own place of a work on services that count by shows: one range, which wins over every table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from library.episodes.model import Numbering, TargetKind
from library.episodes.ranges import PERSON
from library.models import EpisodeRange, Media

if TYPE_CHECKING:
    from accounts.models import User

SITES = ("anilist", "myanimelist")
"""A place is kept by the id at the first of these that has the work."""


def name_of(media: Media) -> tuple[str, str] | None:
    """(site, id) under which its place is kept; None for a work that neither site has."""
    ids = dict(media.external_ids.filter(provider__in=SITES).order_by("-pk").values_list("provider", "external_id"))
    return next(((site, ids[site]) for site in SITES if site in ids), None)


def own_place(user: User, media: Media) -> dict[str, Any] | None:
    """As the form has it; None when the person said nothing."""
    row = _rows(user, media).order_by("first", "pk").first()
    if row is None:
        return None
    is_film = row.target_kind == TargetKind.MOVIE
    return {
        "target_kind": row.target_kind,
        "target_id": row.target_id,
        "season": row.season,
        "start": None if is_film else row.start,
    }


@transaction.atomic
def set_place(
    user: User, media: Media, *, target_kind: str, target_id: int, season: int | None, start: int | None
) -> None:
    """In the place of what the person said before. start: the real number of the first episode in the season."""
    name = name_of(media)
    if name is None:
        return
    _rows(user, media).delete()
    EpisodeRange.objects.create(
        site=name[0],
        site_id=name[1],
        source=PERSON,
        user=user,
        target_kind=target_kind,
        target_site="tmdb",
        target_id=str(target_id),
        season=season,
        start=start or 1,
        last=1 if target_kind == TargetKind.MOVIE else None,
        numbering=Numbering.POSITION if target_kind == TargetKind.MOVIE else Numbering.NUMBER,
        first_seen_at=timezone.now(),
    )


def clear_place(user: User, media: Media) -> None:
    _rows(user, media).delete()


def _rows(user: User, media: Media) -> QuerySet[EpisodeRange]:
    """Under every id of the work: it may have got a better one since."""
    names = Q(pk=None)
    for site, external_id in media.external_ids.filter(provider__in=SITES).values_list("provider", "external_id"):
        names |= Q(site=site, site_id=external_id)
    return EpisodeRange.objects.filter(names, user=user, source=PERSON)
