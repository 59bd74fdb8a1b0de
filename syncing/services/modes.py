"""Directions of several services at once: "bidirectional", or from one service to another by way of the library."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from django.db import transaction

from integrations.models import Connection, Direction
from integrations.providers import registry
from integrations.services import options

if TYPE_CHECKING:
    from accounts.models import User

BETWEEN = "-to-"
ALL_OF_THEM = {
    "bidirectional": Direction.BIDIRECTIONAL,
    "both": Direction.BIDIRECTIONAL,
    "import-only": Direction.IMPORT_ONLY,
    "export-only": Direction.EXPORT_ONLY,
}


class ModeError(ValueError):
    """No such mode; the message says which there are."""


def directions_of(mode: str, *, slugs: Collection[str]) -> dict[str, Direction]:
    """{slug: direction}, the source before the target. Raises ModeError, UnknownProvider.

    mode: one of ALL_OF_THEM, which is for all `slugs`; or "A-to-B" by slugs or aliases, which is for these two.
    """
    word = mode.strip().lower().replace("_", "-")
    if word in ALL_OF_THEM:
        return dict.fromkeys(slugs, ALL_OF_THEM[word])
    source, between, target = word.partition(BETWEEN)
    if not between:
        known = ", ".join(ALL_OF_THEM)
        raise ModeError(f"{mode[:64]} is no mode; write {known}, or A-to-B with two services, like anilist-to-mal")
    pair = (registry.resolve(source), registry.resolve(target))
    if pair[0] == pair[1]:
        raise ModeError(f"{mode[:64]} names one service twice")
    return {pair[0]: Direction.IMPORT_ONLY, pair[1]: Direction.EXPORT_ONLY}


def set_directions(user: User, directions: Mapping[str, Direction]) -> list[Connection]:
    """Those that were changed; all or nothing. Raises Connection.DoesNotExist."""
    changed = []
    with transaction.atomic():
        # In one order, whoever asks: two that lock the same rows never wait for each other.
        for slug in sorted(directions):
            before = Connection.objects.filter(user=user, provider=slug).values_list("direction", flat=True).first()
            row = options.set_options(user, provider=slug, direction=str(directions[slug]))
            changed += [row] if row.direction != before else []
    return changed
