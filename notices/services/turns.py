"""Few deliver at once, however many are asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.cache import cache
from redis import RedisError

TURNS = 2
"""At once, of all workers: each holds a thread that syncs need, however many people are told something."""
TURN_KEPT = 90
"""Seconds after which the turn of a worker that died is free again; longer than a turn with its last delivery."""


@contextmanager
def take_turn() -> Iterator[bool]:
    """Whether this is one of the TURNS that go on at once. While the cache is away everybody's is."""
    key = None
    try:
        keys = (f"notices:turn:{number}" for number in range(TURNS))
        key = next((key for key in keys if cache.add(key, 1, timeout=TURN_KEPT)), None)
        mine = key is not None
    except RedisError:
        mine = True
    try:
        yield mine
    finally:
        if key is not None:
            with suppress(RedisError):
                cache.delete(key)
