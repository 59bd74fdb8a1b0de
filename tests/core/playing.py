"""Playing a drawn history in a world, and asking whether a side shows what the library says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.capability import Totals
from library.entry import Entry
from library.stamps import Stamp, stamp_of
from syncing.core.compare import agrees, shows
from syncing.core.model import Canonical
from tests.core import strategies as draw
from tests.core.services import TOTAL, Side
from tests.core.world import AFTER_LIBRARY, Fault, World


def world_of(slugs: list[str], **options: Any) -> World:
    return World(*(draw.make_side(slug) for slug in slugs), **options)


def settled_world(slugs: list[str], entry: Entry, **options: Any) -> World:
    """Media 1 is in the library, not private, and was brought to every side."""
    world = world_of(slugs, **options)
    world.library[1] = Canonical(entry.with_(private=False), {"*": Stamp(1.0)})
    world.settle()
    return world


def fault_of(faults: Sequence[str]) -> Fault:
    """What befalls each step of a sweep, the library's commit first; nothing after the last."""
    numbered = dict(enumerate(faults, start=AFTER_LIBRARY))
    return lambda step: numbered.get(step, "")


def play(world: World, history: list[tuple[Any, ...]]) -> None:
    for verb, where, *rest in history:
        if verb == "sweep":
            world.sweep(where, fault_of(rest[0]), only=rest[1])
        elif verb == "remove":
            world.remove(where, rest[0])
        else:
            world.edit(where, rest[0], **rest[1])


def agree(side: Side, held: Entry, canonical: Canonical, name: str) -> bool:
    """True when the side shows the best it can of what the library says."""
    arguments = (
        name,
        getattr(held, name),
        getattr(canonical.entry, name),
        stamp_of(canonical.stamps, name),
        side.capability,
        Totals(TOTAL),
    )
    return agrees(*arguments) or shows(*arguments)


def disagreements(world: World) -> list[str]:
    """What a side shows otherwise than the library says it, in words; [] = everything agrees."""
    return [
        f"{side.slug}: media {media}: {name}: {getattr(held, name)} for {getattr(world.library[media].entry, name)}"
        for side in world.sides.values()
        for media, (held, _) in side.entries.items()
        for name in side.capability.fields
        if media in world.alive() and not agree(side, held, world.library[media], name)
    ]
