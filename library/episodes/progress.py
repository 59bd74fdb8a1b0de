"""Between an entry's progress and plays, both ways. Pure. id-mapping.md 5.4 and trakt.md 8, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Collection

from library.episodes.model import Item
from library.episodes.resolve import Resolved

UNBROKEN = "unbroken"
"""The run from episode 1 on."""
HIGHEST = "highest"
"""The last episode that was watched, whatever lies before it."""


def progress_of(resolved: Resolved, watched: Collection[Item], *, way: str = UNBROKEN) -> int:
    """Episodes of the entry that plays stand for; an episode counts when all that it is there was watched.

    Episodes that are nothing there are passed over, but only on the way to a later one that was watched.
    """
    progress = 0
    for episode, items in enumerate(resolved.items, start=1):
        if not items:
            continue
        if all(item in watched for item in items):
            progress = episode
        elif way == UNBROKEN:
            break
    return progress


def plays_for(resolved: Resolved, progress: int) -> tuple[Item, ...]:
    """What episodes 1..progress are there, once each, in the entry's order.

    What several episodes share is played with the last of them: played with the first, it would be read back as all.
    """
    later = {item for items in resolved.items[max(progress, 0) :] for item in items}
    return tuple(
        dict.fromkeys(item for items in resolved.items[: max(progress, 0)] for item in items if item not in later)
    )


def is_complete(resolved: Resolved, watched: Collection[Item]) -> bool:
    """True when the entry's end is known and there, and everything up to it that can be watched was watched."""
    if resolved.is_open or resolved.held or not resolved.items:
        return False
    return progress_of(resolved, watched) == len(resolved.items)
