"""Many edits of a person at once: all or nothing, in one transaction and one revision each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from library.entry import InvalidEntry
from library.models import ListEntry, Media
from library.queries import revision_of
from library.services import editing
from library.services.storing import lock_library

if TYPE_CHECKING:
    from accounts.models import User


class BadRow(ValueError):
    """at: which of the rows, from 0. field: of it. Nothing was changed."""

    def __init__(self, at: int, field: str, message: str) -> None:
        super().__init__(f"row {at}: {field} {message}")
        self.at, self.field, self.message = at, field, f"{message.rstrip('.')}."


@dataclass(slots=True)
class Done:
    """revision: the library's, afterwards."""

    created: int = 0
    changed: int = 0
    removed: int = 0
    revision: int = 0


def change_many(user: User, rows: Iterable[Mapping[str, Any]]) -> Done:
    """rows: {"media": id, "remove": bool, field: value, …}; of a work that is not on the list an entry is made, which
    needs a status. Raises BadRow."""
    done, seen = Done(), set[int]()
    with transaction.atomic():
        lock_library(user.pk)
        wanted = list(rows)
        present = set(
            ListEntry.objects.filter(
                user=user, media_id__in=[row["media"] for row in wanted], removed_at=None
            ).values_list("media_id", flat=True)
        )
        for at, row in enumerate(wanted):
            media_id = row["media"]
            if media_id in seen:
                raise BadRow(at, "media", "is named twice")
            seen.add(media_id)
            _change(user, row, at=at, is_there=media_id in present, done=done)
        done.revision = revision_of(user.pk)
    return done


def _change(user: User, row: Mapping[str, Any], *, at: int, is_there: bool, done: Done) -> None:
    media_id, values = row["media"], {name: value for name, value in row.items() if name not in ("media", "remove")}
    try:
        if row.get("remove"):
            if not is_there:
                raise BadRow(at, "media", "is not on the list")
            editing.remove_entry(user, media_id=media_id)
            done.removed += 1
        elif is_there:
            editing.edit_entry(user, media_id=media_id, changes=values)
            done.changed += 1
        else:
            editing.create_entry(user, media_id=media_id, values=values)
            done.created += 1
    except Media.DoesNotExist:
        raise BadRow(at, "media", "is no work that is known here") from None
    except InvalidEntry as error:
        raise BadRow(at, error.field, error.message) from error
