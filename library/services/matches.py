"""A person's own word on which work is which. It overrides everything else, for them alone, and can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from library.entry import Kind
from library.models import ListEntry, Media, PersonMatch

if TYPE_CHECKING:
    from accounts.models import User

NOWHERE = "nowhere-"
"""Begins the id of a match that keeps a work off a service: its entry there is none. No service has such ids."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a person said of one service. media: by (kind, id there); None = left alone. off: media kept off it."""

    media: Mapping[tuple[Kind, str], int | None] = field(default_factory=dict)
    off: frozenset[int] = frozenset()

    def ids(self) -> dict[int, str]:
        """{media id: id there}."""
        return {media_id: external_id for (_, external_id), media_id in self.media.items() if media_id is not None}


NO_WORDS = Words()


def words_of(user_id: UUID, provider: str) -> Words:
    """One query."""
    media: dict[tuple[Kind, str], int | None] = {}
    off: set[int] = set()
    rows = PersonMatch.objects.filter(user_id=user_id, provider=provider).order_by("pk")
    for kind, external_id, media_id in rows.values_list("kind", "external_id", "media_id"):
        if not external_id.startswith(NOWHERE):
            media[Kind(kind), external_id] = media_id
        elif media_id is not None:
            off.add(media_id)
    return Words(media, frozenset(off))


def matches_of(user: User) -> QuerySet[PersonMatch]:
    """Newest first."""
    return PersonMatch.objects.filter(user=user).select_related("media").order_by("-pk")


@transaction.atomic
def say_work(user: User, *, provider: str, kind: Kind, external_id: str, media_id: int) -> None:
    """The entry is this work. What was said before of the entry or of the work at this service is forgotten.

    Raises Media.DoesNotExist, also for a media of the other kind.
    """
    media = Media.objects.get(pk=media_id, kind=kind)
    PersonMatch.objects.filter(user=user, provider=provider, media=media).delete()
    _say(user, provider, kind, external_id=external_id, media_id=media.pk)


def say_alone(user: User, *, provider: str, kind: Kind, external_id: str) -> None:
    """The entry is none of ours: not read and not written."""
    _say(user, provider, kind, external_id=external_id, media_id=None)


def say_own_work(user: User, *, provider: str, kind: Kind, external_id: str, facts: Mapping[str, object]) -> int:
    """The entry is a work that is not in the catalogue: it gets one of its own. facts: as in `Unmatched.candidates`."""
    title = str(facts.get("title", ""))[:500]
    numbers = {name: value for name in ("year", "total") if isinstance(value := facts.get(name), int) and value >= 0}
    with transaction.atomic():
        media = Media.objects.create(
            kind=kind, title=title, titles=[title] if title else [], format=str(facts.get("format", ""))[:32], **numbers
        )
        _say(user, provider, kind, external_id=external_id, media_id=media.pk)
    return media.pk


@transaction.atomic
def keep_off(user: User, *, provider: str, media_id: int) -> None:
    """The work is not to be looked for at this service. Raises ListEntry.DoesNotExist when it is not on the list."""
    row = ListEntry.objects.select_related("media").get(user=user, media_id=media_id)
    PersonMatch.objects.filter(user=user, provider=provider, media_id=media_id).delete()
    _say(user, provider, Kind(row.media.kind), external_id=f"{NOWHERE}{media_id}", media_id=media_id)


def take_back(user: User, *, match_id: int) -> PersonMatch:
    """Raises PersonMatch.DoesNotExist. Returns what was said."""
    match = PersonMatch.objects.get(user=user, pk=match_id)
    PersonMatch.objects.filter(pk=match.pk).delete()
    return match


def _say(user: User, provider: str, kind: Kind, /, *, external_id: str, media_id: int | None) -> None:
    PersonMatch.objects.update_or_create(
        user=user, provider=provider, kind=kind, external_id=external_id, defaults={"media_id": media_id}
    )
