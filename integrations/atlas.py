"""What a provider that counts by shows needs to know and to remember, as protocols: no Django here.

A session carries them (`Session.atlas`, `Session.plays`); `integrations.services.atlases` fills them from the database,
tests from dictionaries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from library.episodes.model import Item, Place, Seasons, Target


class Atlas(Protocol):
    """Places and season tables, for one provider and one person (whose own maps win)."""

    def places_at(self, targets: Collection[Target]) -> list[Place]:
        """All places with a segment at one of these shows or films, by any site's id. No two of one work."""
        ...

    def places_for(self, slug: str, ids: Collection[str]) -> dict[str, Place]:
        """{id at the list service `slug`: place}, for those that have one. Flagged ones too."""
        ...

    def places_by_key(self, keys: Collection[str]) -> dict[str, Place]:
        """As `places_for`, by `Place.key`."""
        ...

    def external_ids(self, targets: Collection[Target]) -> dict[Target, str]:
        """What the provider calls these shows and films, as learnt before and still fresh; "" = it has none."""
        ...

    def learn_ids(self, found: Mapping[Target, str]) -> None:
        """Keep what the provider said; "" = it has none (asked again some day)."""
        ...

    def seasons(self, shows: Collection[str]) -> dict[str, Seasons]:
        """Fresh season tables by the provider's show ids; stale and unknown ones are left out."""
        ...

    def learn_seasons(self, table: Seasons) -> bool:
        """Keep a table. False when it was cut anew: a season that was known shrank or changed its numbers."""
        ...


class PlayBook(Protocol):
    """The plays that were sent for one connection and account. Everything it does is committed at once."""

    def sent(self, items: Collection[Item]) -> dict[Item, datetime | None]:
        """Of these, the ones that were sent: None = done; else a doubtful one, and when it was sent."""
        ...

    def book(self, items: Mapping[Item, datetime | None]) -> frozenset[Item]:
        """Write them down as doubtful, {item: watched_at or None}, before the call. The ones that are new: only these
        may be sent."""
        ...

    def confirm(self, items: Collection[Item]) -> None:
        """The service recorded them, or a read shows them."""
        ...

    def withdraw(self, items: Collection[Item]) -> None:
        """They surely were not recorded (the call had no effect, or a later read lacks them)."""
        ...
