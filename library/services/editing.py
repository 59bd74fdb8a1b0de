"""A person's own edits in the library. Each is stamped with now, counted in the revision, and told to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from library.entry import EMPTY, FIELDS, Entry, InvalidEntry, Kind, clean_value, to_json
from library.models import ListEntry, Media
from library.services.storing import Stored, lock_library, store_entries
from library.signals import library_edited
from library.stamps import Stamp, restamp, stamps_from_json

if TYPE_CHECKING:
    from accounts.models import User


EMPTY_JSON = {name: to_json(name, value) for name, value in EMPTY.items()}
"""Every field but the status, as nobody has said anything, in JSON form."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit for the journal. before, after: changed fields only, in JSON form; None = was not / is no more."""

    media_id: int
    kind: str
    title: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    source: str = "person"


def edit_entry(user: User, *, media_id: int, changes: Mapping[str, Any], source: str = "person") -> Entry:
    """Change fields of an entry on the list; returns it as it is now. A change to the same value is none.

    Raises InvalidEntry for a bad value (nothing is changed then), ListEntry.DoesNotExist when it is not on the list.
    """
    with transaction.atomic():
        lock_library(user.pk)
        row = ListEntry.objects.select_related("media").get(user=user, media_id=media_id, removed_at=None)
        before = row.entry
        after = replace(before, **_clean(changes, row.media))
        names = before.changed(after)
        if names:
            stamps = restamp(stamps_from_json(row.stamps), names, _by_hand())
            store_entries(user.pk, {media_id: Stored(after, stamps)}, source="library")
            _tell(user, row.media, "update", before=_pick(before, names), after=_pick(after, names), source=source)
        return after


def create_entry(user: User, *, media_id: int, values: Mapping[str, Any], source: str = "person") -> Entry:
    """Put a media on the list. Raises InvalidEntry for bad values or when it is there, Media.DoesNotExist."""
    with transaction.atomic():
        lock_library(user.pk)
        media = Media.objects.get(pk=media_id)
        row = ListEntry.objects.filter(user=user, media=media).first()
        if row is not None and row.removed_at is None:
            raise InvalidEntry("media", "is on the list already")
        cleaned = _clean(values, media)
        if "status" not in cleaned:
            raise InvalidEntry("status", "is required")
        entry = Entry(**cleaned)
        store_entries(user.pk, {media_id: Stored(entry, {"*": _by_hand()})}, source="library")
        names = ("status", *Entry(entry.status).changed(entry))
        _tell(user, media, "create", before=None, after=_pick(entry, names), source=source)
        return entry


def remove_entry(user: User, *, media_id: int, source: str = "person") -> None:
    """Take a media off the list. A tombstone stays, so that the removal can travel and be undone.

    Raises ListEntry.DoesNotExist when it is not on the list.
    """
    with transaction.atomic():
        lock_library(user.pk)
        row = ListEntry.objects.select_related("media").get(user=user, media_id=media_id, removed_at=None)
        stored = Stored(row.entry, stamps_from_json(row.stamps), removed=True)
        store_entries(user.pk, {media_id: stored}, source="library")
        names = ("status", *Entry(row.entry.status).changed(row.entry))
        _tell(user, row.media, "remove", before=_pick(row.entry, names), after=None, source=source)


def _by_hand() -> Stamp:
    return Stamp(timezone.now().timestamp(), "library")


def _clean(values: Mapping[str, Any], media: Media) -> dict[str, Any]:
    cleaned = {name: clean_value(name, value) for name, value in values.items()}
    if media.kind == Kind.ANIME and cleaned.get("progress_volumes"):
        raise InvalidEntry("progress_volumes", "an anime has no volumes")
    return cleaned


def _pick(entry: Entry, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: to_json(name, getattr(entry, name)) for name in FIELDS if name in names}


def _tell(
    user: User,
    media: Media,
    action: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    source: str,
) -> None:
    edit = Edit(media.pk, media.kind, media.title, action, before, after, source)
    library_edited.send(sender=ListEntry, user=user, edits=[edit])
