"""What a person says of an entry or a work without a (right) counterpart, and what follows: a run soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast, Length

from integrations.models import Connection
from integrations.providers import registry
from integrations.queries import connections_for_user
from integrations.services.sessions import open_session
from library.entry import Kind
from library.models import ListEntry, Media, PersonMatch
from library.services import matches
from library.services.catalogue import media_by_external_ids
from syncing.core.likeness import Facts, confidence
from syncing.models import Unmatched
from syncing.services import scheduling, suggesting
from syncing.services.suggesting import Candidate

if TYPE_CHECKING:
    from accounts.models import User

FOUND_AT_MOST = 10
LOOKED_AT = 200
"""Works of which those FOUND_AT_MOST are chosen."""
WORDS_AT_MOST = 8


def choose_work(user: User, row: Unmatched, *, media_id: int) -> None:
    """The entry is this work of ours. Of a duplicate: this entry is synced, the other one is left alone.

    Raises Media.DoesNotExist, also for a work of the other kind.
    """
    provider, kind = row.connection.provider, Kind(row.kind)
    with transaction.atomic():
        matches.say_work(user, provider=provider, kind=kind, external_id=row.remote_id, media_id=media_id)
        other = _other_entry(row)
        if other and row.reason == "duplicate":
            matches.say_alone(user, provider=provider, kind=kind, external_id=other)
        _settle(row)


def choose_own_work(user: User, row: Unmatched) -> None:
    """The entry is none of the works it was taken for, but one of its own."""
    facts: Mapping[str, Any] = next(
        (each for each in row.candidates if each.get("remote_id") == row.remote_id), {"title": row.title}
    )
    with transaction.atomic():
        matches.say_own_work(
            user,
            provider=row.connection.provider,
            kind=Kind(row.kind),
            external_id=row.remote_id,
            facts={**facts, "title": facts.get("title") or row.title},
        )
        _settle(row)


def leave_alone(user: User, row: Unmatched) -> None:
    """The entry, or the work of ours, is not synced with this service at all."""
    provider = row.connection.provider
    with transaction.atomic():
        if row.media_id is not None:
            matches.keep_off(user, provider=provider, media_id=row.media_id)
        else:
            matches.say_alone(user, provider=provider, kind=Kind(row.kind), external_id=row.remote_id)
        _settle(row)


def work_before(user: User, connection: Connection, *, media: Media, external_id: str) -> Media | None:
    """Another work on the person's list that this entry has been so far: it stays there when the entry is moved."""
    provider, kind = connection.provider, Kind(media.kind)
    said = matches.words_of(user.pk, provider).media
    if (kind, external_id) in said:
        media_id = said[kind, external_id]
    else:
        media_id = media_by_external_ids(provider, kind, [external_id]).get(external_id)
    if media_id is None or media_id == media.pk:
        return None
    row = ListEntry.objects.select_related("media").filter(user=user, media_id=media_id, removed_at=None).first()
    return row.media if row is not None else None


def choose_entry(user: User, connection: Connection, *, media: Media, external_id: str) -> None:
    """The work of ours is this one at the service."""
    with transaction.atomic():
        matches.say_work(
            user, provider=connection.provider, kind=Kind(media.kind), external_id=external_id, media_id=media.pk
        )
        Unmatched.objects.filter(connection=connection, media=media).delete()
        scheduling.look_again(connection.pk)


def keep_off(user: User, connection: Connection, *, media: Media) -> None:
    """The work is not synced with this service. Raises ListEntry.DoesNotExist when it is not on the list."""
    with transaction.atomic():
        matches.keep_off(user, provider=connection.provider, media_id=media.pk)
        Unmatched.objects.filter(connection=connection, media=media).delete()
        scheduling.look_again(connection.pk)


def take_back(user: User, *, match_id: int) -> PersonMatch:
    """Forget a choice: the next run matches as if it had never been made. Raises PersonMatch.DoesNotExist."""
    with transaction.atomic():
        match = matches.take_back(user, match_id=match_id)
        for connection in connections_for_user(user).filter(provider=match.provider):
            scheduling.look_again(connection.pk)
    return match


def look_again_by_shows(user: User, *, media: Media) -> None:
    """A person's map of a work changed: the services that count by shows look at it anew."""
    for connection in connections_for_user(user):
        if _by_shows(connection.provider):
            Unmatched.objects.filter(connection=connection, media=media).delete()
            scheduling.look_again(connection.pk)


def find_works(row: Unmatched, text: str) -> list[Candidate]:
    """Works of the catalogue that have all words of a text in their titles, with how like the entry they are."""
    rows = Media.objects.filter(kind=row.kind).alias(all_titles=Cast("titles", TextField()))
    for word in text.split()[:WORDS_AT_MOST]:
        rows = rows.filter(Q(title__icontains=word) | Q(all_titles__icontains=word))
    # The shorter a title, the more of it was typed in: the exact one is never cut off by others that contain it.
    ids = rows.order_by(Length("title"), "pk").values_list("pk", flat=True)[:LOOKED_AT]
    works = suggesting.works(set(ids))
    nearest = suggesting.compare(Facts((text,)), works, most=FOUND_AT_MOST)
    facts = next((_facts(each) for each in row.candidates if each.get("remote_id") == row.remote_id), None)
    shown = {each.media_id: each.facts for each in nearest if each.media_id is not None}
    return suggesting.compare(facts or Facts((row.title,)), shown, most=FOUND_AT_MOST)


def find_entries(connection: Connection, media: Media, text: str) -> list[Candidate]:
    """Titles at the service for a text. One request. Raises ProviderError."""
    provider = registry.get(connection.provider)
    session = open_session(connection, klass="interactive", interactive=True)
    hits = provider.search(session, Kind(media.kind), text, limit=FOUND_AT_MOST)
    work = suggesting.works({media.pk})[media.pk]
    facts = {hit.external_id: suggesting.facts_of(hit) for hit in hits}
    return suggesting.rank(
        (Candidate(each, confidence(work, each), remote_id=id_) for id_, each in facts.items()), most=FOUND_AT_MOST
    )


def present_id(user: User, connection: Connection, media: Media) -> tuple[str, str]:
    """(id at the service, who says so): "person", a source of `ExternalId`, "off", or ("", "")."""
    own = matches.words_of(user.pk, connection.provider)
    if media.pk in own.off:
        return "", "off"
    said = own.ids().get(media.pk)
    if said is not None:
        return said, "person"
    known = media.external_ids.filter(provider=connection.provider).order_by("pk").first()
    if known is None or (Kind(media.kind), known.external_id) in own.media:
        return "", ""
    return known.external_id, known.source


def work_for_user(user: User, media_id: int) -> Media:
    """A work on the person's list. Raises ListEntry.DoesNotExist."""
    return ListEntry.objects.select_related("media").get(user=user, media_id=media_id, removed_at=None).media


def _other_entry(row: Unmatched) -> str:
    """The entry that is synced instead of a duplicate."""
    ids = (str(each["remote_id"]) for each in row.candidates if each.get("remote_id"))
    return next((id_ for id_ in ids if id_ != row.remote_id), "")


def _facts(candidate: Mapping[str, Any]) -> Facts:
    return Facts((candidate["title"],), candidate["year"], candidate["format"], candidate["total"])


def _by_shows(slug: str) -> bool:
    try:
        return registry.get(slug).by_shows
    except registry.UnknownProvider:
        return False


def _settle(row: Unmatched) -> None:
    Unmatched.objects.filter(pk=row.pk).delete()
    scheduling.look_again(row.connection_id)
